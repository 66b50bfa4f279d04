import type { ConfigProblem } from '../config/problem.ts'
import { isInside } from '../tools/paths.ts'
import { isSensitive } from '../tools/permission/sensitive.ts'
import { directoriesOf, type Kind, type Origin, type Place, userDirectories } from './places.ts'
import { type Found, filesBelow } from './walk.ts'

/** Conventions of one kind: those that hold, and those that do not with the `problem` that says why. */
export type Listing<T> = { entries: (T & { problem?: string })[]; problems: ConfigProblem[] }

/** Why a file that the repository has may not be read; null when it may. A person's own may be a link to anywhere. */
export function strayLink(real: string, place: Place): string | null {
  const home = [place.root, ...userDirectories(place)].find(directory => isInside(real, directory))
  if (home === undefined) return 'is a link that leads out of the repository'
  return isSensitive(real.slice(home.length + 1)) ? 'is closed to tools' : null
}

/** The files of a kind of convention, strongest first, each once. What may not be walked is a problem. */
export async function filesOf(kind: Kind, place: Place, depth: number, problems: ConfigProblem[]) {
  const files: (Found & { origin: Origin })[] = []
  const seen = new Set<string>()
  for (const { directory, origin } of directoriesOf(kind, place)) {
    const found = await filesBelow(directory, {
      depth,
      admits: real => (origin === 'project' ? strayLink(real, place) : null),
      refused: (file, message) => problems.push({ file, line: 1, key: '', message }),
      seen,
    })
    files.push(...found.map(file => ({ ...file, origin })))
  }
  return files
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
