import * as v from 'valibot'
import type { StopReason } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { fromStreamProblem, streamError } from '../errors.ts'
import type { ModelEvent } from '../provider.ts'
import { count, items, lenient, record, text } from '../wire/lenient.ts'
import { type Reader, ReplyBuilder } from '../wire/reader.ts'
import type { ResponseItem } from './responses-request.ts'

const Fields = v.object({
  type: text,
  id: text,
  call_id: text,
  name: text,
  arguments: lenient(v.union([v.string(), record])),
  phase: text,
  encrypted_content: text,
  content: items(v.object({ type: text, text, refusal: text })),
  summary: items(v.object({ text })),
})
/** What is read of an item, and the item itself: some go back unchanged. */
const Item = v.pipe(
  record,
  v.transform(raw => ({ ...v.parse(Fields, raw), raw })),
)
const Response = v.object({
  status: text,
  output: items(Item),
  incomplete_details: lenient(v.object({ reason: text })),
  usage: lenient(
    v.object({
      input_tokens: count,
      output_tokens: count,
      input_tokens_details: lenient(v.object({ cached_tokens: count, cache_write_tokens: count })),
    }),
  ),
})
const Event = v.object({
  type: text,
  object: text,
  output_index: count,
  item_id: text,
  delta: text,
  arguments: text,
  item: lenient(Item),
  response: lenient(Response),
})
type Item = v.InferOutput<typeof Item>
type Event = v.InferOutput<typeof Event>
type Response = v.InferOutput<typeof Response>

/** One item of the output as it grows. Servers leave out its index, or change its id from event to event. */
type Open = { slot: number; index?: number; id?: string; call_id?: string; type: string; text: string; settled?: true }

