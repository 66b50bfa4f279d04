/**
 * Variables of the environment that would make another program of ours. With `BUN_BE_BUN=1` it is the whole of Bun; what
 * `BUN_OPTIONS` holds is put before our arguments (`--preload=FILE` runs a file, `--version` answers for Bun); `BUN_INSPECT…`
 * opens a debugger, which runs whatever is sent to it; `BUN_BYTECODE_…_OUT` names files that are overwritten. They are meant
 * for another program, Emacs hands its environment on, and a project's `.envrc` may set them. Bun reads them before our code
 * runs and has no option against it, so their names are taken out of its executable: a name that begins with a NUL byte is
 * one no environment has.
 */
export const SWITCHES = [
  'BUN_BE_BUN',
  'BUN_OPTIONS',
  'BUN_INSPECT',
  'BUN_INSPECT_CONNECT_TO',
  'BUN_INSPECT_PRELOAD',
  'BUN_BYTECODE_ORDER_OUT',
  'BUN_BYTECODE_ORDER_NAMES_OUT',
  'BUN_BYTECODE_DIGEST_OUT',
]

/**
 * Takes the names out, in place. Only the first byte goes: linkers let shorter strings share the end of longer ones. Throws
 * Error where a name does not end with NUL exactly once: another Bun, to be looked at anew.
 */
export function disarmSwitches(executable: Buffer): void {
  for (const name of SWITCHES) {
    const text = Buffer.from(`${name}\0`)
    const at = executable.indexOf(text)
    if (at < 0 || executable.indexOf(text, at + 1) >= 0)
      throw new Error(`it does not hold the name ${name} exactly once`)
    executable[at] = 0
  }
}
