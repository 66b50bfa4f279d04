import { newId } from '../base/ids.ts'
import type { Delegated, ToolCallAnnounced, ToolResult } from '../event.ts'
import type { OnHost } from '../tools/host/host.ts'
import type { Change } from '../tools/tool.ts'
import type { Prepared } from './call.ts'

/** The tool by which the review of proposed edits is announced; no model is offered it. */
export const REVIEW = 'review_edits'

/**
 * Edits of one turn that wait for one review of them all (`review_edits`). The disk has nothing of them; reads and edits of the
 * same turn see them. They are in memory alone: the end of the process drops them.
 */
export type Proposals = {
  /** What each file would hold, by real path; null is a new directory. */
  readonly texts: ReadonlyMap<string, Uint8Array | null>
  /** The calls that proposed it, in order. */
  readonly calls: readonly Prepared[]
  /** Takes over the change of a call. */
  add(prepared: Prepared, change: Change): void
  /** As things are on the machine of these files now. */
  net(on: OnHost): Promise<Net>
  clear(): void
}

/** One change a file, as it would be made to the disk now, and what cannot be made any more. Paths are real ones. */
export type Net = {
  changes: Change[]
  left_out: { path: string; reason: string }[]
  /** Where somebody else changed other lines of the file meanwhile. */
  merged: ReadonlySet<string>
}

/** `base` is what stood on the disk when the file was first proposed. Null on both sides: a directory. */
type Proposed = Pick<Change, 'path' | 'operation' | 'after'> & { base: Uint8Array | null }

export function createProposals(): Proposals {
  const files = new Map<string, Proposed>()
  const texts = new Map<string, Uint8Array | null>()
  const calls: Prepared[] = []
  return {
    texts,
    calls,
    add(prepared, { path, before, after, ...change }) {
      const earlier = files.get(path)
      const operation = earlier?.operation === 'write' ? 'write' : change.operation
      files.set(path, { path, operation, base: earlier ? earlier.base : before, after })
      texts.set(path, after)
      // Its texts are in `files`, once a file.
      const { changes: _, formatted: __, ...effect } = prepared.effect
      calls.push({ ...prepared, effect })
    },
    async net(on) {
      const net = { changes: [] as Change[], left_out: [] as Net['left_out'], merged: new Set<string>() }
      for (const file of files.values()) {
        const made = await changeOf(file, on)
        if (made === undefined) continue
        if (typeof made === 'string') {
          net.left_out.push({ path: file.path, reason: made })
          continue
        }
        net.changes.push(made.change)
        if (made.merged) net.merged.add(file.path)
      }
      return net
    },
    clear() {
      files.clear()
      texts.clear()
      calls.length = 0
    },
  }
}

/** The change that makes of the file what was proposed; undefined where it is that already, a reason where it cannot be made. */
async function changeOf(
  { path, operation, base, after }: Proposed,
  on: OnHost,
): Promise<{ change: Change; merged: boolean } | string | undefined> {
  const [{ bytesAt }, { sameBytes }] = await Promise.all([
    import('../tools/files/change.ts'),
    import('../tools/text.ts'),
  ])
  if (operation === 'create') {
    const { absent, hostOf } = await import('../tools/host/local.ts')
    const { files } = hostOf(on)
    const found = await files.stat(path).catch(absent)
    if (found) return found.isDirectory() ? undefined : 'somebody else created a file there meanwhile'
    return { change: { path, operation, before: null, after: null }, merged: false }
  }
  const now = await bytesAt(path, on).catch(() => undefined)
  if (now === undefined) return 'it cannot be read any more'
  if (sameBytes(now, after) || sameBytes(base, after)) return undefined
  if (sameBytes(now, base)) return { change: { path, operation, before: now, after }, merged: false }
  if (base === null) return 'somebody else created it meanwhile'
  if (now === null || after === null) return 'it was deleted meanwhile'
  const { merge } = await import('../undo/merge.ts')
  const merged = merge(base, now, after)
  if ('conflict' in merged) return 'somebody else changed the same lines meanwhile'
  return { change: { path, operation, before: now, after: merged.bytes }, merged: true }
}

/** What stands in the log for proposed edits that nobody reviewed: none of them was written. */
export function unreviewed(turn_id: string, calls: string[], by: Delegated = {}): [ToolCallAnnounced, ToolResult] {
  const call = { turn_id, tool_call_id: newId('tc'), ...by, tool: REVIEW }
  const message = 'The turn ended before the user had reviewed the edits that were proposed: none of them was written.'
  return [
    {
      type: 'tool.call',
      ...call,
      category: 'filesystem',
      params: { calls },
      requires_approval: false,
      reason: 'Drop the edits that were proposed',
    },
    {
      type: 'tool.result',
      ...call,
      status: 'error',
      error: { code: 'INTERRUPTED', message, recoverable: true },
      message,
      execution_time_ms: 0,
    },
  ]
}
