import type { Endpoint } from '../endpoint.ts'
import { sendAmended } from '../parameters.ts'
import type { ModelRequest } from '../provider.ts'
import { sendWithout } from '../refusal.ts'
import type { Wire } from '../wire/exchange.ts'
import { postOpenai } from '../wire/sdk.ts'
import { whicheverReader } from '../wire/whichever.ts'
import { geminiBody } from './gemini-request.ts'

const OPTIONAL = ['reasoning_history', 'thinking', 'effort', 'images'] as const

/** The key goes in a header: in the URL it would end in logs. */
const sendGemini = (endpoint: Endpoint, request: ModelRequest) => (signal: AbortSignal) =>
  sendWithout(endpoint, OPTIONAL, refused =>
    sendAmended(
      endpoint,
      geminiBody(endpoint, request, refused),
      body =>
        postOpenai(
          endpoint,
          `/models/${encodeURIComponent(endpoint.model)}:streamGenerateContent?alt=sse`,
          body,
          signal,
          endpoint.api_key ? { 'x-goog-api-key': endpoint.api_key } : {},
        ),
      ['thinkingConfig'],
    ),
  )

/** Google's native root, as opposed to `/v1beta/openai` and to gateways. */
export const isNative = (endpoint: Endpoint): boolean => /\/v1(alpha|beta)\d*\/?$/.test(endpoint.base_url ?? '')

/** Google's own API, for a base URL that ends in `/v1beta`: it also tells its thoughts. Its OpenAI-compatible one is `openai.ts`. */
export const geminiWire: Wire = { send: sendGemini, reader: whicheverReader }
