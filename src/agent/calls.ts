import type { Event, Message, ToolCall, ToolResult } from '../event.ts'
import type { Foreseen } from '../undo/keeper.ts'
import { type BlockedCall, isBlocked, type Prepared, prepare, type Report } from './call.ts'
import { type Channel, createChannel } from './channel.ts'
import { fileChanges, interrupted, type Performed, perform } from './perform.ts'
import { type Decision, state, type Turn } from './turn.ts'

/**
 * Runs the calls of one message. Consecutive reads that need no approval run together, as do
 * consecutive calls that delegate; everything else runs alone, and is
 * looked at only when its turn comes, since the calls before it may have changed what it sees. On an interrupt every call
 * that is still open gets an error result, so that the history stays one that providers accept.
 */
export async function* runCalls(
  turn: Turn,
  message: Pick<Message, 'tool_calls' | 'provider_data'>,
  signal: AbortSignal,
): AsyncGenerator<Event, 'done' | 'timeout'> {
  const waiting = [...message.tool_calls]
  let batch: Prepared[] = []
  try {
    while (waiting.length > 0) {
      const looked = await prepare(waiting[0]!, turn.place, signal, rawArguments(message, waiting[0]!))
      if (!isBlocked(looked) && runsTogether(looked)) {
        if (batch[0] && batch[0].tool.settles !== looked.tool.settles) {
          yield* runTogether(turn, batch, signal)
          signal.throwIfAborted()
          batch = []
        }
        batch.push(looked)
        waiting.shift()
        continue
      }
      yield* runTogether(turn, batch, signal)
      batch = []
      signal.throwIfAborted()
      waiting.shift()
      if (isBlocked(looked)) yield* refuse(turn, looked)
      else if ((yield* runAlone(turn, looked, signal)) === 'timeout') {
        for (const call of waiting)
          yield result(turn, call, rejected({ message: 'Nobody decided in time, so the turn ended.' }))
        return 'timeout'
      }
      signal.throwIfAborted()
    }
    yield* runTogether(turn, batch, signal)
    batch = []
    signal.throwIfAborted()
    return 'done'
  } catch (error) {
    // Whatever stopped us, no call may stay without its result.
    for (const call of [...batch.map(prepared => prepared.call), ...waiting]) yield result(turn, call, stopped())
    throw error
  }
}

const runsTogether = (prepared: Prepared) => prepared.effect.level === 'read' && prepared.verdict.decision === 'allow'

const rawArguments = (message: Pick<Message, 'provider_data'>, call: ToolCall): string | undefined =>
  (message.provider_data?.raw_arguments as Record<string, string> | undefined)?.[call.tool_call_id]

async function* runTogether(turn: Turn, batch: Prepared[], signal: AbortSignal): AsyncGenerator<Event> {
  if (batch.length === 0) return
  const calls = batch.splice(0) // from here on each of them gets its result from `run`
  for (const prepared of calls) yield toolCallEvent(turn.turn_id, prepared, false)
  yield state(turn, 'tool_execution', { details: calls.map(p => p.call.tool).join(', ') })
  const channel = createChannel<Event>()
  void Promise.all(calls.map(prepared => run(turn, prepared, channel, signal))).finally(channel.close)
  yield* channel
}

async function* runAlone(turn: Turn, looked: Prepared, signal: AbortSignal): AsyncGenerator<Event, 'done' | 'timeout'> {
  const asks = looked.verdict.decision === 'ask'
  const { tool_call_id } = looked.call
  let prepared = looked
  let note: string | undefined
  turn.place.checks?.begin(looked.effect.changes ?? [])
  if (asks) {
    const decided = turn.ask(looked, signal) // registered before it is announced: a fast client answers at once
    decided.catch(() => {}) // awaited below; an abort while announcing must not count as unhandled
    yield toolCallEvent(turn.turn_id, looked, true, turn.expiresAt())
    yield state(turn, 'waiting_approval', { tool_call_id })
    try {
      const decision = await decided
      if (decision.decision !== 'approved') {
        yield result(turn, looked.call, rejected(decision))
        return decision.decision === 'timeout' ? 'timeout' : 'done'
      }
      prepared = { ...decision.prepared, notes: looked.notes }
      note = decision.note
    } catch (error) {
      yield result(turn, looked.call, stopped())
      throw error
    }
  } else yield toolCallEvent(turn.turn_id, looked, false)

  yield state(turn, 'tool_execution', { tool_call_id })
  const channel = createChannel<Event>()
  // What may change something is on record before it starts.
  void (prepared.effect.level === 'read' ? Promise.resolve() : turn.sync())
    .then(() => run(turn, prepared, channel, signal, note))
    .catch(error => channel.push(result(turn, looked.call, failed(error))))
    .finally(channel.close)
  yield* channel
  return 'done'
}

