import { AppError } from '../base/errors.ts'
import { head, tail } from '../base/text.ts'
import { addUsage } from '../base/usage.ts'
import type { Event, Stored, Usage } from '../event.ts'
import type { ModelMessage, ModelRequest, Stream } from '../llm/provider.ts'
import { planText } from '../transcript/plan.ts'
import { bytesFor } from './context.ts'
import { ownerOf } from './history.ts'

const SUMMARISE = `Summarise the conversation below for the assistant that continues it and sees nothing else of it. Keep, in this order: every request of the user and what became of it, in their own words where that matters; decisions and why; the state of the work, with the files that were read or changed and what is in them that matters; errors met and how they were solved; what is to be done next. Be complete and terse. Answer with the summary alone.`

/** Shares of the room: what is to be summarised, the summary, and the request under way that stands below it. */
const INPUT = 0.8
const SUMMARY = 0.15
const REQUEST = 0.1
/** Less than this before the part that is kept is not worth a summary: it would not make room. */
const WORTHWHILE = 0.35
const ATTEMPTS = 3

export const isWorthwhile = (tokens: number, room: number): boolean => tokens > room * WORTHWHILE

/**
 * Asks the model for a summary of `older`, within its share of the room. Yields its retries; throws what the call throws. A
 * request that is too long even so is sent again with half of the text.
 */
export async function* summarise(
  from: Pick<ModelRequest, 'model' | 'session_id'> & {
    turn_id?: string
    /** What the person who asked for it wants of it. */
    instructions?: string
    stream: Stream
    signal: AbortSignal
  },
  older: readonly ModelMessage[],
  room: number,
): AsyncGenerator<Event, { summary: string; usage: Usage }> {
  const { model, session_id, turn_id, instructions, stream, signal } = from
  const wish = instructions ? ` The user asks of this summary: ${instructions}` : ''
  const system = `${SUMMARISE} It may have up to ${Math.round(room * SUMMARY * 0.6)} words.${wish}`
  const whole = older.map(asText).join('\n\n')
  const spent: Usage[] = []
  for (let attempt = 1; ; attempt++) {
    const text = clip(whole, Math.floor(bytesFor(room * INPUT) / 2 ** (attempt - 1)))
    const call = stream({ model, session_id, system, messages: [{ role: 'user', text }], tools: [] }, signal)
    try {
      const { text: summary, usage, stop_reason } = yield* follow(call, turn_id)
      spent.push(usage)
      const isWhole = summary.trim() && stop_reason !== 'cut' && stop_reason !== 'refusal'
      if (isWhole) return { summary: clip(summary.trim(), bytesFor(room * SUMMARY)), usage: addUsage(spent) }
      if (attempt === ATTEMPTS) throw unsummarised()
    } catch (error) {
      // Some say in no clear words that it is.
      const isTooLong =
        error instanceof AppError && (error.code === 'LLM_CONTEXT_LENGTH' || error.code === 'LLM_INVALID_REQUEST')
      if (!isTooLong || attempt === ATTEMPTS) throw error
    }
  }
}

/** The reply of a call of which nothing is shown but its retries. */
async function* follow(call: ReturnType<Stream>, turn_id: string | undefined) {
  for (;;) {
    const { done, value } = await call.next()
    if (done) return value
    if (value.type !== 'retry') continue
    const { code, message, retry_in_ms } = value
    yield { type: 'error', ...(turn_id && { turn_id }), code, message, recoverable: true, retry_in_ms } satisfies Event
  }
}

/**
 * What must outlive a summary, whatever the model made of it: the request it is working on, word for word, its list of
 * steps, and the files that were changed so far. `kept`: the turn that is under way, and the first event that is kept anyway.
 */
export function essentials(
  log: readonly Stored[],
  kept: { turn_id: string; from: number } | undefined,
  room: number,
): string {
  const prompt = kept && log.find(event => event.type === 'prompt' && event.turn_id === kept.turn_id)
  const [first] = log
  const task = kept && first?.type === 'delegate.start' ? (first.told ?? first.task) : ''
  const request = prompt?.type === 'prompt' && prompt.id < kept!.from ? prompt.text : task
  const changed = new Set(log.flatMap(event => (event.type === 'file.changed' ? [event.path] : [])))
  const owner = ownerOf(log)
  const plan = log.findLast(event => event.type === 'plan' && event.parent_tool_call_id === owner)
  const steps = plan?.type === 'plan' ? planText(plan.items) : ''
  return [
    request && `The request under way, word for word:\n${clip(request, bytesFor(room * REQUEST))}`,
    steps && `The list of steps:\n${clip(steps, bytesFor(room * REQUEST))}`,
    changed.size > 0 && `Files changed so far: ${fewOf([...changed])}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

const MOST_FILES = 40
const fewOf = (paths: string[]) =>
  paths.length > MOST_FILES
    ? `${paths.slice(-MOST_FILES).join(', ')}, and ${paths.length - MOST_FILES} before`
    : paths.join(', ')

function asText(message: ModelMessage): string {
  if (message.role === 'assistant') {
    const calls = message.tool_calls.map(call => `CALL ${call.tool} ${JSON.stringify(call.params)}`)
    return [`ASSISTANT: ${message.text}`, ...calls].join('\n')
  }
  const images = message.images?.length ? `\n[${message.images.length} image(s), not shown here]` : ''
  return message.role === 'user'
    ? `USER: ${message.text}${images}`
    : `RESULT of ${message.tool}: ${message.content}${images}`
}

/** Cut in the middle: the first request and the latest work matter most. `limit` counts bytes; what is not ASCII counts double. */
function clip(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text
  const half = Math.floor((limit * text.length) / Buffer.byteLength(text) / 2)
  return `${head(text, half)}\n[…]\n${tail(text, half)}`
}

const unsummarised = () =>
  new AppError(
    'LLM_CONTEXT_LENGTH',
    'The conversation has to be summarised to go on, and the model did not do so. Choose another model, or start a new session.',
  )
