import type { ProviderData, StopReason } from '../../event.ts'
import type { ModelEvent, ModelReply } from '../provider.ts'
import { Calls } from './calls.ts'

/** Turns the payloads of one wire format into events and a reply. Pure: it sees no connection, no clock and no signal. */
export type Reader = {
  /** Takes the JSON of one payload. Throws LlmError for what the provider reports as a failure. */
  read(data: unknown, event: string): ModelEvent[]
  /** The stream said that it is over (`[DONE]`). */
  done(): void
  /** At the end of the bytes: what was held back until now. */
  flush?(): ModelEvent[]
  /** A finish was seen: a connection that breaks from here on costs nothing. */
  readonly finished: boolean
  /** Nothing can follow: stop listening. */
  readonly closed: boolean
  /** The whole answer. Throws LlmError LLM_STREAM if it was cut: without a finish, nothing is complete. */
  reply(): ModelReply
  /** What there is of an answer that was cut: its text, and never its calls. */
  partial(): ModelReply
}

/** The answer as it grows. Every reader fills one. */
export class ReplyBuilder {
  text = ''
  thinking = ''
  readonly calls = new Calls()
  readonly usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 }

  say(text: string): ModelEvent[] {
    if (!text) return []
    this.text += text
    return [{ type: 'text', text }]
  }

  /** What was taken for the answer was thinking: it ended with a tag that nothing opened. */
  rethink(): ModelEvent[] {
    if (!this.text) return []
    this.thinking += this.text
    const thought: ModelEvent = { type: 'thinking', text: this.text }
    this.text = ''
    return [thought, { type: 'text', text: '', replace: true }]
  }

  think(text: string): ModelEvent[] {
    if (!text) return []
    this.thinking += text
    return [{ type: 'thinking', text }]
  }

  /** `native` is what the provider wants back unchanged, beside the ids of its calls. */
  reply(stop: StopReason, provider: string, wire: string, native: Record<string, unknown> = {}): ModelReply {
    const { tool_calls, ids, raw_arguments } = this.calls.finish()
    const data: Record<string, unknown> = { ...present({ ids, raw_arguments }), ...native }
    if (stop === 'refusal') return { ...this.partial(), stop_reason: stop } // what was refused is not carried out
    const calling = tool_calls.length > 0 && stop !== 'max_tokens'
    return {
      text: this.text,
      ...(this.thinking && { thinking: this.thinking }),
      tool_calls,
      usage: { ...this.usage },
      stop_reason: calling ? 'tool_use' : stop === 'tool_use' ? 'end_turn' : stop,
      ...(Object.keys(data).length > 0 && { provider_data: { provider, wire, ...data } satisfies ProviderData }),
    }
  }

  partial(): ModelReply {
    return {
      text: this.text,
      ...(this.thinking && { thinking: this.thinking }),
      tool_calls: [],
      usage: { ...this.usage },
      stop_reason: 'cut',
    }
  }
}

const present = (fields: Record<string, Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => Object.keys(value).length > 0))