/** Reads the events of the Responses API, and whole responses. Reasoning is kept, encrypted, for the way back. */
export function responsesReader(endpoint: Endpoint): Reader {
  const answer = new ReplyBuilder()
  const opened: Open[] = []
  const kept = new Map<number, ResponseItem>()
  let stop: StopReason | undefined
  let refused = false

  function at({ output_index, item_id, item }: Event): Open | undefined {
    const id = item_id ?? item?.id
    return (
      (output_index === undefined ? undefined : opened.find(one => one.index === output_index)) ??
      (id === undefined ? undefined : opened.findLast(one => one.id === id)) ??
      (item && opened.find(one => !one.settled && one.type === item.type && one.call_id === item.call_id))
    )
  }

  function open(item: Item, index?: number): Open {
    const one: Open = { slot: opened.length, type: item.type ?? '', text: '' }
    if (index !== undefined) one.index = index
    if (item.id) one.id = item.id
    if (item.call_id) one.call_id = item.call_id
    opened.push(one)
    return one
  }

  function added(item: Item, index?: number): ModelEvent[] {
    const { slot, type } = open(item, index)
    return type === 'function_call' ? answer.calls.settle(slot, { id: item.call_id, name: item.name }) : []
  }

  /** The item as the provider says it is: whatever its deltas left out is in it. */
  function settled(item: Item, one: Open): ModelEvent[] {
    one.settled = true
    if (item.type === 'function_call') {
      const args = typeof item.arguments === 'object' ? JSON.stringify(item.arguments) : item.arguments
      const events = answer.calls.settle(one.slot, { id: item.call_id, name: item.name, ...(args && { args }) })
      kept.set(one.slot, { type: 'function_call', tool_call_id: answer.calls.idAt(one.slot)! })
      return events
    }
    if (item.type === 'reasoning') {
      if (item.encrypted_content) kept.set(one.slot, { type: 'reasoning', item: withoutStatus(item.raw) })
      const words =
        item.summary.map(part => part.text ?? '').join('\n\n') || item.content.map(p => p.text ?? '').join('')
      return one.text ? [] : answer.think(words)
    }
    if (item.type !== 'message') return []
    const words = item.content.map(part => part.text ?? part.refusal ?? '').join('')
    if (item.content.some(part => part.refusal)) refused = true
    kept.set(one.slot, { type: 'message', text: words || one.text, ...(item.phase && { phase: item.phase }) })
    return one.text ? [] : answer.say(words)
  }

  function finish(response: Response | undefined): ModelEvent[] {
    const { usage, incomplete_details, status } = response ?? { output: [] }
    const cached = usage?.input_tokens_details?.cached_tokens ?? 0
    const written = usage?.input_tokens_details?.cache_write_tokens ?? 0
    answer.usage.input_tokens = Math.max(0, (usage?.input_tokens ?? 0) - cached - written)
    answer.usage.output_tokens = usage?.output_tokens ?? 0
    answer.usage.cache_read_tokens = cached
    answer.usage.cache_write_tokens = written
    const reason = incomplete_details?.reason
    stop = reason === 'content_filter' ? 'refusal' : reason || status === 'incomplete' ? 'max_tokens' : 'end_turn'
    // A server that sends no more than the end, or all of it at once.
    return opened.length === 0 ? (response?.output ?? []).flatMap(item => settled(item, open(item))) : []
  }

  function grow(event: Event, type: 'text' | 'thinking'): ModelEvent[] {
    const one = at(event) ?? opened.at(-1) ?? open(v.parse(Item, { type: type === 'text' ? 'message' : 'reasoning' }))
    one.text += event.delta ?? ''
    return type === 'text' ? answer.say(event.delta ?? '') : answer.think(event.delta ?? '')
  }

  return {
    read(data, name) {
      const parsed = v.safeParse(Event, data)
      if (!parsed.success) return []
      const event = parsed.output
      const { item } = event
      const type = event.type ?? (event.object === 'response' ? 'whole' : name)
      switch (type) {
        case 'response.output_item.added':
          return item ? added(item, event.output_index) : []
        case 'response.output_item.done':
          return item ? settled(item, at(event) ?? open(item, event.output_index)) : []
        case 'response.output_text.delta':
          return grow(event, 'text')
        case 'response.refusal.delta':
          refused = true
          return grow(event, 'text')
        case 'response.reasoning_summary_text.delta':
        case 'response.reasoning_text.delta':
          return grow(event, 'thinking')
        case 'response.reasoning_summary_part.added':
          return (at(event) ?? opened.at(-1))?.text ? grow({ ...event, delta: '\n\n' }, 'thinking') : []
        case 'response.function_call_arguments.delta': {
          const one = at(event) ?? opened.findLast(each => each.type === 'function_call')
          return one ? answer.calls.add({ index: one.slot, args: event.delta ?? '' }) : []
        }
        case 'response.function_call_arguments.done': {
          const one = at(event) ?? opened.findLast(each => each.type === 'function_call')
          return one && event.arguments ? answer.calls.settle(one.slot, { args: event.arguments }) : []
        }
        case 'response.completed':
        case 'response.incomplete':
        case 'response.done':
          return finish(event.response)
        case 'whole': {
          const whole = v.parse(Response, data)
          if (whole.status === 'failed') throw fromStreamProblem(endpoint, data)
          return finish(whole)
        }
        case 'response.failed':
        case 'error':
          throw fromStreamProblem(endpoint, data)
        default:
          return []
      }
    },
    done() {}, // its end is an event of its own
    get finished() {
      return stop !== undefined
    },
    get closed() {
      return stop !== undefined
    },
    reply() {
      if (stop === undefined) throw streamError(endpoint, 'was cut off before its end')
      if (answer.calls.nameless) throw streamError(endpoint, 'calls a tool without saying which')
      const items = [...kept].sort(([a], [b]) => a - b).map(([, item]) => item)
      const native = items.some(item => item.type === 'reasoning' || ('phase' in item && item.phase))
      return answer.reply(refused ? 'refusal' : stop, endpoint.provider, 'responses', native ? { items } : {})
    },
    partial: () => answer.partial(),
  }
}

/** Reasoning goes back unchanged, but for a field that requests do not have. */
function withoutStatus({ ...item }: Record<string, unknown>): Record<string, unknown> {
  delete item['status']
  return item
}
