import type { Endpoint } from '../endpoint.ts'
import { sendAmended } from '../parameters.ts'
import type { ModelRequest } from '../provider.ts'
import { sendWithout } from '../refusal.ts'
import type { Wire } from '../wire/exchange.ts'
import { postOpenai } from '../wire/sdk.ts'
import { whicheverReader } from '../wire/whichever.ts'
import { chatBody } from './openai-request.ts'

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
    sendAmended(endpoint, chatBody(endpoint, request, refused), body =>
      postOpenai(endpoint, '/chat/completions', body, signal),
    ),
  )

/** Chat completions: GPT, Gemini, and everything that imitates them. */
export const chatWire: Wire = { send: sendChat, reader: whicheverReader }
