import type { ConfigProblem } from '../config/problem.ts'
import { type FrontMatter, isProblem, readFrontMatter } from './front-matter.ts'
import { strayLink } from './listing.ts'
import type { Origin, Place } from './places.ts'
import { isRefused, readText } from './text-file.ts'

/** A file with front matter, by its real path, and the way to report what is wrong in it. */
export type MatterFile = { path: string; matter: FrontMatter; problem: Report }
/** Adds a problem of the file; returns null, for a reader that gives the file up with it. */
export type Report = (line: number, key: string, message: string) => null

export const reporter =
  (file: string, problems: ConfigProblem[]): Report =>
  (line, key, message) => {
    problems.push({ file, line, key, message })
    return null
  }

/**
 * Reads a file of up to `most` bytes that a person or a project keeps for agents. Null when there is none, or when it cannot be
 * used, which is then in `problems`: a project's link out of the repository, no UTF-8, too large, or broken front matter.
 */
export async function readMatterFile(
  path: string,
  { most, origin, place }: { most: number; origin: Origin; place: Place },
  problems: ConfigProblem[],
): Promise<MatterFile | null> {
  const problem = reporter(path, problems)
  const read = await readText(path, most, real => (origin === 'project' ? strayLink(real, place) : null))
  if (read === null) return null
  if (isRefused(read)) return problem(1, '', read.refusal)
  if (!read.isWhole) return problem(1, '', `is larger than ${most / 1024} KiB`)
  const matter = await readFrontMatter(read.text, path)
  if (!isProblem(matter)) return { path: read.path, matter, problem }
  problems.push(matter)
  return null
}
