import { createHash } from 'node:crypto'
import { commonLength } from '../../base/lists.ts'
import type { Params, ProviderData, ToolCall } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { resultsByCall } from '../pairing.ts'
import type { Image, ModelMessage } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'

/** The history in the shape that all wires share: starting and ending with the user, each call with its result right after it. */
export type Step =
  | { role: 'user'; parts: Part[] }
  | { role: 'assistant'; text: string; thinking?: string; calls: WireCall[]; own?: ProviderData }
  | { role: 'results'; results: Result[] }
export type Part = { text: string } | { image: Image }
/** `id` is what goes over the wire; `tool_call_id` is ours. */
export type WireCall = { id: string; tool_call_id: string; name: string; params: Params }
type Result = { id: string; name: string; content: string; is_error: boolean; images: Image[] }

const CONTINUE = 'Continue exactly where your last message stops, without repeating any of it.'

/**
 * How far a history was put into that shape for an earlier request. A step is settled once an answer stands behind it: nothing
 * that follows can change it. `form` says for which server, and `used` which ids of calls were given.
 */
type Progress = { form: string; messages: readonly ModelMessage[]; settled: number; steps: Step[]; used: Set<string> }

/** By the first message of the history, as long as that is in use. */
const progress = new WeakMap<ModelMessage, Progress>()

/**
 * Puts a history into that shape. `own` is set where this provider wrote the message over this same `wire`, and may be sent
 * back; whatever another family left behind stays out. What providers would refuse is corrected: calls without results, results
 * without calls, empty messages, two of one role in a row. A history that begins with the same message objects as the one
 * before gets the same settled steps, and only the rest is made anew.
 */
export function toSteps(
  messages: readonly ModelMessage[],
  endpoint: Endpoint,
  wire: string,
  refused: ReadonlySet<Unsupported>,
): Step[] {
  const seeing = endpoint.info.images !== false && !refused.has('images')
  const before = progressOf(messages, formOf(endpoint, wire, refused))
  const results = resultsByCall(messages.slice(before.settled))
  const idOf = wireIds(endpoint, wire, refused, before.used)
  const steps = before.steps.slice()
  let settled = { messages: before.settled, steps: steps.length }
  for (let i = before.settled; i < messages.length; i++) {
    const message = messages[i]!
    if (message.role === 'user') addUser(steps, partsOf(message.text, message.images, seeing))
    if (message.role !== 'assistant') continue
    const own = isOwn(message.provider_data, endpoint, wire) ? message.provider_data : undefined
    const calls = message.tool_calls.map(call => ({
      id: idOf(call.tool_call_id, own),
      tool_call_id: call.tool_call_id,
      name: sendableName(call.tool),
      params: call.params,
    }))
    if (!message.text.trim() && calls.length === 0) continue
    if (steps.at(-1)?.role !== 'user' && steps.at(-1)?.role !== 'results') addUser(steps, [{ text: CONTINUE }])
    steps.push({
      role: 'assistant',
      text: message.text.trim() ? message.text : '',
      ...(message.thinking && { thinking: message.thinking }),
      calls,
      ...(own && { own }),
    })
    if (calls.length > 0)
      steps.push({
        role: 'results',
        results: message.tool_calls.map((call, index) => {
          const { content, is_error, images } = results.get(call.tool_call_id) ?? lost(call)
          const { id, name } = calls[index]!
          const seen = visible(content || '(no output)', images, seeing)
          return { id, name, content: seen.text, is_error, images: seen.images }
        }),
      })
    let next = i + 1
    while (messages[next]?.role === 'tool') next++
    settled = { messages: next, steps: steps.length }
  }
  if (messages[0])
    progress.set(messages[0], {
      ...before,
      messages,
      settled: settled.messages,
      steps: steps.slice(0, settled.steps),
    })
  if (steps.length === 0 || steps.at(-1)?.role === 'assistant') addUser(steps, [{ text: CONTINUE }])
  return steps
}

/** Everything that a step depends on beside its messages. */
const formOf = ({ provider, model, base_url, info }: Endpoint, wire: string, refused: ReadonlySet<Unsupported>) =>
  JSON.stringify([wire, provider, model, base_url, info.images, [...refused].sort()])

function progressOf(messages: readonly ModelMessage[], form: string): Progress {
  const before = messages[0] && progress.get(messages[0])
  if (before?.form === form && commonLength(before.messages, messages) >= before.settled) return before
  return { form, messages, settled: 0, steps: [], used: new Set() }
}

