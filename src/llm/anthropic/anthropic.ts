import type { Wire } from '../wire/exchange.ts'
import { postAnthropic } from '../wire/sdk.ts'
import { anthropicReader } from './anthropic-reader.ts'
import { anthropicBody, bindsThinking } from './anthropic-request.ts'

/** Claude, or a server that speaks its Messages API. */
export const anthropicWire: Wire = {
  optional: [
    'block_binding',
    'reasoning_history',
    'thinking',
    'effort',
    'images',
    'cache_control',
    'content_parts',
    'call_ids',
    'system_role',
  ],
  mendedElsewhere: ['thinking', 'output_config'],
  body: anthropicBody,
  post: (endpoint, body, refused, signal) =>
    postAnthropic(
      endpoint,
      '/v1/messages',
      body,
      signal,
      bindsThinking(endpoint, refused) ? { 'anthropic-beta': 'thinking-binding-controls-2026-08-01' } : {},
    ),
  reader: anthropicReader,
}
