import { expect, test } from 'bun:test'
import { isAboutOutput, loweredOutput } from '../../src/llm/output.ts'

/** The words, what was asked for, and what is asked for next. */
const ROWS: [string, number, number | undefined][] = [
  [
    'max_tokens is too large: 100000. This model supports at most 4096 completion tokens, whereas you provided 100000.',
    100000,
    4096,
  ],
  [
    'max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022',
    100000,
    8192,
  ],
  [
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again',
    21333,
    11172,
  ],
  [
    "'max_tokens' or 'max_completion_tokens' is too large: 100000. This model's maximum context length is 32768 tokens and your request has 1000 input tokens (100000 > 32768 - 1000).",
    100000,
    30179,
  ],
  ['<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]', 100000, 8192],
  ['Invalid max_tokens value, the valid range of max_tokens is [1, 8192]', 100000, 8192],
  [
    '`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model',
    100000,
    8191,
  ],
  [
    "This model's maximum context length is 16385 tokens. However, you requested 20000 tokens (4000 in the messages, 16000 in the completion). Please reduce the length of the messages or completion.",
    16000,
    11765,
  ],
  [
    'Unable to submit request because it has a maxOutputTokens value of 100000 but the supported range is from 1 (inclusive) to 65537 (exclusive). Update the value and try again.',
    100000,
    65536,
  ],
  [
    'The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.',
    100000,
    4095,
  ],
  [
    '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 1000 `inputs` tokens and 10000 `max_new_tokens`',
    10000,
    2941,
  ],
  [
    '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 6000 `inputs` tokens and 1000 `max_new_tokens`',
    1000,
    undefined,
  ],
  ['max_tokens too high for this model', 100000, 50000],
  [
    "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens (30000 of text input, 2000 of tool input, 8000 in the output).",
    8000,
    729,
  ],
  ['tools.3.function.description: string too long, maximum length is 1024 characters', 100000, undefined],
]

test.each(ROWS)('%s', (words, asked, next) => expect(loweredOutput(words, asked)).toBe(next))

test('the size of an answer is not lowered for other reasons, nor to nothing', () => {
  expect(loweredOutput('The prompt is too long: 300000 tokens > 200000 maximum', 8_192)).toBeUndefined()
  expect(loweredOutput("Unknown parameter: 'max_tokens'.", 8_192)).toBeUndefined()
  expect(loweredOutput('max_tokens is too large', 200)).toBeUndefined()
  expect(loweredOutput('max_tokens is too large', undefined)).toBeUndefined()
})

test('the answer alone is to blame only where no prompt is named', () => {
  expect(isAboutOutput('max_tokens: 100000 > 8192')).toBe(true)
  expect(isAboutOutput('input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000')).toBe(false)
})
