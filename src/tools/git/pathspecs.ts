/** The arguments of one program: Windows takes 32,767 characters in all, Linux 128 KiB each and some 2 MB in all. */
const MAX_CHARS = process.platform === 'win32' ? 20_000 : 200_000
/** git holds every file against every pathspec. */
const MAX_SPECS = 1_000

/**
 * Pathspecs for as many calls of git as it takes to show all of `here` but the hidden names: one that leaves those out, or,
 * where they are too many, several that name what is shown. Names count from the top of the work tree.
 */
export function pathspecsOf(here: string, shown: string[], hidden: string[]): string[][] {
  if (shown.length === 0) return []
  const without = hidden.map(exclude)
  if (fits(without)) return [[here, ...without]]
  const batches: string[][] = []
  let batch: string[] = []
  for (const name of shown.filter(isText)) {
    // A name may have been a directory before, and hold what is hidden.
    const below = hidden.filter(other => other.startsWith(`${name}/`)).map(exclude)
    const specs = [`:(top,literal)${name}`, ...below]
    if (batch.length > 0 && !fits([...batch, ...specs])) {
      batches.push(batch)
      batch = []
    }
    if (fits(specs)) batch.push(...specs)
  }
  return batch.length > 0 ? [...batches, batch] : batches
}

const fits = (specs: string[]): boolean =>
  specs.length <= MAX_SPECS && specs.reduce((sum, spec) => sum + Buffer.byteLength(spec) + 1, 0) <= MAX_CHARS

/** A name that is not UTF-8 has characters of which no argument can be made: whatever might be it is left out. */
const exclude = (name: string): string =>
  isText(name)
    ? `:(top,exclude,literal)${name}`
    : `:(top,exclude,glob)${name.replace(/[\\*?[\]]/g, '\\$&').replace(/\uFFFD+/g, '*')}`

const isText = (name: string): boolean => !name.includes('\uFFFD')
