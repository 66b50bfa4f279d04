import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Recorded } from './recorded.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/streams')

/** Streams of our own making, each with the oddities of one kind of server, so that they are tested where no recording is. */
export const stream = (file: string): Uint8Array => readFileSync(join(FOLDER, file))

export const STREAMS: Record<string, Recorded> = {
  'claude-thinking-call.sse': {
    family: 'anthropic',
    thinking: 'The clock knows – 時計.',
    calls: [['get_time', {}]],
    usage: [40, 25, 0, 0],
    stop: 'tool_use',
    kept: /"signature":"c2lnbmVkLWJ5LXVz"/,
  },
  'claude-two-calls.sse': {
    family: 'anthropic',
    calls: [
      ['roll', { sides: 6 }],
      ['roll', {}],
    ],
    usage: [30, 18, 12, 5],
    stop: 'tool_use',
    kept: /toolu_a.*toolu_b/,
  },
  'claude-error.sse': { family: 'anthropic', error: 'LLM_OVERLOADED' },
  'local-anthropic-cut.sse': {
    family: 'anthropic',
    calls: [['list_dir', { path: 'src' }]],
    broken: 1,
    usage: [3, 20, 0, 0],
    stop: 'max_tokens',
  },
  'local-anthropic-error.sse': { family: 'anthropic', error: 'LLM_OVERLOADED' },
  'openai-parallel-calls.sse': {
    family: 'chat',
    calls: [
      ['weather', { city: 'Zürich' }],
      ['clock', {}],
    ],
    usage: [30, 22, 20, 0],
    stop: 'tool_use',
    kept: /call_1.*call_2/,
  },
  'openrouter-error.sse': { family: 'chat', error: 'LLM_INVALID_REQUEST' },
  'openrouter-reasoning.sse': {
    family: 'chat',
    text: '4 – vier',
    thinking: 'Two and two.',
    usage: [20, 14, 0, 0],
    stop: 'end_turn',
  },
  'deepseek-reasoning-call.sse': {
    family: 'chat',
    thinking: 'A city is named.',
    calls: [['weather', { city: 'Oslo' }]],
    usage: [28, 30, 32, 0],
    stop: 'tool_use',
  },
  'mistral-no-index.sse': {
    family: 'chat',
    calls: [['weather', { city: 'Oslo' }]],
    usage: [70, 11, 0, 0],
    stop: 'tool_use',
    kept: /Ab3dE6gH9/,
  },
  // Its reasoning tokens are not among the others, so that they are added.
  'xai-whole-call.sse': {
    family: 'chat',
    thinking: 'First, look.',
    calls: [['weather', { city: 'Oslo' }]],
    usage: [2, 34, 38, 0],
    stop: 'tool_use',
  },
  'groq-usage.sse': { family: 'chat', calls: [['clock', {}]], usage: [44, 8, 0, 0], stop: 'tool_use' },
  'local-calls-cut.sse': {
    family: 'chat',
    calls: [['list_dir', { path: 'lib' }]],
    broken: 1,
    usage: [1, 16, 24, 0],
    stop: 'max_tokens',
  },
  'local-error.sse': { family: 'chat', error: 'LLM_OVERLOADED' },
  'gemini-signed-call.sse': {
    family: 'gemini',
    calls: [['lookup', { term: 'größe' }]],
    usage: [31, 59, 0, 0],
    stop: 'tool_use',
    kept: /"thoughtSignature":"bWFkZS1oZXJl"/,
  },
  'gemini-text.sse': { family: 'gemini', text: 'It is large – 大.', usage: [26, 6, 64, 0], stop: 'end_turn' },
  // Answered whole, though a stream was asked for; the call has an empty id.
  'gemini-compat.json': {
    family: 'chat',
    calls: [['get_time', {}]],
    usage: [15, 55, 0, 0],
    stop: 'tool_use',
    kept: /"thought_signature":"bWFkZQ=="/,
  },
  'responses-reasoning-call.sse': {
    family: 'responses',
    calls: [['sum', { a: 12 }]],
    usage: [33, 80, 0, 0],
    stop: 'tool_use',
    kept: /"encrypted_content":"bWFkZS1lbmNyeXB0ZWQ="/,
  },
  'responses-error.sse': { family: 'responses', error: 'LLM_AUTH' },
}
