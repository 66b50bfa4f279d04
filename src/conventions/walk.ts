import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** `parts` are the names on the way from where the walk began, the file's own included. */
export type Found = { path: string; real: string; parts: string[] }
export type Bounds = {
  /** How many directories deep. */
  depth: number
  /** Why a directory that a link leads to may not be walked; null when it may. By its real path. */
  admits(real: string): string | null
  refused(path: string, why: string): void
  /** Real paths that were found before; what is found is added. */
  seen?: Set<string>
}

/** Whatever links there are, a walk looks at no more names than this. */
const MOST_NAMES = 5000

/**
 * The files below a directory, in the order of their names, links followed. A file or a directory that several links lead to
 * is found once. Hidden ones and `node_modules` are passed over.
 */
export async function filesBelow(root: string, { depth, admits, refused, seen = new Set() }: Bounds): Promise<Found[]> {
  const found: Found[] = []
  let names = 0
  const enter = async (directory: string, parts: string[]): Promise<void> => {
    const real = await realpath(directory).catch(() => null)
    if (real === null || seen.has(real)) return
    seen.add(real)
    const why = admits(real)
    if (why !== null) return refused(directory, why)
    for (const name of await namesIn(directory)) {
      if (++names > MOST_NAMES) return
      const path = join(directory, name)
      const kind = await kindOf(path)
      if (kind === 'directory' && name !== 'node_modules' && parts.length < depth) await enter(path, [...parts, name])
      if (kind !== 'file') continue
      const real = await realpath(path).catch(() => path)
      if (!seen.has(real)) found.push({ path, real, parts: [...parts, name] })
      seen.add(real)
    }
  }
  await enter(root, [])
  return found
}

/** Names in a directory, sorted, without hidden ones; none where there is no such directory. */
const namesIn = (directory: string): Promise<string[]> =>
  readdir(directory).then(
    names => names.filter(name => !name.startsWith('.')).sort(),
    () => [], // absent, or not ours to see
  )

/** What a path is, links followed. */
const kindOf = (path: string): Promise<'file' | 'directory' | null> =>
  stat(path).then(
    info => (info.isFile() ? 'file' : info.isDirectory() ? 'directory' : null),
    () => null, // it has gone, or leads nowhere
  )
