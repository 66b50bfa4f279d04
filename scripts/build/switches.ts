/**
 * Two environment variables would make another program of ours: with `BUN_BE_BUN=1` it is the whole of Bun, and what
 * `BUN_OPTIONS` holds is put before our arguments (`--preload=FILE` runs a file, `--version` answers for Bun). They are meant
 * for another program, Emacs hands its environment on, and a project's `.envrc` may set them. Bun reads both before our code
 * runs and has no option against it, so their names are taken out of its executable: a name that begins with a NUL byte is
 * one no environment has.
 */
const SWITCHES = ['BUN_BE_BUN', 'BUN_OPTIONS']

/**
 * Takes the names out, in place. Only the first byte goes: linkers let shorter strings share the end of longer ones. Throws
 * Error where a name is not there exactly once as a string of its own: another Bun, to be looked at anew.
 */
export function disarmSwitches(executable: Buffer): void {
  for (const name of SWITCHES) {
    const text = Buffer.from(`\0${name}\0`)
    const at = executable.indexOf(text)
    if (at < 0 || executable.indexOf(text, at + 1) >= 0)
      throw new Error(`it does not hold the name ${name} exactly once`)
    executable[at + 1] = 0
  }
}
