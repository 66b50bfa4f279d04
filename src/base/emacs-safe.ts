/**
 * JSON in which Emacs finds nothing to obey: it reads `-*- … -*-` in the first line and a `Local Variables:` section at the
 * end of any file, whatever its format. Both can only stand inside strings, where an escape means the same.
 */
export const emacsSafe = (json: string): string =>
  json.replaceAll('-*-', '-\\u002a-').replace(/(local) (variables:)/gi, '$1\\u0020$2')
