import * as v from 'valibot'
import type { StopReason } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { fromStreamProblem, streamError } from '../errors.ts'
import type { ModelEvent } from '../provider.ts'
import { count, items, lenient, record, text } from '../wire/lenient.ts'
import { type Reader, ReplyBuilder } from '../wire/reader.ts'
import { mergeReasoning } from '../wire/reasoning.ts'
import { type Split, ThinkTag } from '../wire/think-tag.ts'

const ToolCall = v.object({
  index: count,
  id: text,
  function: lenient(v.object({ name: text, arguments: lenient(v.union([v.string(), record])) })),
  extra_content: lenient(record),
})
const Delta = v.object({
  content: lenient(v.union([v.string(), v.array(v.unknown())])),
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  reasoning_details: items(record),
  tool_calls: items(ToolCall),
  function_call: lenient(v.object({ name: text, arguments: text })),
  extra_content: lenient(record),
})
const Usage = v.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_cache_hit_tokens: count,
  prompt_tokens_details: lenient(v.object({ cached_tokens: count, cache_write_tokens: count })),
})
const Chunk = v.object({
  choices: items(
    v.object({
      index: count,
      delta: lenient(Delta),
      message: lenient(Delta),
      finish_reason: text,
      usage: lenient(Usage),
    }),
  ),
  usage: lenient(Usage),
  x_groq: lenient(v.object({ usage: lenient(Usage) })),
})
type Delta = v.InferOutput<typeof Delta>
type Usage = v.InferOutput<typeof Usage>

/** Calls that were written into the text have indexes that no server gives. */
const WRITTEN = 1_000_000

/** As the server sent it, for the way back. */
type Reasoning = { reasoning_content?: string; reasoning?: string; reasoning_details?: Record<string, unknown>[] }

/** Reads chunks of chat completions, and whole ones. */
export function chatReader(endpoint: Endpoint): Reader {
  const answer = new ReplyBuilder()
  const reasoning: Reasoning = {}
  const tag = endpoint.kind === 'openai-compatible' ? new ThinkTag() : undefined
  const call_extras: Record<string, unknown> = {}
  let extra_content: unknown
  let finish: string | undefined
  let refused = false
  let over = false

  function grow(delta: Delta): ModelEvent[] {
    const { words, thoughts } = contentOf(delta.content)
    const field = delta.reasoning_content ? 'reasoning_content' : 'reasoning'
    const thought = delta[field] || thoughts || detailsText(delta.reasoning_details)
    if (delta[field]) reasoning[field] = (reasoning[field] ?? '') + delta[field]
    if (delta.reasoning_details.length > 0)
      reasoning.reasoning_details = mergeReasoning(reasoning.reasoning_details ?? [], delta.reasoning_details)
    if (delta.refusal) refused = true
    if (delta.extra_content) extra_content = delta.extra_content
    return [
      ...answer.think(thought),
      ...(tag && words ? take(tag.feed(words)) : answer.say(words)),
      ...answer.say(delta.refusal ?? ''),
      ...call(delta),
    ]
  }

  const take = ({ thinking, text, calls = [], rethink }: Split): ModelEvent[] => [
    ...(rethink ? answer.rethink() : []),
    ...answer.think(thinking),
    ...answer.say(text),
    ...calls.flatMap(({ name, args }) => answer.calls.add({ index: WRITTEN + answer.calls.size, name, args })),
  ]

  const flush = (): ModelEvent[] => (tag ? take(tag.end()) : [])

  function call({ tool_calls, function_call }: Delta): ModelEvent[] {
    const calls = function_call ? [...tool_calls, { index: 0, id: undefined, function: function_call }] : tool_calls
    return calls.flatMap(each => {
      const { name, arguments: args } = each.function ?? {}
      const drafts = answer.calls.add({
        index: each.index,
        id: each.id,
        name,
        args: typeof args === 'object' ? JSON.stringify(args) : args,
      })
      if ('extra_content' in each && each.extra_content) {
        const id = answer.calls.idAt(each.index ?? -1) ?? answer.calls.lastId
        if (id) call_extras[id] = each.extra_content
      }
      return drafts
    })
  }

  return {
    read(data) {
      const parsed = v.safeParse(Chunk, data)
      if (!parsed.success) return []
      const chunk = parsed.output
      const choice = chunk.choices.find(each => (each.index ?? 0) === 0)
      const usage = chunk.usage ?? chunk.x_groq?.usage ?? choice?.usage
      if (usage) Object.assign(answer.usage, toUsage(usage))
      const delta = choice?.delta ?? choice?.message
      const events = delta ? grow(delta) : []
      if (choice?.finish_reason) finish = choice.finish_reason.toLowerCase()
      if (finish && FAILURES[finish]) throw fromStreamProblem(endpoint, { error: FAILURES[finish] })
      return events
    },
    done() {
      over = true
    },
    flush,
    get finished() {
      return finish !== undefined
    },
    get closed() {
      return over
    },
    reply() {
      flush()
      // Some servers forget the reason. Their word that it is over will do, if there is an answer and its calls are whole.
      const whole = answer.calls.size > 0 ? answer.calls.whole : answer.text !== ''
      if (finish === undefined && !(over && whole)) throw streamError(endpoint, 'was cut off before its end')
      if (answer.calls.nameless) throw streamError(endpoint, 'calls a tool without saying which')
      return answer.reply(refused ? 'refusal' : (STOPS[finish ?? ''] ?? 'end_turn'), endpoint.provider, 'chat', {
        ...(Object.keys(call_extras).length > 0 && { call_extras }),
        ...(extra_content !== undefined && { extra_content }),
        ...(answer.calls.size > 0 && Object.keys(reasoning).length > 0 && { reasoning: withoutDoubles(reasoning) }),
      })
    },
    partial: () => answer.partial(),
  }
}

