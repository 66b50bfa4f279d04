import { test } from 'bun:test'
import { check, type Expected, sse } from '../../support/reader-case.ts'

const typed = (type: string, more: object = {}) => ({ type, ...more })
const start = (index: number, content_block: object) => typed('content_block_start', { index, content_block })
const grow = (index: number, delta: object) => typed('content_block_delta', { index, delta })
const stop = (stop_reason: string) => typed('message_delta', { delta: { stop_reason } })

const ANTHROPIC: [string, string, Expected][] = [
  [
    'redacted thinking is kept, in order',
    sse(start(0, { type: 'redacted_thinking', data: 'xx' }), start(1, { type: 'text', text: 'Hi' }), stop('end_turn')),
    {
      text: 'Hi',
      kept: {
        blocks: [
          { type: 'redacted_thinking', data: 'xx' },
          { type: 'text', text: 'Hi' },
        ],
      },
    },
  ],
  [
    'arguments with the start of the block',
    sse(start(0, { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }), stop('tool_use')),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    'arguments with the start, and again in pieces',
    sse(
      start(0, { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }),
      grow(0, { type: 'input_json_delta', partial_json: '{"x":1}' }),
      stop('tool_use'),
    ),
    { calls: [['f', { x: 1 }]], stop: 'tool_use' },
  ],
  [
    'deltas without an index',
    sse(start(0, { type: 'text' }), { type: 'content_block_delta', delta: { text: 'Hi' } }, stop('end_turn')),
    { text: 'Hi' },
  ],
  [
    'event names only',
    'event: content_block_start\ndata: {"content_block":{"type":"text","text":"Hi"}}\n\nevent: message_delta\ndata: {"delta":{"stop_reason":"end_turn"}}\n\n',
    { text: 'Hi' },
  ],
  [
    'no stop reason',
    sse(start(0, { type: 'text', text: 'Hi' }), typed('message_stop')),
    { text: 'Hi', stop: 'end_turn' },
  ],
  [
    'no stop reason, but a whole call',
    sse(
      start(0, { type: 'tool_use', id: 'a', name: 'f' }),
      grow(0, { type: 'input_json_delta', partial_json: '{"a":1}' }),
      typed('message_stop'),
    ),
    { calls: [['f', { a: 1 }]], stop: 'tool_use' },
  ],
  [
    'no stop reason, and half a call',
    sse(
      start(0, { type: 'tool_use', id: 'a', name: 'f' }),
      grow(0, { type: 'input_json_delta', partial_json: '{"a":' }),
      typed('message_stop'),
    ),
    { error: 'LLM_STREAM' },
  ],
  ['no stop reason, and nothing', sse(typed('message_stop')), { error: 'LLM_STREAM' }],
  ['no end at all', sse(start(0, { type: 'text', text: 'Hi' })), { error: 'LLM_STREAM' }],
  [
    'a refusal calls nothing',
    sse(start(0, { type: 'tool_use', id: 'a', name: 'f' }), stop('refusal')),
    { stop: 'refusal' },
  ],
  [
    'a pause is to be continued',
    sse(start(0, { type: 'text', text: 'Hi' }), stop('pause_turn')),
    { text: 'Hi', stop: 'cut' },
  ],
  [
    'a full window, with text',
    sse(start(0, { type: 'text', text: 'Hi' }), stop('model_context_window_exceeded')),
    { text: 'Hi', stop: 'max_tokens' },
  ],
  ['a full window, with nothing', sse(stop('model_context_window_exceeded')), { error: 'LLM_CONTEXT_LENGTH' }],
  [
    'blocks of other kinds',
    sse(
      start(0, { type: 'server_tool_use', id: 's', name: 'web' }),
      grow(0, { type: 'input_json_delta', partial_json: '{}' }),
      start(1, { type: 'text', text: 'Hi' }),
      stop('end_turn'),
    ),
    { text: 'Hi' },
  ],
  [
    'overloaded in mid-stream',
    sse(start(0, { type: 'text' }), { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    { error: 'LLM_OVERLOADED' },
  ],
  [
    'the cache in usage',
    sse(
      typed('message_start', {
        message: {
          usage: { input_tokens: 3, cache_read_input_tokens: 100, cache_creation_input_tokens: 20, output_tokens: 1 },
        },
      }),
      typed('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7, input_tokens: null } }),
    ),
    { usage: [3, 7, 100, 20] },
  ],
  [
    'a whole message',
    JSON.stringify({
      type: 'message',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 2 },
    }),
    { text: 'Hi', calls: [['f', { x: 1 }]], stop: 'tool_use', usage: [1, 2, 0, 0] },
  ],
]

for (const [name, body, expected] of ANTHROPIC) test(name, () => check('anthropic', body, expected))
