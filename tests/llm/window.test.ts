import { describe, expect, test } from 'bun:test'
import { saysContextIsFull } from '../../src/llm/window.ts'

/** As providers and servers word it; the rule must not depend on any one of them. */
const FULL = [
  'prompt length 9000 > n_ctx 8192',
  'prompt token count of 139950 exceeds the limit of 128000',
  'The decoder prompt (length 40012) is longer than the maximum model length of 32768. Make sure that `max_model_len` is no smaller than the number of text tokens.',
  '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]',
  'Input validation error: `inputs` must have less than 4095 tokens. Given: 6000',
  'Please reduce the length of the messages or completion.',
  "Request with 50000 tokens exceeds the model's maximum of 32768 tokens",
  'Prompt has 5000 tokens, but the max is 4096',
  'Exceeded max number of tokens: input 40000 > 32768',
  'Input exceeds maximum length of 1048576 characters.',
  "The input (40000 tokens) is longer than the model's context length (32768 tokens).",
  'Prompt exceeds max length',
  'Prompt length 5000 is greater than max_seq_len 4096',
  'Prompt has 5000 tokens in total, larger than the model input length limit 4096',
  'too many tokens: total number of tokens in the prompt cannot exceed 4081',
  'expected maxLength: 400000, actual: 500000. Malformed input request',
  'Input sequence length exceeds the limit',
  'Your request is too big for this model',
  'The conversation is too long, please start a new one',
  'Total tokens of image and text exceed max message tokens',
  "Invalid 'messages[1].content': string too long. Expected a string with maximum length 10485760",
  'max_tokens must be at least 1, got -1234.',
  '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 6000 `inputs` tokens and 1000 `max_new_tokens`',
  "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens (30000 of text input, 2000 of tool input, 8000 in the output).",
  "The message is too long for this model's memory",
  'Requested tokens (9000) exceed context window of 2048',
  'Prompt 超长',
  'messages too long for model',
  'the request does not fit in n_ctx',
  'token limit exceeded',
  'Number of input tokens (9000) has exceeded max_input_tokens (8000) limit',
  'ran out of context',
  'You have sent 9000 tokens but only 8192 are allowed',
  'prompt tokens: 9000, limit: 8192',
  'Input text exceeds the allowed size',
  'Total length of the chat history is over the 32k limit',
]

/** What has a length, a limit or tokens, and is no full window. */
const OTHER = [
  'tools.3.function.description: string too long, maximum length is 1024 characters',
  'messages.4.tool_calls.0.id: string too long. Expected a string with maximum length 40',
  "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 200 instead.",
  'image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes',
  'max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude',
  'max_tokens is too large: 100000. This model supports at most 4096 completion tokens, whereas you provided 100000.',
  "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  'temperature must be less than 2',
  'thinking.budget_tokens: Input should be greater than or equal to 1024',
  'some bad thing',
  "Unexpected role 'user' after role 'tool'",
  'The `reasoning_content` in the thinking mode must be passed back to the API.',
  'Rate limit reached: tokens per min (TPM): Limit 30000',
  'prompt_cache_key: string too long, max length 64',
  'messages.2.content: Input should be a valid string',
  'System role not supported',
  'At least one of the image dimensions exceed max allowed size: 8000 pixels',
  'No endpoints found that support image input',
  'Invalid API key: token expired',
  'Conversation roles must alternate user/assistant/user/assistant/...',
  'Model does not support tools',
  'messages: at least one message is required',
  "Unknown parameter: 'stream_options'.",
  'too many concurrent requests',
  'Request timed out',
  'function name must be at most 64 characters',
  'Invalid token',
  'Your account is limited',
  'The model is overloaded',
  'this request only supports streaming',
  'does not support thinking',
  'Input should be less than or equal to 2',
]

describe('a refusal that says that the window is full', () => {
  test.each(FULL)('%s', message => {
    expect(saysContextIsFull({ status: 400, message })).toBe(true)
    expect(saysContextIsFull({ message })).toBe(true)
  })
})

describe('a refusal that says something else', () => {
  test.each([...OTHER, 'Token limit reached'])('%s', message => {
    expect(saysContextIsFull({ status: 400, message })).toBe(false)
  })

  test('limits of an account are none of a window, whatever they count', () => {
    for (const status of [401, 402, 403, 429])
      expect(saysContextIsFull({ status, message: 'Too many tokens: the limit is 30000.' })).toBe(false)
  })
})
