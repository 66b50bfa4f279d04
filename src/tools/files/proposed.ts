import { join, relative as relativeTo, sep } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Sight } from '../host/host.ts'
import { hostOf } from '../host/local.ts'
import { isInside, relative } from '../paths.ts'
import { decodeText, openText } from '../text.ts'
import type { ToolContext } from '../tool.ts'

/*
 * Edits that wait for a review (`review_edits`) are not on the disk. Tools that see them read files by this.
 */

type Texts = Pick<ToolContext, 'proposed' | 'unsaved'>

/** The text of a file that reads see in place of the disk: the proposed one, else what an editor has not saved. */
export function shownText(path: string, { proposed, unsaved }: Texts): string | undefined {
  const bytes = proposed?.get(path)
  return bytes ? (openText(bytes)?.text ?? decodeText(bytes)) : unsaved.get(path)
}

export const isShown = (path: string, { proposed, unsaved }: Texts): boolean =>
  proposed?.has(path) === true || unsaved.has(path)

/** All files that have such a text, in order. */
export const shownPaths = ({ proposed, unsaved }: Texts): string[] =>
  [...new Set([...unsaved.keys(), ...(proposed?.keys() ?? [])])].sort()

/** Proposed files in a directory, however deep; in order. */
export const proposedIn = (directory: string, { proposed }: Pick<Texts, 'proposed'>): string[] =>
  [...(proposed?.keys() ?? [])].filter(path => path !== directory && isInside(path, directory)).sort()

/** Proposed files and their directories, at most so many levels below `directory`. */
export function proposedEntries(directory: string, depth: number, context: Pick<Texts, 'proposed'>): Set<string> {
  const entries = new Set<string>()
  for (const path of proposedIn(directory, context)) {
    const parts = relativeTo(directory, path).split(sep)
    for (let level = 1; level <= Math.min(depth, parts.length); level++)
      entries.add(join(directory, ...parts.slice(0, level)))
  }
  return entries
}

/** What a list shows of a path, where this is on the disk. */
export function shownSight(path: string, sight: Sight | null, context: Pick<Texts, 'proposed'>): Sight | null {
  const bytes = context.proposed?.get(path)
  if (bytes) return { kind: 'file', size: bytes.length, target: null }
  return sight ?? (proposedIn(path, context).length > 0 ? { kind: 'directory', size: 0, target: null } : null)
}

/** What is at a path, on the disk or proposed. Throws as stat(2) does. */
export async function placeAt(
  path: string,
  context: Pick<ToolContext, 'proposed' | 'roots'>,
): Promise<{ isFile(): boolean; isDirectory(): boolean }> {
  try {
    return await hostOf(context.roots).files.stat(path)
  } catch (error) {
    const isFile = context.proposed?.has(path) === true
    const isDirectory = proposedIn(path, context).length > 0
    if (!isFile && !isDirectory) throw error
    return { isFile: () => isFile, isDirectory: () => isDirectory }
  }
}

/** Throws TOOL_FAILED for a file where a directory is proposed, or the other way round: not both could be written. */
export function refuseAmongProposed(path: string, context: Pick<ToolContext, 'proposed' | 'roots'>): void {
  const [below] = proposedIn(path, context)
  const above = [...(context.proposed?.keys() ?? [])].find(file => file !== path && isInside(path, file))
  const fault = below
    ? `${relative(path, context.roots)} is a directory`
    : above && `${relative(above, context.roots)} is a file`
  if (fault) throw new AppError('TOOL_FAILED', `${fault} by what was proposed.`)
}
