import { describe, expect, test } from 'bun:test'
import { createReader } from '../../src/agent/history.ts'
import { noUsage } from '../../src/base/usage.ts'
import type { Message, Prompt, Storable, Stored, ToolResult } from '../../src/event.ts'

const log = (...events: Storable[]): Stored[] =>
  events.map((event, i) => ({ id: i + 1, at: '2026-11-23T10:00:00.000Z', ...event }) as Stored)
const prompt = (text: string, more: Partial<Prompt> = {}): Prompt => ({
  type: 'prompt',
  turn_id: 't1',
  text,
  source: 'user',
  ...more,
})
const message = (content: string, calls: string[] = [], more: Partial<Message> = {}): Message => ({
  type: 'message',
  turn_id: 't1',
  message_id: 'm1',
  role: 'assistant',
  content,
  tool_calls: calls.map(id => ({ tool_call_id: id, tool: 'read_file', params: { path: id } })),
  model: 'x/y',
  usage: noUsage(),
  stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn',
  ...more,
})
const result = (id: string, content: string): ToolResult => ({
  type: 'tool.result',
  turn_id: 't1',
  tool_call_id: id,
  tool: 'read_file',
  status: 'success',
  result: { content, metadata: {} },
  message: '',
  execution_time_ms: 1,
})
const historyOf = (events: Stored[]) => createReader()(events).history
const shape = (events: Stored[]) =>
  historyOf(events).map(m =>
    m.role === 'tool' ? `${m.tool_call_id}:${m.content}${m.is_error ? '!' : ''}` : `${m.role}:${m.text}`,
  )

describe('the history', () => {
  test.each([
    ['a plain turn', log(prompt('hi'), message('hello')), ['user:hi', 'assistant:hello']],
    [
      'results come back in call order, whatever the order they were recorded in',
      log(prompt('hi'), message('', ['a', 'b']), result('b', 'B'), result('a', 'A'), message('done')),
      ['user:hi', 'assistant:', 'a:A', 'b:B', 'assistant:done'],
    ],
    [
      'a steer that came while tools ran stands behind their results',
      log(prompt('hi'), message('', ['a']), result('a', 'A'), prompt('stop that', { source: 'steer' }), message('ok')),
      ['user:hi', 'assistant:', 'a:A', 'user:stop that', 'assistant:ok'],
    ],
    [
      'a call without a result gets one',
      log(prompt('hi'), message('', ['a']), prompt('again')),
      [
        'user:hi',
        'assistant:',
        'a:Interrupted before a result was recorded; it is not known whether it ran.!',
        'user:again',
      ],
    ],
    ['an empty message is left out', log(prompt('hi'), message('')), ['user:hi']],
    [
      'a message that was cut is continued',
      log(prompt('hi'), message('half a', [], { stop_reason: 'cut' })),
      [
        'user:hi',
        'assistant:half a',
        'user:The connection broke off there. Continue exactly where your last message stops, without repeating any of it.',
      ],
    ],
    [
      "what a delegated agent did is its parent's business only as a result",
      log(prompt('hi'), message('', ['a']), message('inner', [], { parent_tool_call_id: 'a' }), result('a', 'A')),
      ['user:hi', 'assistant:', 'a:A'],
    ],
    [
      'a compaction stands for everything before what it kept',
      log(prompt('old'), message('older'), prompt('kept'), message('kept too'), {
        type: 'context.compacted',
        turn_id: 't1',
        summary: 'S',
        first_kept_id: 3,
        tokens_before: 2,
        tokens_after: 1,
      }),
      [
        'user:<summary>\nThe conversation so far was summarised to save room:\n\nS\n</summary>',
        'user:kept',
        'assistant:kept too',
      ],
    ],
  ])('%s', (_, events, want) => expect(shape(events)).toEqual(want))

  test('is the same for every beginning of the log but for its end: caches hold', () => {
    const events = log(
      prompt('hi'),
      message('', ['a', 'b']),
      result('a', 'A'),
      result('b', 'B'),
      message('done'),
      prompt('more'),
      message('end'),
    )
    const whole = shape(events)
    for (const complete of [1, 4, 5, 6, 7]) {
      const part = shape(events.slice(0, complete))
      expect(whole.slice(0, part.length)).toEqual(part)
    }
  })

  test('what the editor shows follows the prompt', () => {
    const [only] = historyOf(
      log(
        prompt('why?', {
          context: {
            current_file: 'a.ts',
            cursor_position: { line: 3, column: 0 },
            region: { path: 'a.ts', start: 1, end: 2, text: '```' },
          },
        }),
      ),
    )
    expect(only).toMatchObject({
      text: 'why?\n\n<context>\ndate: 2026-11-23\ncurrent_file: a.ts\ncursor: line 3, column 0\nselected in a.ts (lines 1 to 2):\n````\n```\n````\n</context>',
    })
  })
})
