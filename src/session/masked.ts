import type { Hunk } from '../undo/hunks.ts'
import type { NetChange } from '../undo/outcome.ts'

/** Hunks as a client was shown them, with secrets masked, as they are in the files. */
export function unmaskedHunks(
  hunks: readonly Hunk[],
  changes: readonly NetChange[],
  mask: (text: string) => string,
): Hunk[] {
  const bodies = (path: string) =>
    changes
      .filter(change => change.path === path)
      .flatMap(({ diff = '' }) => diff.split(/^@@ .*\n/m).slice(1))
      .map(body => body.trimEnd())
  return hunks.map(({ path, diff }) => {
    let whole = diff
    for (const body of bodies(path)) {
      const masked = mask(body)
      if (masked !== body) whole = whole.replace(masked, () => body)
    }
    return { path, diff: whole }
  })
}
