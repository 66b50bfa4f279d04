import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { wellFormed } from '../base/text.ts'
import { noUsage, totalTokens } from '../base/usage.ts'
import type { Event, Message } from '../event.ts'
import { inWords, LlmError } from '../llm/errors.ts'
import type { ModelRequest } from '../llm/provider.ts'
import { createRecovery, isTooLong, type Recovery } from './recovery.ts'
import { looksCut, windowBehind } from './truncation.ts'
import { state, type Turn } from './turn.ts'

/**
 * One model call: yields its deltas, then the message. Its message, and the states while it thinks, carry `model_call_id`. A
 * request that the provider refuses is made another way and sent again, where there is one (`recovery.ts`); a model that stays
 * overloaded gives way to one of `fallback_models`. Throws what the last call throws.
 */
export async function* think(turn: Turn, model_call_id: string, signal: AbortSignal): AsyncGenerator<Event, Message> {
  for (;;) {
    try {
      return yield* attempt(turn, model_call_id, signal)
    } catch (error) {
      // What was learned about room did not help: the next prompt begins anew.
      if (isTooLong(error)) turn.fit.limits.clear()
      if (!isOverloaded(error) || signal.aborted) throw error
      const change = await turn.fallBack()
      if (!change) throw error
      yield fellBack(turn, change, error)
      yield state(turn, 'thinking', { model_call_id, details: `Going on with ${change.to}` })
    }
  }
}

/** After its retries; another model may have room. A missing key or an exhausted quota is another matter. */
const isOverloaded = (error: unknown): error is AppError =>
  error instanceof AppError && (error.code === 'LLM_OVERLOADED' || error.code === 'LLM_RATE_LIMIT')

const fellBack = ({ turn_id }: Turn, { from, to }: { from: string; to: string }, { message }: AppError): Event => ({
  type: 'notice',
  turn_id,
  code: 'FALLBACK',
  message: `${from} cannot answer now: ${message} The rest of this turn goes to ${to}.`,
})

async function* attempt(turn: Turn, model_call_id: string, signal: AbortSignal): AsyncGenerator<Event, Message> {
  const recovery = createRecovery(turn.fit)
  for (;;) {
    const request = yield* made(turn, recovery, model_call_id, signal)
    try {
      const message = yield* listen(turn, request, model_call_id, signal)
      recovery.accepted(request)
      if (recovery.refusal) yield leftOut(turn, recovery)
      return message
    } catch (error) {
      const way = recovery.next(error, request)
      if (!way || !(error instanceof AppError)) throw recovery.final(error)
      if (way === 'images') {
        yield state(turn, 'thinking', { model_call_id, details: 'Sending it again without the image' })
        continue
      }
      const { code, message } = error
      yield { type: 'error', turn_id: turn.turn_id, code, message, recoverable: true, retry_in_ms: 0 }
      yield state(turn, 'thinking', { model_call_id, details: 'Making room in the context' })
    }
  }
}

/** The request of this call, after a compaction where one is needed. */
async function* made(
  turn: Turn,
  recovery: Recovery,
  model_call_id: string,
  signal: AbortSignal,
): AsyncGenerator<Event, ModelRequest> {
  const making = turn.request(recovery.need, signal)
  try {
    for (;;) {
      const { done, value } = await making.next()
      if (done) return value
      yield value.type === 'agent.state' && value.state === 'thinking' ? { ...value, model_call_id } : value
    }
  } catch (error) {
    throw recovery.final(error)
  } finally {
    await making.return(undefined as never)
  }
}

/** From now on these images are not sent any more: the log has it, for a resumed session. */
const leftOut = ({ turn_id }: Turn, { need, refusal }: Recovery): Event => ({
  type: 'notice',
  turn_id,
  code: 'IMAGE_REFUSED',
  message: `${need.without.size === 1 ? 'An image was' : `${need.without.size} images were`} left out, since the request was refused with ${need.without.size === 1 ? 'it' : 'them'}. ${refusal!.message}`,
  images: [...need.without],
})

/** Follows one call to its end. */
async function* listen(
  turn: Turn,
  request: ModelRequest,
  model_call_id: string,
  signal: AbortSignal,
): AsyncGenerator<Event, Message> {
  const { turn_id } = turn
  const head = { turn_id, message_id: newId('msg') }
  let shown = ''
  let thought = ''
  const call = turn.stream(request, signal)
  try {
    for (;;) {
      const { done, value } = await call.next()
      if (done) {
        const { usage, tool_calls, text, ...rest } = value
        const counted = totalTokens(usage) - usage.output_tokens
        if (looksCut(request.messages, request.model, counted)) yield cutSilently(turn, request.model, counted)
        // The calls run as they are shown: a half of a pair in an argument is none of either.
        const message: Message = wellFormed({
          type: 'message',
          ...head,
          role: 'assistant',
          content: text,
          model: request.model,
          ...rest,
          tool_calls,
          usage: turn.price(request.model, usage),
          model_call_id,
        })
        yield message
        return message
      }
      if (value.type === 'text') {
        shown = (value.replace ? '' : shown) + value.text
        const replace = value.replace && { replace: value.replace }
        yield { type: 'message.delta', ...head, role: 'assistant', content: value.text, ...replace }
      } else if (value.type === 'thinking') {
        thought += value.text
        yield { type: 'thinking.delta', ...head, content: value.text }
      } else if (value.type === 'draft') {
        yield { ...value, type: 'tool.draft', turn_id }
      } else if (value.type === 'waiting') {
        yield state(turn, 'thinking', { model_call_id, details: `Trying again in ${inWords(value.left_ms)}` })
      } else {
        const { code, message, retry_in_ms } = value
        yield { type: 'error', turn_id, code, message, recoverable: true, retry_in_ms }
        yield state(turn, 'thinking', { model_call_id, details: `Trying again in ${inWords(retry_in_ms)}` })
      }
    }
  } catch (error) {
    // What was shown is kept, whatever ended it.
    if (shown)
      yield {
        type: 'message',
        ...head,
        role: 'assistant',
        content: shown,
        ...(thought && { thinking: thought }),
        tool_calls: [],
        model: request.model,
        usage: error instanceof LlmError && error.partial ? turn.price(request.model, error.partial.usage) : noUsage(),
        stop_reason: signal.aborted ? 'interrupted' : 'cut',
        model_call_id,
      }
    throw error
  }
}

/** From now on the session knows better than its configuration what this server takes. */
function cutSilently({ turn_id, fit }: Turn, model: string, counted: number): Event {
  const window = Math.min(windowBehind(counted), fit.windows.get(model) ?? Number.POSITIVE_INFINITY)
  fit.windows.set(model, window)
  return {
    type: 'error',
    turn_id,
    code: 'LLM_CONTEXT_LENGTH',
    message: `The server counted ${counted} tokens, far fewer than it was sent: it cut the conversation without saying so. This session goes on within ${window} tokens. For more, raise the server's context (Ollama: num_ctx or OLLAMA_CONTEXT_LENGTH), and set context_window under [models."${model}"] in emacs-agent.toml.`,
    recoverable: true,
  }
}
