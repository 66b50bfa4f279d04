import { isAbsolute, resolve } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { Stored } from '../event.ts'
import { relative } from '../tools/paths.ts'
import type { Roots } from '../tools/tool.ts'
import type { History, Link } from './chain.ts'
import type { UndoRequest } from './outcome.ts'
import { isDirectory } from './state.ts'

/** `path` is `directory` or lies below it; both as events have them. */
export const isBelow = (path: string, directory: string): boolean =>
  directory === '.' || path === directory || path.startsWith(`${directory}/`)

/** A path as somebody wrote it, as events have it. */
export const shownPath = (written: string, roots: Roots): string => {
  const path = relative(resolve(roots.project, written), roots)
  return isAbsolute(path) && written === '.' ? '.' : path
}

/**
 * The changes that count and were asked for. Throws NOT_FOUND for an unknown turn, INVALID_TOOL_CALL for an unknown call.
 * With paths, the directories above them that were made or removed with them are chosen too.
 */
export function choose(
  { turn_id, tool_call_id, paths, hunks }: UndoRequest,
  { links }: History,
  events: readonly Stored[],
  roots: Roots,
): Set<Link> {
  if (turn_id && !events.some(event => 'turn_id' in event && event.turn_id === turn_id))
    throw new AppError('NOT_FOUND', 'There is no such turn in this session.')
  if (tool_call_id && !events.some(event => 'tool_call_id' in event && event.tool_call_id === tool_call_id))
    throw new AppError('INVALID_TOOL_CALL', 'There is no such call in this session.')
  const own = links.filter(
    link => (!turn_id || link.turn_id === turn_id) && (!tool_call_id || link.step === tool_call_id),
  )
  const wanted = [...(paths ?? []), ...(hunks ?? []).map(({ path }) => path)].map(path => shownPath(path, roots))
  if (wanted.length === 0) return new Set(own)
  const files = own.filter(link => wanted.some(path => isBelow(link.entry.path, path)))
  const above = own.filter(
    ({ entry }) => isDirectory(entry.before ?? entry.after) && files.some(file => isBelow(file.entry.path, entry.path)),
  )
  return new Set([...files, ...above])
}
