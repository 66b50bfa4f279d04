import { AppError, messageOf } from '../errors.ts'
import type { Event, Message, TurnEnd, Usage } from '../event.ts'
import { newId } from '../ids.ts'
import { runCalls } from './calls.ts'
import { state, type Turn } from './turn.ts'

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

function* endTurn({ turn_id, log, agent }: Ending, outcome: Outcome, started: number): Generator<Event, void> {
  const usage = addUsage(log().flatMap(e => (e.type === 'message' && e.turn_id === turn_id ? [e.usage] : [])))
  yield { type: 'turn.end', turn_id, outcome, usage, duration_ms: Math.round(performance.now() - started) }
  yield state({ agent }, 'idle')
}

async function* runRounds(turn: Turn, signal: AbortSignal): AsyncGenerator<Event, Outcome> {
  let cuts = 0
  for (let round = 0; round < turn.max_rounds; round++) {
    yield* turn.steers()
    yield state(turn, 'thinking')
    const message = yield* think(turn, signal)
    cuts = message.stop_reason === 'cut' ? cuts + 1 : 0
    if (cuts > MAX_CUTS)
      throw new AppError(
        'LLM_STREAM',
        'The connection to the model broke again and again. Check the network, then send the prompt again.',
      )
    if (cuts > 0) continue
    if (message.tool_calls.length > 0) {
      if ((yield* runCalls(turn, message, signal)) === 'timeout') return 'limit'
      continue
    }
    if (message.stop_reason === 'max_tokens') return 'limit'
    if (!message.content && round === 0)
      throw new AppError('LLM_STREAM', 'The model answered with nothing. Send the prompt again, or try another model.')
    // A prompt that came to steer in the last moment is part of this turn: the model has not seen it yet.
    if (!turn.hasSteers()) return 'completed'
  }
  return 'limit'
}

const MAX_CUTS = 3

/** One model call: yields its deltas, then the message; an interrupt keeps the text that was shown. */
async function* think(turn: Turn, signal: AbortSignal): AsyncGenerator<Event, Message> {
  const request = yield* turn.request(signal)
  const { turn_id } = turn
  const message_id = newId('msg')
  const head = { turn_id, message_id }
  let shown = ''
  let thought = ''
  const stream = turn.stream(request, signal)
  try {
    for (;;) {
      const { done, value } = await stream.next()
      if (done) {
        const { usage, tool_calls, text, ...rest } = value
        const message: Message = {
          type: 'message',
          ...head,
          role: 'assistant',
          content: text,
          model: request.model,
          ...rest,
          tool_calls,
          usage: turn.price(request.model, usage),
        }
        yield message
        return message
      }
      if (value.type === 'text') {
        shown += value.text
        yield { type: 'message.delta', ...head, role: 'assistant', content: value.text }
      } else if (value.type === 'thinking') {
        thought += value.text
        yield { type: 'thinking.delta', ...head, content: value.text }
      } else if (value.type === 'draft') {
        yield { ...value, type: 'tool.draft', turn_id }
      } else {
        yield {
          type: 'error',
          turn_id,
          code: value.code,
          message: value.message,
          recoverable: true,
          retry_in_ms: value.retry_in_ms,
        }
        yield state(turn, 'thinking', { details: `Trying again in ${Math.ceil(value.retry_in_ms / 1000)} s` })
      }
    }
  } catch (error) {
    if (signal.aborted && shown)
      yield {
        type: 'message',
        ...head,
        role: 'assistant',
        content: shown,
        ...(thought && { thinking: thought }),
        tool_calls: [],
        model: request.model,
        usage: addUsage([]),
        stop_reason: 'interrupted',
      }
    throw error
  }
}

function describe(error: unknown) {
  if (error instanceof AppError)
    return { code: error.code, message: error.message, recoverable: error.code !== 'LLM_AUTH' }
  return { code: 'INTERNAL' as const, message: `The turn failed: ${messageOf(error)}`, recoverable: true }
}

/** The sum; the cost only when every part that used tokens has one. */
export function addUsage(parts: readonly Usage[]): Usage {
  const sum: Usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 }
  let cost: number | undefined = 0
  for (const part of parts) {
    sum.input_tokens += part.input_tokens
    sum.output_tokens += part.output_tokens
    sum.cache_read_tokens += part.cache_read_tokens
    sum.cache_write_tokens += part.cache_write_tokens
    const used = part.input_tokens + part.output_tokens + part.cache_read_tokens + part.cache_write_tokens > 0
    if (part.cost_usd !== undefined && cost !== undefined) cost += part.cost_usd
    else if (used) cost = undefined
  }
  return cost === undefined || parts.length === 0 ? sum : { ...sum, cost_usd: cost }
}