async function run(turn: Turn, prepared: Prepared, channel: Channel<Event>, signal: AbortSignal, note?: string) {
  const { call } = prepared
  const context = turn.place.context(call.tool_call_id, signal, channel.push)
  const { keeper, hooks, checks } = turn.place
  const writing = { tool: prepared.tool.name, category: prepared.tool.category, effect: prepared.effect, context }
  const ids = { turn_id: turn.turn_id, tool_call_id: call.tool_call_id }
  const keep = keeper && prepared.effect.level !== 'read' ? () => keeper.keep(writing, ids) : undefined
  const performed = await perform(prepared, context, note, keep)
  const changed = await fileChanges(performed.changes, context, ids)
  const since = signal.aborted ? undefined : await checks?.after(performed.changes, context, signal)
  const late = performed.result.result && !signal.aborted ? await checks?.late(context) : undefined
  const wrong = [late, since].filter(report => report !== undefined)
  const heard = signal.aborted ? [] : ((await hooks?.after(prepared, performed.result, changed, signal)) ?? [])
  channel.push(
    result(turn, call, withNotes(withErrors(performed.result, wrong), [...(prepared.notes ?? []), ...heard])),
  )
  await turn.place.touched(prepared)
  for (const event of changed) channel.push(event)
}

/** Errors that checkers found. */
function withErrors(outcome: Performed['result'], wrong: readonly Report[]): Performed['result'] {
  const { result: body } = outcome
  if (wrong.length === 0 || !body) return outcome
  const diagnostics = wrong.flatMap(report => report.diagnostics)
  const content = body.content + wrong.map(({ text }) => `\n[${text}]`).join('')
  return { ...outcome, result: { ...body, content, metadata: { ...body.metadata, diagnostics } } }
}

/** Notes stand behind the result, for the model. */
function withNotes(outcome: Performed['result'], notes: string[]): Performed['result'] {
  if (notes.length === 0) return outcome
  const behind = notes.map(note => `\n[${note}]`).join('')
  const { result: body, error } = outcome
  return {
    ...outcome,
    ...(body && { result: { ...body, content: body.content + behind } }),
    ...(error && { error: { ...error, message: error.message + behind }, message: outcome.message + behind }),
  }
}

function* refuse(turn: Turn, refused: BlockedCall): Generator<Event> {
  const { call, category, error } = refused
  const [reason = ''] = error.message.split('\n', 1)
  yield { type: 'tool.call', turn_id: turn.turn_id, ...call, category, requires_approval: false, reason }
  yield result(turn, call, { status: 'error', error, message: error.message, execution_time_ms: 0 })
}

/** The announcement of a call; a pending approval shows the same again when its preview went stale. */
export function toolCallEvent(turn_id: string, prepared: Prepared, requires_approval: boolean, expires_at?: string) {
  const { call, tool, effect, verdict, preview, remember, foreseen } = prepared
  const danger = verdict.danger ?? effect.danger
  return {
    type: 'tool.call' as const,
    turn_id,
    ...call,
    category: tool.category,
    requires_approval,
    ...(danger && { danger }),
    // That nothing allows it goes without saying; a rule that wants it asked is worth naming.
    reason: [
      effect.reason,
      requires_approval && verdict.by !== 'default' && verdict.reason,
      requires_approval && verdict.warning,
      cannotUndo(foreseen),
    ]
      .filter(Boolean)
      .join('. '),
    ...(foreseen?.undo && { undo: foreseen.undo }),
    ...(effect.sandbox && { sandbox: effect.sandbox }),
    ...(requires_approval && preview && { preview }),
    ...(requires_approval && remember && { remember }),
    ...(effect.locations && { locations: effect.locations }),
    ...(expires_at && { expires_at }),
  }
}

const cannotUndo = (foreseen: Foreseen | undefined): string | undefined =>
  foreseen && foreseen.names.length > 0 ? `Cannot be undone there: ${foreseen.names.join(', ')}` : undefined

const result = (turn: Turn, call: ToolCall, outcome: Performed['result']): ToolResult => ({
  type: 'tool.result',
  turn_id: turn.turn_id,
  tool_call_id: call.tool_call_id,
  tool: call.tool,
  ...outcome,
})

const REJECTED = 'The user rejected this call and gave no reason. Ask what they would prefer, or go on without it.'

const rejected = ({ message = REJECTED, reason }: Pick<Decision, 'message' | 'reason'>): Performed['result'] => ({
  status: 'rejected',
  message,
  ...(reason && { reason }),
  execution_time_ms: 0,
})

const stopped = (): Performed['result'] => ({
  status: 'error',
  error: interrupted(),
  message: interrupted().message,
  execution_time_ms: 0,
})

const failed = (error: unknown): Performed['result'] => {
  const message = `The call did not start: ${error instanceof Error ? error.message : String(error)}`
  return { status: 'error', error: { code: 'TOOL_FAILED', message, recoverable: true }, message, execution_time_ms: 0 }
}
