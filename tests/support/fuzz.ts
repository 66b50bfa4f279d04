/**
 * Where random tests of whole programs begin: the same inputs in every run, so that a change that is tested is what decides.
 * FUZZ_SEED begins elsewhere (`FUZZ_SEED=$RANDOM npm test`); what fails then names its seed.
 */
export const FUZZ_SEED = Number(process.env.FUZZ_SEED ?? 20261127)
