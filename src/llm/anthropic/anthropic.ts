import type { Endpoint } from '../endpoint.ts'
import { sendAmended } from '../parameters.ts'
import type { ModelRequest } from '../provider.ts'
import { sendWithout } from '../refusal.ts'
import type { Wire } from '../wire/exchange.ts'
import { postAnthropic } from '../wire/sdk.ts'
import { anthropicReader } from './anthropic-reader.ts'
import { anthropicBody, bindsThinking } from './anthropic-request.ts'

const OPTIONAL = ['block_binding', 'reasoning_history', 'thinking', 'effort', 'images'] as const

const sendAnthropic = (endpoint: Endpoint, request: ModelRequest) => (signal: AbortSignal) =>
  sendWithout(endpoint, OPTIONAL, refused =>
    sendAmended(
      endpoint,
      anthropicBody(endpoint, request, refused),
      body =>
        postAnthropic(
          endpoint,
          '/v1/messages',
          body,
          signal,
          bindsThinking(endpoint, refused) ? { 'anthropic-beta': 'thinking-binding-controls-2026-08-01' } : {},
        ),
      ['thinking', 'output_config'],
    ),
  )

/** Claude, or a server that speaks its Messages API. */
export const anthropicWire: Wire = { send: sendAnthropic, reader: anthropicReader }
