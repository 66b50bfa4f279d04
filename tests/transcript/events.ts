import type { Storable, Stored, Usage } from '../../src/event.ts'

/** Logs for the tests: one event every three seconds from a fixed time. */
const START = Date.parse('2026-11-23T20:27:00.000Z')

export const logOf = (...events: Storable[]): Stored[] =>
  events.map((event, index) => ({ id: index + 1, at: new Date(START + index * 3000).toISOString(), ...event }))

export const usage = (input_tokens = 0, output_tokens = 0): Usage => ({
  input_tokens,
  output_tokens,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
})

type Of<T extends Storable['type']> = Extract<Storable, { type: T }>

export const created = (more: Partial<Of<'session.created'>> = {}): Storable => ({
  type: 'session.created',
  format: 1,
  session_id: '0b6f5d0a-6f0e-4a55-9a86-0d1a2b3c4d5e',
  project_path: '/home/me/shop',
  title: 'Fix the cart',
  model: 'anthropic/claude-sonnet-5-5',
  agent: 'build',
  config: { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true },
  ...more,
})

export const prompt = (text: string, more: Partial<Of<'prompt'>> = {}): Storable => ({
  type: 'prompt',
  turn_id: 'turn_1',
  text,
  agent: 'build',
  source: 'user',
  ...more,
})

export const message = (content: string, more: Partial<Of<'message'>> = {}): Storable => ({
  type: 'message',
  turn_id: 'turn_1',
  message_id: 'msg_1',
  role: 'assistant',
  content,
  tool_calls: [],
  model: 'anthropic/claude-sonnet-5-5',
  usage: usage(),
  stop_reason: 'end_turn',
  ...more,
})

export const toolCall = (tool_call_id: string, tool: string, more: Partial<Of<'tool.call'>> = {}): Storable => ({
  type: 'tool.call',
  turn_id: 'turn_1',
  tool_call_id,
  tool,
  category: 'filesystem',
  params: {},
  requires_approval: false,
  reason: 'Because',
  ...more,
})

export const toolResult = (
  tool_call_id: string,
  tool: string,
  content: string,
  more: Partial<Of<'tool.result'>> = {},
): Storable => ({
  type: 'tool.result',
  turn_id: 'turn_1',
  tool_call_id,
  tool,
  status: 'success',
  result: { content, metadata: {} },
  message: 'Done',
  execution_time_ms: 12,
  ...more,
})

export const fileChanged = (tool_call_id: string, path: string, more: Partial<Of<'file.changed'>> = {}): Storable => ({
  type: 'file.changed',
  turn_id: 'turn_1',
  tool_call_id,
  path,
  operation: 'edit',
  change: 'modified',
  ...more,
})

export const turnEnd = (more: Partial<Of<'turn.end'>> = {}): Storable => ({
  type: 'turn.end',
  turn_id: 'turn_1',
  outcome: 'completed',
  usage: usage(),
  duration_ms: 1000,
  ...more,
})

export const closed: Storable = { type: 'session.closed', transcript_path: null }