const written = new WeakMap<Step, { steps: readonly Step[]; messages: unknown[] }>()

/**
 * What `write` makes of steps, which must be the same whether it sees them at once or parted behind an answer. Steps that stood
 * there the last time, up to the last answer, are not written again: they give the same objects.
 */
export function writeSteps<T>(steps: readonly Step[], write: (steps: readonly Step[]) => T[]): T[] {
  const [first] = steps
  if (!first) return []
  const before = written.get(first)
  const isLonger = before !== undefined && commonLength(before.steps, steps) === before.steps.length
  const known = isLonger ? before : { steps: [], messages: [] }
  const answered = steps.findLastIndex(step => step.role === 'assistant') + 1
  const messages = [...(known.messages as T[]), ...write(steps.slice(known.steps.length, answered))]
  written.set(first, { steps: steps.slice(0, answered), messages })
  return [...messages, ...write(steps.slice(answered))]
}

/** Every result directly behind the message that called, in the order of its calls; one that was lost is made up for. */
export function inCallOrder(messages: readonly ModelMessage[]): ModelMessage[] {
  const results = resultsByCall(messages)
  return messages.flatMap((message): ModelMessage[] => {
    if (message.role === 'tool') return []
    if (message.role === 'user') return [message]
    return [message, ...message.tool_calls.map(call => results.get(call.tool_call_id) ?? lost(call))]
  })
}

const lost = ({ tool_call_id, tool }: ToolCall): Extract<ModelMessage, { role: 'tool' }> => ({
  role: 'tool',
  tool_call_id,
  tool,
  content: 'No result was recorded; it is not known whether it ran.',
  is_error: true,
})

/** A name that a model called: what it made up itself might be none that providers take back, `^[a-zA-Z0-9_-]{1,64}$`. */
export const sendableName = (tool: string): string =>
  tool
    .replaceAll('/', '__')
    .replace(/[^a-zA-Z0-9_-]/g, '_')
    .slice(0, 64) || '_'

function addUser(steps: Step[], parts: Part[]): void {
  const last = steps.at(-1)
  if (last?.role === 'user') last.parts.push(...parts)
  else if (parts.length > 0) steps.push({ role: 'user', parts: [...parts] })
}

function partsOf(words: string, given: Image[] | undefined, seeing: boolean): Part[] {
  const { text, images } = visible(words, given, seeing)
  return [...images.map(image => ({ image })), ...(text.trim() ? [{ text }] : [])]
}

/** Images go to models that take them; for others a note stands in their place. */
function visible(text: string, images: Image[] = [], seeing: boolean): { text: string; images: Image[] } {
  if (images.length === 0 || seeing) return { text, images }
  const notes = images.map(({ media_type, data }) => {
    const kb = Math.max(1, Math.round((data.length * 3) / 4 / 1024))
    return `[An image (${media_type}, ${kb} kB) was left out: this model takes no images. Say so if it matters.]`
  })
  return { text: [text, ...notes].filter(Boolean).join('\n'), images: [] }
}

const isOwn = (data: ProviderData | undefined, endpoint: Endpoint, wire: string): boolean =>
  data?.provider === endpoint.provider && data['wire'] === wire

/**
 * Ids of calls: the provider's own where it made the call, else ours. An id that a server gave twice in a session is ours from
 * the second time on. Mistral takes only nine letters and digits.
 */
function wireIds(
  endpoint: Endpoint,
  wire: string,
  refused: ReadonlySet<Unsupported>,
  used: Set<string>,
): (tool_call_id: string, own?: ProviderData) => string {
  const mistral =
    refused.has('call_ids') ||
    /mi[sx]tral|magistral|codestral|devstral/i.test(`${endpoint.model} ${endpoint.base_url ?? ''}`)
  const fits =
    mistral && refused.has('call_ids')
      ? /^[a-zA-Z0-9]{9}$/
      : wire === 'anthropic'
        ? /^[a-zA-Z0-9_-]{1,64}$/
        : mistral
          ? /^[a-zA-Z0-9]{9}$/
          : /^[\w.:-]{1,64}$/
  return (tool_call_id, own) => {
    const ids = own?.['ids'] as Record<string, string> | undefined
    const theirs = ids?.[tool_call_id]
    const fallback = fits.test(tool_call_id) ? tool_call_id : nineLetters(tool_call_id)
    const id = typeof theirs === 'string' && fits.test(theirs) && !used.has(theirs) ? theirs : fallback
    used.add(id)
    return id
  }
}

const nineLetters = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 9)
