import * as v from 'valibot'
import type { StopReason } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { fromStreamProblem, LlmError, streamError } from '../errors.ts'
import type { ModelEvent } from '../provider.ts'
import { count, items, lenient, record, text } from '../wire/lenient.ts'
import { type Reader, ReplyBuilder } from '../wire/reader.ts'
import type { AnthropicBlock } from './anthropic-request.ts'

const Usage = v.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
})
const Block = v.object({
  type: text,
  text,
  thinking: text,
  signature: text,
  data: text,
  id: text,
  name: text,
  input: lenient(record),
})
const Event = v.object({
  type: text,
  index: count,
  message: lenient(v.object({ usage: lenient(Usage) })),
  content_block: lenient(Block),
  delta: lenient(
    v.object({ type: text, text, thinking: text, signature: text, partial_json: text, stop_reason: text }),
  ),
  usage: lenient(Usage),
  // A whole message, from a server that does not stream.
  content: items(Block),
  stop_reason: text,
})
type Block = v.InferOutput<typeof Block>

/** Reads the events of the Messages API. Thinking, with its signatures, is kept in order for the way back. */
export function anthropicReader(endpoint: Endpoint): Reader {
  const answer = new ReplyBuilder()
  const blocks: AnthropicBlock[] = []
  /** By the provider's index; deltas without one belong to the last block. */
  const open = new Map<number, AnthropicBlock>()
  /** Arguments that came with the start of their block; they count if no pieces follow. */
  const whole = new Map<number, string>()
  let latest = -1
  let stop: string | undefined
  let over = false

  function begin(index: number, block: Block): ModelEvent[] {
    latest = index
    if (block.type === 'tool_use') {
      if (block.input && Object.keys(block.input).length > 0) whole.set(index, JSON.stringify(block.input))
      const drafts = answer.calls.add({ index, id: block.id, name: block.name })
      const tool_call_id = answer.calls.idAt(index)!
      const use: AnthropicBlock = { type: 'tool_use', tool_call_id }
      // A gateway that begins the same block twice has one call.
      if (!blocks.some(each => each.type === 'tool_use' && each.tool_call_id === tool_call_id)) blocks.push(use)
      open.set(index, use)
      return drafts
    }
    if (block.type === 'redacted_thinking') {
      blocks.push({ type: 'redacted_thinking', data: block.data ?? '' })
      return []
    }
    if (block.type !== 'text' && block.type !== 'thinking') return []
    const kept: AnthropicBlock =
      block.type === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' }
    blocks.push(kept)
    open.set(index, kept)
    return grow(kept, block)
  }

  function grow(block: AnthropicBlock | undefined, delta: { text?: string; thinking?: string; signature?: string }) {
    if (block?.type === 'text') block.text += delta.text ?? ''
    if (block?.type === 'thinking') {
      block.thinking += delta.thinking ?? ''
      block.signature += delta.signature ?? ''
    }
    return [...answer.say(delta.text ?? ''), ...answer.think(delta.thinking ?? '')]
  }

  function count(usage: v.InferOutput<typeof Usage> | undefined): void {
    // Later numbers replace earlier ones, and those left out stay: llama.cpp's last event has the output only.
    answer.usage.input_tokens = usage?.input_tokens ?? answer.usage.input_tokens
    answer.usage.output_tokens = usage?.output_tokens ?? answer.usage.output_tokens
    answer.usage.cache_read_tokens = usage?.cache_read_input_tokens ?? answer.usage.cache_read_tokens
    answer.usage.cache_write_tokens = usage?.cache_creation_input_tokens ?? answer.usage.cache_write_tokens
  }

  return {
    read(data, name) {
      const parsed = v.safeParse(Event, data)
      if (!parsed.success) return []
      const event = parsed.output
      const index = event.index ?? latest
      switch (event.type ?? name) {
        case 'message_start':
          count(event.message?.usage)
          return []
        case 'content_block_start':
          return begin(event.index ?? latest + 1, event.content_block ?? NOTHING)
        case 'content_block_delta': {
          const { delta } = event
          const block = open.get(index)
          if (delta?.partial_json && block?.type === 'tool_use') {
            whole.delete(index)
            return answer.calls.add({ index, args: delta.partial_json })
          }
          return delta ? grow(block, delta) : []
        }
        case 'message_delta':
          stop = event.delta?.stop_reason ?? stop
          count(event.usage)
          return []
        case 'message_stop':
          over = true
          return []
        case 'message': {
          const events = event.content.flatMap((block, at) => begin(at, block))
          stop = event.stop_reason
          over = true
          count(event.usage)
          return events
        }
        case 'error':
          throw fromStreamProblem(endpoint, data)
        default:
          return []
      }
    },
    done() {
      over = true
    },
    get finished() {
      return stop !== undefined
    },
    get closed() {
      return over
    },
    reply() {
      // Some gateways forget the reason. Their word that it is over will do, if there is an answer and its calls are whole.
      for (const [index, args] of whole) answer.calls.settle(index, { args })
      const complete = answer.calls.size > 0 ? answer.calls.whole : answer.text !== ''
      if (stop === undefined && !(over && complete)) throw streamError(endpoint, 'was cut off before its end')
      if (answer.calls.nameless) throw streamError(endpoint, 'calls a tool without saying which')
      if (stop === 'model_context_window_exceeded' && !answer.text && answer.calls.size === 0)
        throw new LlmError('LLM_CONTEXT_LENGTH', contextFull(endpoint))
      const native = blocks.some(block => ('signature' in block && block.signature) || 'data' in block)
      return answer.reply(STOPS[stop ?? ''] ?? 'end_turn', endpoint.provider, 'anthropic', native ? { blocks } : {})
    },
    partial: () => answer.partial(),
  }
}

const NOTHING = v.parse(Block, {})

const contextFull = ({ provider, model }: Endpoint) =>
  `The conversation leaves ${model} at ${provider} no room for an answer. Start a new session, or choose a model with a larger window.`

/** `pause_turn` wants to be continued, as what was cut. */
const STOPS: Record<string, StopReason> = {
  end_turn: 'end_turn',
  stop_sequence: 'end_turn',
  tool_use: 'tool_use',
  max_tokens: 'max_tokens',
  model_context_window_exceeded: 'max_tokens',
  refusal: 'refusal',
  pause_turn: 'cut',
}
