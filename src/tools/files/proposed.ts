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
  [...new Set([...unsaved.keys(), ...filesOf(proposed)])].sort()

const filesOf = (proposed: Texts['proposed']): string[] =>
  [...(proposed ?? [])].flatMap(([path, bytes]) => (bytes ? [path] : []))

const below = (paths: Iterable<string>, directory: string): string[] =>
  [...paths].filter(path => path !== directory && isInside(path, directory)).sort()

/** Proposed files in a directory, however deep; in order. */
export const proposedFiles = (directory: string, { proposed }: Pick<Texts, 'proposed'>): string[] =>
  below(filesOf(proposed), directory)

/** Whether there is such a directory by what is proposed: itself, or something in it. */
export const isProposedDirectory = (path: string, { proposed }: Pick<Texts, 'proposed'>): boolean =>
  proposed?.get(path) === null || below(proposed?.keys() ?? [], path).length > 0

/** What is proposed, and the directories it is in, at most so many levels below `directory`. */
export function proposedEntries(directory: string, depth: number, context: Pick<Texts, 'proposed'>): Set<string> {
  const entries = new Set<string>()
  for (const path of below(context.proposed?.keys() ?? [], directory)) {
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
  return sight ?? (isProposedDirectory(path, context) ? { kind: 'directory', size: 0, target: null } : null)
}

/** What is at a path, on the disk or proposed. Throws as stat(2) does. */
export async function placeAt(
  path: string,
  context: Pick<ToolContext, 'proposed' | 'roots'>,
): Promise<{ isFile(): boolean; isDirectory(): boolean }> {
  try {
    return await hostOf(context.roots).files.stat(path)
  } catch (error) {
    const isFile = (context.proposed?.get(path) ?? null) !== null
    const isDirectory = isProposedDirectory(path, context)
    if (!isFile && !isDirectory) throw error
    return { isFile: () => isFile, isDirectory: () => isDirectory }
  }
}

/** Throws TOOL_FAILED for a file where a directory is proposed, or the other way round: not both could be written. */
export function refuseAmongProposed(
  path: string,
  kind: 'file' | 'directory',
  context: Pick<ToolContext, 'proposed' | 'roots'>,
): void {
  const file = filesOf(context.proposed).find(file => (kind === 'directory' || file !== path) && isInside(path, file))
  const fault = file
    ? `${relative(file, context.roots)} is a file`
    : kind === 'file' && isProposedDirectory(path, context) && `${relative(path, context.roots)} is a directory`
  if (fault) throw new AppError('TOOL_FAILED', `${fault} by what was proposed.`)
}
