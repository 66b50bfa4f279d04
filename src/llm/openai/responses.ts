import { detectingReader } from '../detect.ts'
import type { Wire } from '../wire/exchange.ts'
import { postOpenai } from '../wire/sdk.ts'
import { responsesBody } from './responses-request.ts'

/**
 * OpenAI's Responses API, which its reasoning models need. A server at another address that has no such route is asked over
 * chat completions: the same model, in its older words.
 */
export const responsesWire: Wire = {
  optional: [
    'responses',
    'reasoning_summary',
    'reasoning_history',
    'effort',
    'prompt_cache_key',
    'images',
    'system_role',
    'call_ids',
  ],
  body: responsesBody,
  post: (endpoint, body, _, signal) => postOpenai(endpoint, '/responses', body, signal),
  reader: detectingReader,
}
