import { onAbort } from '../base/abort.ts'
import { hashOf } from '../base/files.ts'
import { cut } from '../base/text.ts'
import type { ToolError, ToolResult } from '../event.ts'
import type { Change, Output, ToolContext } from '../tools/tool.ts'
import type { Kept } from '../undo/keeper.ts'
import { type Prepared, toolError } from './call.ts'

export type Performed = {
  result: Pick<
    ToolResult,
    'status' | 'result' | 'error' | 'reason' | 'edited' | 'message' | 'execution_time_ms' | 'locations'
  >
  changes: Change[]
}

/** A call that had begun when a person rejected what came of it. `message` goes to the model, `reason` is theirs. */
export class Rejected extends Error {
  readonly reason: string | undefined

  constructor(message: string, reason: string | undefined) {
    super(message)
    this.reason = reason
  }
}

/** A tool that ignores the signal is left behind after this long: an interrupt takes less than a second. */
const GRACE_MS = 800

/**
 * Runs a prepared call. One of the four places where a failure becomes data: it never throws. What the call may change is
 * kept first (`keep`), and what it did change is known afterwards, also of one that failed or does not say so itself.
 */
export async function perform(
  prepared: Prepared,
  context: ToolContext,
  note = '',
  keep?: () => Promise<Kept>,
): Promise<Performed> {
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  let keeping: Promise<Kept> | undefined
  let kept: Kept | undefined
  try {
    keeping = keep?.()
    kept = keeping && (await settled(keeping, context.signal))
    context.signal.throwIfAborted()
    const { tool, params, effect } = prepared
    const work = tool.run(params, context, effect)
    const output = await (tool.settles ? work : settled(work, context.signal))
    const { content, metadata } = await finish(output, context)
    const execution_time_ms = elapsed()
    const { changes, ...unsure } = await settleKept(kept)
    return {
      result: {
        status: 'success',
        result: { content: note + content, metadata: { ...metadata, ...unsure } },
        ...(note && { edited: true }),
        message: summaryLine(content),
        execution_time_ms,
        ...(output.locations && { locations: output.locations }),
      },
      changes: output.changes?.length ? output.changes : changes,
    }
  } catch (error) {
    if (error instanceof Rejected && !context.signal.aborted) {
      const { message, reason } = error
      const rejected = { status: 'rejected' as const, message, ...(reason && { reason }), execution_time_ms: elapsed() }
      return { result: rejected, changes: [] }
    }
    const failure = context.signal.aborted ? interrupted() : toolError(error)
    const execution_time_ms = elapsed()
    // The turn does not wait for a large tree: what is kept too late is let go of again.
    if (!kept) keeping?.then(late => late.settle()).catch(() => {})
    // After an interrupt the turn only ends. What was changed is kept, and found by `changes`.
    const { changes } = await settleKept(kept)
    return {
      result: { status: 'error', error: failure, message: failure.message, execution_time_ms },
      changes: context.signal.aborted ? [] : changes,
    }
  }
}

/** What a call changed, and for its metadata what of that cannot be undone: all of it, where that could not be written down. */
async function settleKept(kept: Kept | undefined) {
  const aftermath = await kept?.settle().catch(() => ({ changes: [], not_undoable: ['.'] }))
  const { changes = [], not_undoable = [] } = aftermath ?? {}
  return { changes, ...(not_undoable.length > 0 && { undo: 'partial', not_undoable }) }
}

export const interrupted = (): ToolError => ({
  code: 'INTERRUPTED',
  message: 'Interrupted by the user; what the call had done until then stays done.',
  recoverable: true,
})

async function finish(output: Output, context: ToolContext) {
  const { limitOutput, MAX_RESULT_CHARS } = await import('../tools/output.ts')
  // Before it is cut, so that no half of a secret is left, and before it goes to a file.
  const whole = context.redactor?.value(output.content) ?? output.content
  const limit = async (spill: () => string | null) => limitOutput(whole, context.tool_call_id, spill())
  const isLong = whole.length > MAX_RESULT_CHARS
  // No room for the whole makes no failure of a call that has done its work: the model gets both ends of the result.
  const content = await limit(() => (isLong ? context.spillPath(context.tool_call_id) : null)).catch(() =>
    limit(() => null),
  )
  const images = output.images?.length ?? 0
  if (images > 0) await context.keepImages?.(output.images!)
  return { content, metadata: images > 0 ? { ...output.metadata, images } : output.metadata }
}

function settled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, () => setTimeout(() => reject(signal.reason), GRACE_MS).unref())
    work.then(resolve, reject).finally(off)
  })
}

const summaryLine = (content: string) => cut(content.trimStart().split('\n', 1)[0] ?? '', 200)

/** What `file.changed` has of each change. */
export async function fileChanges(
  changes: Change[],
  context: ToolContext,
  ids: { turn_id: string; tool_call_id: string },
) {
  if (changes.length === 0) return []
  const { relative } = await import('../tools/paths.ts')
  const { diffOf } = await import('../tools/files/change.ts')
  return Promise.all(
    changes.map(async change => ({
      type: 'file.changed' as const,
      ...ids,
      path: relative(change.path, context.roots),
      ...(change.from && { from: relative(change.from, context.roots) }),
      operation: change.operation,
      change: change.change ?? (change.before === null ? 'created' : change.after === null ? 'deleted' : 'modified'),
      ...(change.before && { before_hash: hashOf(change.before) }),
      ...(change.after && { after_hash: hashOf(change.after) }),
      ...(change.before || change.after ? { diff: await diffOf(change, context.roots) } : {}),
    })),
  )
}
