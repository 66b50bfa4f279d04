import { detectingReader } from '../detect.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Wire } from '../wire/exchange.ts'
import { postOpenai } from '../wire/sdk.ts'
import { geminiBody } from './gemini-request.ts'

/** Google's native root, as opposed to `/v1beta/openai` and to gateways. */
export const isNative = (endpoint: Endpoint): boolean => /\/v1(alpha|beta)\d*\/?$/.test(endpoint.base_url ?? '')

/** Google's own API, for a base URL that ends in `/v1beta`: its answers include thoughts. For its OpenAI-compatible API see `openai.ts`. */
export const geminiWire: Wire = {
  optional: ['reasoning_history', 'thinking', 'effort', 'images', 'system_role'],
  mendedElsewhere: ['thinkingConfig'],
  body: geminiBody,
  /** The key goes in a header: in the URL it would end in logs. */
  post: (endpoint, body, _, signal) =>
    postOpenai(
      endpoint,
      `/models/${encodeURIComponent(endpoint.model)}:streamGenerateContent?alt=sse`,
      body,
      signal,
      endpoint.api_key ? { 'x-goog-api-key': endpoint.api_key } : {},
    ),
  reader: detectingReader,
}
