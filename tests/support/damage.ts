import type { Storable } from '../../src/event.ts'
import {
  closed,
  created,
  fileChanged,
  message,
  prompt,
  toolCall,
  toolResult,
  turnEnd,
  usage,
} from '../transcript/events.ts'

/** One event of every type, each with all of its optional fields: what damages are done to. */
export const everyEvent: Storable[] = [
  created(),
  { type: 'session.updated', model: 'offline/guide', agent: 'build', title: 'T', rule: 'shell_exec(=ls)' },
  {
    type: 'session.updated',
    config: { auto_approve_readonly: true, auto_approve_tools: ['grep'], save_transcript: true },
  },
  { type: 'session.resumed' },
  { type: 'prompt.queued', turn_id: 'turn_0', prompt_id: 'p0', text: 'dropped', agent: 'build', when_busy: 'queue' },
  { type: 'prompt.dropped', turn_id: 'turn_0', text: 'dropped' },
  prompt('needle', {
    prompt_id: 'p1',
    effort: 'low',
    attachments: [{ path: 'a.ts' }, { media_type: 'image/png', data: 'AAAA' }],
    context: {
      current_file: '/p/a.ts',
      cursor_position: { line: 1, column: 0 },
      visible_region: { start: 1, end: 2 },
      region: { path: null, start: 1, end: 2, text: 'x' },
      files: ['a.ts'],
      buffers: [{ path: 'a.ts', text: 'x' }],
      diagnostics: [{ path: 'a.ts', line: 1, severity: 'error', message: 'bad' }],
    },
  }),
  message('needle in a **message**', {
    thinking: 'hm',
    tool_calls: [{ tool_call_id: 'tc_1', tool: 'edit_file', params: { path: 'a.ts', old: 'a', new: 'b' } }],
    usage: { ...usage(3, 4), cost_usd: 0.1 },
    stop_reason: 'tool_use',
    provider_data: { provider: 'anthropic', blocks: [] },
  }),
  toolCall('tc_1', 'edit_file', {
    params: { path: 'a.ts', old: 'a', new: 'b' },
    requires_approval: true,
    danger: 'very',
    preview: { hash: 'h', files: [{ path: 'a.ts', before_hash: null, diff: '-a\n+b\n' }] },
    remember: { session: 'edit_file(a.ts)', project: 'edit_file(a.ts)' },
    locations: [{ path: 'a.ts', line: 1 }],
    expires_at: '2026-11-23T21:00:00.000Z',
  }),
  {
    type: 'approval',
    turn_id: 'turn_1',
    tool_call_id: 'tc_1',
    decision: 'approved',
    by: 'user',
    reason: 'fine',
    params: { path: 'a.ts' },
    edited: true,
  },
  toolResult('tc_1', 'edit_file', 'needle', { locations: [{ path: 'a.ts' }] }),
  toolResult('tc_1', 'edit_file', '', {
    status: 'error',
    result: undefined,
    error: { code: 'TOOL_FAILED', message: 'no', recoverable: true },
  }),
  fileChanged('tc_1', 'a.ts', { from: 'b.ts', before_hash: 'x', after_hash: 'y', diff: '-a\n+b\n' }),
  {
    type: 'question',
    question_id: 'q_1',
    kind: 'elicitation',
    server: 's',
    message: 'well?',
    schema: { type: 'object' },
    url: 'https://example.org',
    agent: 'test',
    parent_tool_call_id: 'tc_1',
  },
  { type: 'answer', question_id: 'q_1', action: 'accept', content: { a: 1 } },
  { type: 'error', turn_id: 'turn_1', code: 'TOOL_FAILED', message: 'no', recoverable: true, retry_in_ms: 5 },
  {
    type: 'context.compacted',
    turn_id: 'turn_1',
    summary: 'short',
    first_kept_id: 3,
    usage: usage(1, 1),
    tokens_before: 10,
    tokens_after: 5,
  },
  turnEnd(),
  { type: 'session.rewound', to_event_id: 7, turn_id: 'turn_1', retry_turn_id: 'turn_2' },
  closed,
]

const nest = (depth: number): string => `${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`
/** What stands in place of a value, as JSON: it cannot be written as deep as it can be read. Empty: not even its name. */
const DAMAGES: [name: string, damage: (value: unknown) => string][] = [
  ['deleted', () => ''],
  ['null', () => 'null'],
  ['of another type', value => (typeof value === 'string' ? '7' : '"seven"')],
  ['a list', () => '[[]]'],
  ['an object', () => '{"toString":1,"__proto__":null,"length":-1}'],
  ['huge', value => (typeof value === 'number' ? '1e300' : `"${'é'.repeat(20_000)}"`)],
  ['odd', value => (typeof value === 'number' ? '-1.5' : '"\\n* heading\\n\\u0000\\ud83d"')],
  ['nested', () => nest(1500)],
  ['nested out of reach', () => nest(40_000)],
]

export type Damage = { name: string; type: string; text: string }

/** Every field of a line, those within its fields too, damaged in every way; `text` is the line. */
export function* damagesOf(line: Record<string, unknown>): Generator<Damage> {
  for (const path of pathsIn(line))
    for (const [name, damage] of DAMAGES)
      yield {
        name: `${line.type} ${path.join('.')} ${name}`,
        type: String(line.type),
        text: damaged(line, path, damage),
      }
}

function pathsIn(value: unknown, before: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [[...before, key], ...pathsIn(item, [...before, key])])
}

function damaged(value: unknown, [key, ...rest]: string[], damage: (value: unknown) => string): string {
  if (key === undefined) return damage(value)
  const isList = Array.isArray(value)
  const parts = Object.entries(value as object).flatMap(([name, item]) => {
    const text = name === key ? damaged(item, rest, damage) : (JSON.stringify(item) ?? '')
    return text === '' ? [] : [isList ? text : `${JSON.stringify(name)}:${text}`]
  })
  return isList ? `[${parts}]` : `{${parts}}`
}
