import { readdir, stat } from 'node:fs/promises'
import type { ConfigProblem } from '../config/problem.ts'
import { isInside } from '../tools/paths.ts'
import { isSensitive } from '../tools/permission/sensitive.ts'
import { type Place, userDirectories } from './places.ts'

/** Conventions of one kind: those that hold, and those that do not with the `problem` that says why. */
export type Listing<T> = { entries: (T & { problem?: string })[]; problems: ConfigProblem[] }

/** Names in a directory, sorted; none where there is no such directory. */
export const namesIn = (directory: string): Promise<string[]> =>
  readdir(directory).then(
    names => names.filter(name => !name.startsWith('.')).sort(),
    () => [], // absent, or not ours to see
  )

/** What a path is, links followed. */
export const kindOf = (path: string): Promise<'file' | 'directory' | null> =>
  stat(path).then(
    info => (info.isFile() ? 'file' : info.isDirectory() ? 'directory' : null),
    () => null, // it has gone, or leads nowhere
  )

/** Why a file that the repository has may not be read; null when it may. A person's own may be a link to anywhere. */
export function strayLink(real: string, place: Place): string | null {
  const home = [place.root, ...userDirectories(place)].find(directory => isInside(real, directory))
  if (home === undefined) return 'is a link that leads out of the repository'
  return isSensitive(real.slice(home.length + 1)) ? 'is closed to tools' : null
}

/** Of several with one name the first one holds; the others say which. */
export function oneOfEach<T extends { name: string; path: string }>(
  entries: (T & { problem?: string })[],
): (T & { problem?: string })[] {
  const first = new Map<string, T>()
  return entries.map(entry => {
    if (entry.problem !== undefined) return entry
    const holder = first.get(entry.name)
    if (!holder) first.set(entry.name, entry)
    return holder ? { ...entry, problem: `${holder.path} has the same name and comes first` } : entry
  })
}
