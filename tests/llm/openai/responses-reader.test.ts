import { test } from 'bun:test'
import { check, type Expected, sse } from '../../support/reader-case.ts'

const typed = (type: string, more: object = {}) => ({ type, ...more })
const FC = { type: 'function_call', id: 'fc', call_id: 'c', name: 'f', arguments: '{"x":1}' }
const completed = (response: object = {}) => typed('response.completed', { response })

const RESPONSES: [string, string, Expected][] = [
  [
    'no index, ids that change',
    sse(
      typed('response.output_item.added', { item: { ...FC, id: 'one', arguments: '' } }),
      typed('response.function_call_arguments.delta', { item_id: 'two', delta: '{"x":1}' }),
      typed('response.output_item.done', { item: { ...FC, id: 'three' } }),
      completed(),
    ),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    'only the end',
    sse(completed({ output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }, FC] })),
    { text: 'Hi', calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    'a whole response',
    JSON.stringify({
      object: 'response',
      status: 'completed',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
    }),
    { text: 'Hi' },
  ],
  [
    'a whole response that failed',
    JSON.stringify({ object: 'response', status: 'failed', error: { code: 'server_error', message: 'no' } }),
    { error: 'LLM_OVERLOADED' },
  ],
  [
    'the limit, in mid-call',
    sse(
      typed('response.output_item.added', { output_index: 0, item: { ...FC, arguments: '' } }),
      typed('response.function_call_arguments.delta', { output_index: 0, delta: '{"x' }),
      typed('response.incomplete', { response: { incomplete_details: { reason: 'max_output_tokens' } } }),
    ),
    { calls: [['f', {}]], raw: '{"x', stop: 'max_tokens' },
  ],
  ['a refusal', sse(typed('response.refusal.delta', { delta: 'No.' }), completed()), { text: 'No.', stop: 'refusal' }],
  [
    'summaries in parts',
    sse(
      typed('response.output_item.added', { output_index: 0, item: { type: 'reasoning' } }),
      typed('response.reasoning_summary_part.added', { output_index: 0 }),
      typed('response.reasoning_summary_text.delta', { output_index: 0, delta: 'One.' }),
      typed('response.reasoning_summary_part.added', { output_index: 0 }),
      typed('response.reasoning_summary_text.delta', { output_index: 0, delta: 'Two.' }),
      completed(),
    ),
    { thinking: 'One.\n\nTwo.' },
  ],
  [
    'what the deltas left out',
    sse(
      typed('response.output_item.done', { output_index: 0, item: { type: 'message', content: [{ text: 'Hi' }] } }),
      completed(),
    ),
    { text: 'Hi' },
  ],
  [
    'phases go back',
    sse(
      typed('response.output_item.done', {
        output_index: 0,
        item: { type: 'message', phase: 'commentary', content: [{ text: 'Hi' }] },
      }),
      completed(),
    ),
    { text: 'Hi', kept: { items: [{ type: 'message', text: 'Hi', phase: 'commentary' }] } },
  ],
  [
    'reasoning without encryption does not',
    sse(
      typed('response.output_item.done', { output_index: 0, item: { type: 'reasoning', id: 'rs' } }),
      typed('response.output_item.done', { output_index: 1, item: { ...FC, call_id: '' } }),
      completed(),
    ),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  ['no end', sse(typed('response.output_text.delta', { delta: 'Hi' })), { error: 'LLM_STREAM' }],
  [
    'failed',
    sse(
      typed('response.failed', {
        response: { error: { code: 'rate_limit_exceeded', message: 'Please try again in 1.5s.' } },
      }),
    ),
    { error: 'LLM_RATE_LIMIT' },
  ],
]

for (const [name, body, expected] of RESPONSES) test(name, () => check('responses', body, expected))

test('a server that answers another API in this format is understood', () => {
  for (const [, body, expected] of RESPONSES)
    for (const family of ['chat', 'responses', 'gemini'] as const) check(family, body, expected)
})
