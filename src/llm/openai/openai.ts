import type { Endpoint } from '../endpoint.ts'
import type { ModelEvent, ModelReply, ModelRequest } from '../provider.ts'
import { sendWithout } from '../refusal.ts'
import { exchange, type Wire } from '../wire/exchange.ts'
import type { Patience } from '../wire/lifeline.ts'
import { postOpenai } from '../wire/sdk.ts'
import { whicheverReader } from '../wire/whichever.ts'
import { chatBody } from './openai-request.ts'

/** One call over chat completions: GPT, Gemini, and everything that imitates them. Throws LlmError, or the signal's reason. */
export function streamChat(
  endpoint: Endpoint,
  request: ModelRequest,
  signal: AbortSignal,
  patience?: Patience,
): AsyncGenerator<ModelEvent, ModelReply> {
  return exchange(endpoint, whicheverReader(endpoint), sendChat(endpoint, request), signal, patience)
}

const OPTIONAL = [
  'stream_options',
  'prompt_cache_key',
  'max_completion_tokens',
  'effort',
  'reasoning_history',
  'images',
] as const

export const sendChat = (endpoint: Endpoint, request: ModelRequest) => (signal: AbortSignal) =>
  sendWithout(endpoint, OPTIONAL, refused =>
    postOpenai(endpoint, '/chat/completions', chatBody(endpoint, request, refused), signal),
  )

export const chatWire: Wire = { send: sendChat, reader: whicheverReader }
