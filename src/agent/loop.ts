import { AppError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { addUsage, usageIn } from '../base/usage.ts'
import type { Event, Stored, TurnEnd } from '../event.ts'
import { runCalls } from './calls.ts'
import { createFutility } from './futile.ts'
import { unreviewed } from './proposals.ts'
import { refine } from './refinement.ts'
import type { Reviewed } from './review.ts'
import { think } from './think.ts'
import { state, type Turn } from './turn.ts'

/*
 * A turn: the model is called with the history of the log; the calls of its message run, and their results join the history;
 * this repeats until a message has no call, the rounds are used up, or the person interrupts.
 * Each step is an event that this generator yields; the session appends it before the generator goes on.
 */

type Outcome = TurnEnd['outcome']

/**
 * The whole agent: call the model, run what it asked for, repeat until it asks for nothing. One of the four places where a
 * failure becomes data: whatever is thrown inside ends as an `error` event and a `turn.end`.
 */
export async function* runTurn(turn: Turn, signal: AbortSignal): AsyncGenerator<Event, void> {
  const started = performance.now()
  let outcome: Outcome
  try {
    outcome = yield* runRounds(turn, signal)
    if (outcome === 'completed' && turn.until) outcome = yield* refine(turn, turn.until, runRounds, signal)
    if (outcome === 'completed' && turn.handOver) yield* turn.handOver(signal)
  } catch (error) {
    if (!signal.aborted) return yield* failTurn(turn, error, started)
    outcome = 'interrupted'
  }
  yield* endTurn(turn, outcome, started)
}

/** How a turn ends that failed, or could not even begin. */
export function* failTurn(turn: Ending, error: unknown, started: number): Generator<Event, void> {
  yield { type: 'error', turn_id: turn.turn_id, ...describe(error) }
  yield state(turn, 'error')
  yield* endTurn(turn, 'error', started)
}

type Ending = Pick<Turn, 'turn_id' | 'log'> & { agent: { name: string } }

/** The end of every turn, also of one that was interrupted before it began. */
export function* endTurn({ turn_id, log, agent }: Ending, outcome: Outcome, started: number): Generator<Event, void> {
  const usage = addUsage(
    sinceThePrompt(log(), turn_id).flatMap(e => ('turn_id' in e && e.turn_id === turn_id && usageIn(e)) || []),
  )
  yield { type: 'turn.end', turn_id, outcome, usage, duration_ms: Math.round(performance.now() - started) }
  yield state({ agent }, 'idle')
}

/** The events of a turn and what came after it; the whole log where its prompt is not in it. Reads backward. */
const sinceThePrompt = (log: readonly Stored[], turn_id: string): readonly Stored[] =>
  log.slice(
    Math.max(
      0,
      log.findLastIndex(event => event.type === 'prompt' && event.turn_id === turn_id),
    ),
  )

/**
 * Model calls and the calls they make, until there is none. Throws what fails, and the reason of `signal`. Edits that wait for
 * a review get it also where the turn fails or reaches a limit; an interrupt drops them.
 */
export async function* runRounds(turn: Turn, signal: AbortSignal): AsyncGenerator<Event, Outcome> {
  try {
    const outcome = yield* rounds(turn, signal)
    yield* reviewed(turn, signal, outcome === 'limit' ? 'The turn reached its limit' : undefined)
    return outcome
  } catch (error) {
    if (!signal.aborted) yield* reviewed(turn, signal, `The turn failed: ${messageOf(error)}`)
    throw error
  } finally {
    const dropped = turn.place.proposals?.calls.map(({ call }) => call.tool_call_id) ?? []
    turn.place.proposals?.clear()
    if (dropped.length > 0) yield* unreviewed(turn.turn_id, dropped)
  }
}

async function* reviewed(turn: Turn, signal: AbortSignal, why?: string): AsyncGenerator<Event, Reviewed> {
  if (!turn.place.proposals?.calls.length) return 'none'
  const { review } = await import('./review.ts')
  return yield* review(turn, signal, why)
}

async function* rounds(turn: Turn, signal: AbortSignal): AsyncGenerator<Event, Outcome> {
  const futility = createFutility()
  let cuts = 0
  for (let round = 0; round < turn.max_rounds; round++) {
    yield* await turn.steers()
    if (!(yield* turn.mayGoOn(signal))) return 'limit'
    const model_call_id = newId('mc')
    yield state(turn, 'thinking', { model_call_id })
    const message = yield* think(turn, model_call_id, signal)
    cuts = message.stop_reason === 'cut' ? cuts + 1 : 0
    if (cuts > MAX_CUTS)
      throw new AppError(
        'LLM_STREAM',
        'The connection to the model broke again and again. Check the network, then send the prompt again.',
      )
    if (cuts > 0) continue
    if (message.tool_calls.length > 0) {
      const before = turn.log().length
      if ((yield* runCalls(turn, message, signal)) === 'timeout') return 'limit'
      futility.round(message, turn.log().slice(before))
      continue
    }
    if (message.stop_reason === 'max_tokens') return 'limit'
    if (!message.content && message.stop_reason === 'refusal')
      throw new AppError(
        'LLM_INVALID_REQUEST',
        'The model refused to answer. Put it another way, or try another model.',
      )
    if (!message.content && round === 0)
      throw new AppError('LLM_STREAM', 'The model answered with nothing. Send the prompt again, or try another model.')
    // A prompt that came to steer in the last moment is part of this turn: the model has not seen it yet.
    if (turn.hasSteers()) continue
    const became = yield* reviewed(turn, signal)
    if (became === 'timeout') return 'limit'
    // After a rejection, a failure or new errors in the files, the model goes on.
    if (became !== 'again' && !turn.hasSteers()) return 'completed'
  }
  return 'limit'
}

const MAX_CUTS = 3

/** What an `error` event has of it. */
export function describe(error: unknown) {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, recoverable: error.code !== 'LLM_AUTH' }
  return { code: 'INTERNAL' as const, message: `The turn failed: ${messageOf(error)}`, recoverable: true }
}
