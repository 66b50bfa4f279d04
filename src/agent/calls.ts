import type { Event, Message, ToolCall } from '../event.ts'
import type { Foreseen } from '../undo/keeper.ts'
import { type BlockedCall, isBlocked, type Prepared, prepare } from './call.ts'
import { type Channel, createChannel } from './channel.ts'
import { fileChanges, perform } from './perform.ts'
import { failed, rejected, result, stopped, withErrors, withNotes } from './results.ts'
import { state, type Turn } from './turn.ts'

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
  /** What is proposed is reviewed before a call that needs it on the disk. */
  async function* reviewed(): AsyncGenerator<Event, 'done' | 'timeout'> {
    yield* runTogether(turn, batch, signal)
    batch = []
    signal.throwIfAborted()
    const { review } = await import('./review.ts')
    return (yield* review(turn, signal)) === 'timeout' ? 'timeout' : 'done'
  }
  function* nobody(): Generator<Event, 'timeout'> {
    for (const call of waiting.splice(0))
      yield result(turn, call, rejected({ message: 'Nobody decided in time, so the turn ended.' }))
    return 'timeout'
  }
  try {
    while (waiting.length > 0) {
      if (needsDisk(waiting[0]!, turn) && (yield* reviewed()) === 'timeout') return yield* nobody()
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
      const way = isBlocked(looked) ? 'refuse' : await wayOf(looked, turn)
      if (way === 'review first') {
        if ((yield* reviewed()) === 'timeout') return yield* nobody()
        continue // looked at anew: the disk is another
      }
      waiting.shift()
      if (isBlocked(looked)) yield* refuse(turn, looked)
      else if (way === 'propose') yield* (await import('./review.ts')).propose(turn, looked, turn.place.proposals!)
      else {
        const alone =
          way === 'ask' ? await (await import('./review.ts')).askedAlone(looked, turn.place, signal) : looked
        if ((yield* runAlone(turn, alone, signal)) === 'timeout') return yield* nobody()
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

/** Whether edits wait for a review that this call cannot see. */
const needsDisk = ({ tool }: ToolCall, { place }: Turn): boolean =>
  place.proposals !== undefined && place.proposals.calls.length > 0 && place.find(tool)?.proposals === undefined

/** Where edits are reviewed: whether this one waits for that, or can only run after it. */
async function wayOf(looked: Prepared, { place }: Turn): Promise<'propose' | 'review first' | 'ask' | 'run'> {
  if (looked.tool.proposals !== 'makes' || !place.proposals) return 'run'
  const isReviewed = place.reviews?.() === true
  if (place.proposals.calls.length === 0 && !isReviewed) return 'run'
  const { collides, isProposed } = await import('./review.ts')
  if (isReviewed && isProposed(looked, place)) return 'propose'
  return collides(looked, place) ? 'review first' : isReviewed ? 'ask' : 'run'
}

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

export async function* runAlone(
  turn: Turn,
  looked: Prepared,
  signal: AbortSignal,
): AsyncGenerator<Event, 'done' | 'timeout'> {
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

export function* refuse(turn: Turn, refused: BlockedCall): Generator<Event> {
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
