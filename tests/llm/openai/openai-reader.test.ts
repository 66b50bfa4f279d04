import { expect, test } from 'bun:test'
import { check, type Expected, read, sse } from '../../support/reader-case.ts'

const delta = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
})
const call = (more: object) => delta({ tool_calls: [more] })
const END = delta({}, 'stop')
const F = { id: 'a', function: { name: 'f', arguments: '{"x":1}' } }

const CHAT: [string, string, Expected][] = [
  [
    'finish "stop" with a call',
    sse(call({ index: 0, ...F }), END, '[DONE]'),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  ['finish "tool_calls" without one', sse(delta({ content: 'Hi' }), delta({}, 'tool_calls')), { text: 'Hi' }],
  [
    'no finish, a whole call, and done',
    sse(call({ index: 0, ...F }), '[DONE]'),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  ['no finish, a whole call, and no more', sse(call({ index: 0, ...F })), { error: 'LLM_STREAM' }],
  [
    'no finish, half a call, and done',
    sse(call({ index: 0, function: { name: 'f', arguments: '{"x' } }), '[DONE]'),
    { error: 'LLM_STREAM' },
  ],
  ['no finish, text, and done', sse(delta({ content: 'Hi' }), '[DONE]'), { text: 'Hi' }],
  ['a finish, and no done', sse(delta({ content: 'Hi' }), END), { text: 'Hi' }],
  ['the finish comes with the last text', sse(delta({ content: 'Hi' }, 'stop')), { text: 'Hi' }],
  ['a call that nobody named', sse(call({ index: 0, function: { arguments: '{}' } }), END), { error: 'LLM_STREAM' }],
  [
    'arguments as an object',
    sse(call({ index: 0, function: { name: 'f', arguments: { x: 1 } } }), END),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    'arguments that are no JSON',
    sse(call({ index: 0, function: { name: 'f', arguments: '{x' } }), END),
    { calls: [['f', {}]], raw: '{x', stop: 'tool_use' },
  ],
  [
    'arguments cut at the limit',
    sse(call({ index: 0, function: { name: 'f', arguments: '{"x' } }), delta({}, 'length')),
    { calls: [['f', {}]], raw: '{"x', stop: 'max_tokens' },
  ],
  [
    'the old way to call',
    sse(
      delta({ function_call: { name: 'f', arguments: '{"x"' } }),
      delta({ function_call: { arguments: ':1}' } }),
      delta({}, 'function_call'),
    ),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    'usage first',
    sse({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 } }, delta({ content: 'Hi' }), END),
    { text: 'Hi', usage: [9, 1, 0, 0] },
  ],
  [
    'usage in the choice',
    sse({
      choices: [{ delta: { content: 'Hi' }, finish_reason: 'stop', usage: { prompt_tokens: 9, completion_tokens: 1 } }],
    }),
    { text: 'Hi', usage: [9, 1, 0, 0] },
  ],
  [
    'usage on every chunk',
    sse(
      { ...delta({ content: 'H' }), usage: { prompt_tokens: 9, completion_tokens: 1 } },
      { ...delta({ content: 'i' }, 'stop'), usage: { prompt_tokens: 9, completion_tokens: 2 } },
    ),
    { text: 'Hi', usage: [9, 2, 0, 0] },
  ],
  [
    'usage of Groq',
    sse(END, { choices: [], x_groq: { usage: { prompt_tokens: 9, completion_tokens: 2 } } }),
    { usage: [9, 2, 0, 0] },
  ],
  [
    'usage of DeepSeek',
    sse({ ...END, usage: { prompt_tokens: 9, completion_tokens: 2, prompt_cache_hit_tokens: 4 } }),
    { usage: [5, 2, 4, 0] },
  ],
  [
    'usage with cache writes',
    sse({
      ...END,
      usage: {
        prompt_tokens: 9,
        completion_tokens: 2,
        prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 4 },
      },
    }),
    { usage: [2, 2, 3, 4] },
  ],
  [
    'usage null, strings and negative',
    sse({ ...END, usage: null }, { choices: [], usage: { prompt_tokens: '9', completion_tokens: -2 } }),
    { usage: [0, 0, 0, 0] },
  ],
  [
    'a message instead of deltas',
    JSON.stringify({ choices: [{ message: { content: 'Hi', tool_calls: [F] }, finish_reason: 'stop' }] }),
    { text: 'Hi', calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    "Mistral's list of parts",
    sse(
      delta({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
          { type: 'text', text: 'Hi' },
        ],
      }),
      END,
    ),
    { text: 'Hi', thinking: 'Hm' },
  ],
  [
    'reasoning in two fields counts once',
    sse(delta({ reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'Hm' }] }), END),
    { thinking: 'Hm' },
  ],
  [
    'reasoning in details only',
    sse(delta({ reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm' }] }), END),
    { thinking: 'Hm' },
  ],
  [
    'details are put together for the way back',
    sse(
      delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'H', format: 'x' }] }),
      delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'm', signature: null }] }),
      delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, text: '', signature: 's' }] }),
      delta({ reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'd' }] }),
      call({ index: 0, ...F }),
      END,
    ),
    {
      thinking: 'Hm',
      calls: [['f', { x: 1 }]],
      stop: 'tool_use',
      kept: {
        reasoning: {
          reasoning_details: [
            { type: 'reasoning.text', index: 0, text: 'Hm', format: 'x', signature: 's' },
            { type: 'reasoning.encrypted', index: 1, data: 'd' },
          ],
        },
      },
    },
  ],
  [
    "Gemini's signature on a call",
    sse(call({ index: 0, ...F, extra_content: { google: { thought_signature: 's' } } }), END),
    { calls: [['f', { x: 1 }]], stop: 'tool_use', kept: { call_extras: expect.anything() } },
  ],
  ['a refusal', sse(delta({ refusal: 'No.' }), call({ index: 0, ...F }), END), { text: 'No.', stop: 'refusal' }],
  ['a filter', sse(delta({ content: 'Hi' }), delta({}, 'content_filter')), { text: 'Hi', stop: 'refusal' }],
  ['finish "error"', sse(delta({ content: 'Hi' }), delta({}, 'error')), { error: 'LLM_OVERLOADED' }],
  [
    'an error beside choices',
    sse({ ...delta({}), error: { code: 429, message: 'slow' } }),
    { error: 'LLM_RATE_LIMIT' },
  ],
  [
    "an error in vLLM's shape",
    sse({ object: 'error', message: 'no', type: 'BadRequestError', code: 400 }),
    { error: 'LLM_INVALID_REQUEST' },
  ],
  [
    'wrong types everywhere',
    sse({ choices: [{ index: 'x', delta: { content: 7, tool_calls: {}, reasoning: [] }, finish_reason: 'stop' }] }),
    {},
  ],
  [
    'another choice',
    sse(
      { choices: [{ index: 1, delta: { content: 'no' }, finish_reason: 'stop' }] },
      delta({ content: 'yes' }, 'stop'),
    ),
    { text: 'yes' },
  ],
]

for (const [name, body, expected] of CHAT) test(name, () => check('chat', body, expected))

test('a server that answers another API in this format is understood', () => {
  for (const [, body, expected] of CHAT)
    for (const family of ['chat', 'responses', 'gemini'] as const) check(family, body, expected)
})

test("a provider's wait is read from its words", () => {
  const cases: [unknown, number][] = [
    [{ error: { code: 429, message: 'Rate limit reached. Please try again in 7.66s. Visit …' } }, 7_660],
    [{ error: { code: 429, message: 'try again in 1m2.5s' } }, 62_500],
    [{ error: { code: 429, message: 'try again in 120ms' } }, 120],
    [
      {
        error: {
          code: 429,
          status: 'RESOURCE_EXHAUSTED',
          message: 'You exceeded your current quota',
          details: [{ '@type': 'x' }, { retryDelay: '34s' }],
        },
      },
      34_000,
    ],
  ]
  for (const [body, retry_after_ms] of cases)
    expect(read('chat', sse(body)).error).toMatchObject({ code: 'LLM_RATE_LIMIT', retry_after_ms })
})
