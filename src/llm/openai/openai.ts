import { detectingReader } from '../detect.ts'
import type { Wire } from '../wire/exchange.ts'
import { postOpenai } from '../wire/sdk.ts'
import { chatBody } from './openai-request.ts'

/** Chat completions: GPT, Gemini, and everything that imitates them. */
export const chatWire: Wire = {
  optional: [
    'stream_options',
    'prompt_cache_key',
    'max_completion_tokens',
    'effort',
    'reasoning_history',
    'images',
    'user_after_tool',
    'null_content',
    'missing_reasoning',
    'system_role',
    'unnamed_results',
    'call_ids',
    'empty_content',
  ],
  body: chatBody,
  post: (endpoint, body, _, signal) => postOpenai(endpoint, '/chat/completions', body, signal),
  reader: detectingReader,
}
