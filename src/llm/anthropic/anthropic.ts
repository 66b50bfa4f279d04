import type { Endpoint } from '../endpoint.ts'
import type { ModelEvent, ModelReply, ModelRequest } from '../provider.ts'
import { sendWithout } from '../refusal.ts'
import { exchange, type Wire } from '../wire/exchange.ts'
import type { Patience } from '../wire/lifeline.ts'
import { postAnthropic } from '../wire/sdk.ts'
import { anthropicReader } from './anthropic-reader.ts'
import { anthropicBody, bindsThinking } from './anthropic-request.ts'

/** One call of Claude, or of a server that speaks its Messages API. Throws LlmError, or the signal's reason. */
export function streamAnthropic(
  endpoint: Endpoint,
  request: ModelRequest,
  signal: AbortSignal,
  patience?: Patience,
): AsyncGenerator<ModelEvent, ModelReply> {
  return exchange(endpoint, anthropicReader(endpoint), sendAnthropic(endpoint, request), signal, patience)
}

const OPTIONAL = ['block_binding', 'reasoning_history', 'thinking', 'effort', 'images'] as const

const sendAnthropic = (endpoint: Endpoint, request: ModelRequest) => (signal: AbortSignal) =>
  sendWithout(endpoint, OPTIONAL, refused =>
    postAnthropic(
      endpoint,
      '/v1/messages',
      anthropicBody(endpoint, request, refused),
      signal,
      bindsThinking(endpoint, refused) ? { 'anthropic-beta': 'thinking-binding-controls-2026-08-01' } : {},
    ),
  )

export const anthropicWire: Wire = { send: sendAnthropic, reader: anthropicReader }