/** OpenRouter sends the same reasoning in two fields. */
const withoutDoubles = (reasoning: Reasoning): Reasoning =>
  reasoning.reasoning_details ? { reasoning_details: reasoning.reasoning_details } : reasoning

const STOPS: Record<string, StopReason> = {
  stop: 'end_turn',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  length: 'max_tokens',
  max_tokens: 'max_tokens',
  model_length: 'max_tokens',
  content_filter: 'refusal',
  safety: 'refusal',
  refusal: 'refusal',
}

/** Finish reasons that mean failure. */
const FAILURES: Record<string, { code: number; message: string }> = {
  error: { code: 500, message: '' },
  insufficient_system_resource: { code: 503, message: 'insufficient system resource' }, // DeepSeek
  malformed_function_call: { code: 500, message: 'malformed function call' }, // Gemini
}

const Part = v.object({ type: text, text, thinking: lenient(v.union([v.string(), items(v.object({ text }))])) })

/** Text, or Mistral's list of parts, some of them thinking. */
function contentOf(content: Delta['content']): { words: string; thoughts: string } {
  if (typeof content === 'string' || content === undefined) return { words: content ?? '', thoughts: '' }
  let words = ''
  let thoughts = ''
  for (const part of v.parse(items(Part), content)) {
    if (part.type === 'text') words += part.text ?? ''
    if (typeof part.thinking === 'string') thoughts += part.thinking
    else for (const each of part.thinking ?? []) thoughts += each.text ?? ''
  }
  return { words, thoughts }
}

const detailsText = (details: Record<string, unknown>[]): string =>
  details.map(each => [each['text'], each['summary']].find(words => typeof words === 'string') ?? '').join('')

/**
 * Tokens as we count them: input without what came from the cache, output with the reasoning. xAI and Gemini leave that out
 * of `completion_tokens` but have it in the total.
 */
function toUsage(usage: Usage) {
  const prompt = usage.prompt_tokens ?? 0
  const cached = usage.prompt_tokens_details?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? 0
  const written = usage.prompt_tokens_details?.cache_write_tokens ?? 0
  return {
    input_tokens: Math.max(0, prompt - cached - written),
    output_tokens: Math.max(usage.completion_tokens ?? 0, (usage.total_tokens ?? 0) - prompt),
    cache_read_tokens: cached,
    cache_write_tokens: written,
  }
}
