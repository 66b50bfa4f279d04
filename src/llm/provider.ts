import type { Prices } from '../config/config.ts'
import type { Effort, ErrorCode, ProviderData, StopReason, ToolCall, ToolResult, Usage } from '../event.ts'

/**
 * What the loop and the providers say to each other. Providers differ only inside this folder: each turns its wire format
 * into these few events, and throws `LlmError` on failure.
 */

export type Image = { media_type: string; data: string }

/** What the person wrote, without what was put behind it, and the file that the editor showed. Sent to no provider. */
type Asked = { prompt: string; current_file?: string }
/** What the log has of a result beside its text. Sent to no provider: it is there for models that read no sentences. */
export type ResultFacts = Pick<ToolResult, 'status' | 'error' | 'reason' | 'edited'> & {
  metadata?: Record<string, unknown>
}

export type ModelMessage =
  | { role: 'user'; text: string; images?: Image[]; asked?: Asked }
  | {
      role: 'assistant'
      text: string
      thinking?: string
      tool_calls: ToolCall[]
      /** `provider/model` that wrote it: thinking and signatures go back only to the family that made them. */
      model: string
      provider_data?: ProviderData
    }
  | {
      role: 'tool'
      tool_call_id: string
      tool: string
      content: string
      is_error: boolean
      images?: Image[]
      facts?: ResultFacts
    }

export type JsonSchema = Record<string, unknown>
/** `name` fits `^[a-zA-Z0-9_-]{1,64}$`. */
export type ToolDefinition = { name: string; description: string; parameters: JsonSchema }

/** A model as `GET /api/models` shows it. `id` is `provider/model`; `reason` says why it is not usable, with the remedy. */
export type ModelInfo = {
  id: string
  provider: string
  usable: boolean
  reason?: string
  /** For the person who uses it: that it ends soon, and what follows it. */
  notice?: string
  context_window?: number
  max_output?: number
  prices?: Prices
  /** Takes images in a prompt. */
  images?: boolean
  /** How much it can be asked to think, where that is known. */
  efforts?: Effort[]
  /** False: no native tool calling; calls travel in the text (see `wire/textual.ts`). */
  tools?: boolean
}

export type ModelRequest = {
  /** `provider/model`, resolved. */
  model: string
  system: string
  messages: ModelMessage[]
  tools: ToolDefinition[]
  max_output_tokens?: number
  effort?: Effort
  /** Stable per session: a cache key for providers that route by one. */
  session_id?: string
}

/** What a running call yields. A `draft` is a tool call whose arguments are still streaming; `tool_call_id` is already ours. */
export type ModelEvent =
  /** `replace`: the text so far turned out to be thinking, and this stands in its place. */
  | { type: 'text'; text: string; replace?: true }
  | { type: 'thinking'; text: string }
  | { type: 'draft'; tool_call_id: string; tool: string; chars: number; path?: string }
  | { type: 'retry'; code: LlmErrorCode; message: string; retry_in_ms: number }
  /** So much of a long wait that was announced as a `retry` is left. */
  | { type: 'waiting'; left_ms: number }

/**
 * What a call returns when it is done. Arguments that are not a JSON object leave `params` empty and the raw text in
 * `provider_data.raw_arguments[tool_call_id]`, for the loop to answer with INVALID_PARAMS; such a call never runs.
 */
export type ModelReply = {
  text: string
  thinking?: string
  tool_calls: ToolCall[]
  usage: Usage
  stop_reason: StopReason
  provider_data?: ProviderData
}

/** One model call: yields while streaming, returns the finished reply, throws `LlmError` (or the signal's reason on abort). */
export type Stream = (request: ModelRequest, signal: AbortSignal) => AsyncGenerator<ModelEvent, ModelReply>

export type LlmErrorCode = Extract<ErrorCode, `LLM_${string}`>
