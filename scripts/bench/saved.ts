import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const AT = '2026-11-23T10:00:00.000Z'
const USAGE = { input_tokens: 10, output_tokens: 5, cache_read_tokens: 0, cache_write_tokens: 0 }

/** Where `saveSession` puts the sessions of a home. */
export const transcriptsOf = (home: string): string => join(home, '.emacs-agent/transcripts/bench/2026-11-23')

/** What the tool of each turn returns, and what the model says at its end. */
export type Texts = { result: string; answer: string }
const SHORT: Texts = { result: 'A line of a file.\n'.repeat(8), answer: 'It is *done*, as the others were.' }

/**
 * Writes the log of a session of the project `home` that was saved and ended without a goodbye: turns with one tool call, six
 * events each, until there are `count` events. Returns its id.
 */
export function saveSession(home: string, model: string, count: number, texts = SHORT): string {
  const session_id = crypto.randomUUID()
  const directory = transcriptsOf(home)
  mkdirSync(directory, { recursive: true })
  const file = openSync(join(directory, `session-${session_id}.jsonl`), 'wx', 0o600)
  let id = 0
  const write = (event: object) => {
    if (id < count) writeSync(file, `${JSON.stringify({ id: ++id, at: AT, ...event })}\n`)
  }
  const config = { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true }
  const created = { type: 'session.created', format: 1, session_id, project_path: home, title: '', model }
  write({ ...created, agent: 'build', config })
  for (let n = 0; id < count; n++) {
    const turn_id = `turn_${n}`
    const call = { tool_call_id: `tc_${n}`, tool: 'read_file' }
    const params = { path: 'note.txt' }
    const message = { type: 'message', turn_id, role: 'assistant', model, usage: USAGE }
    write({ type: 'prompt', turn_id, text: `Please do thing number ${n}, as you did the others.`, source: 'user' })
    const calls = { content: 'Let me look.', tool_calls: [{ ...call, params }], stop_reason: 'tool_use' }
    write({ ...message, message_id: `msg_${n}_a`, ...calls })
    write({ type: 'tool.call', turn_id, ...call, category: 'filesystem', params, requires_approval: false, reason: '' })
    const result = { content: texts.result, metadata: {} }
    write({ type: 'tool.result', turn_id, ...call, status: 'success', result, message: '', execution_time_ms: 1 })
    write({ ...message, message_id: `msg_${n}_b`, content: texts.answer, tool_calls: [], stop_reason: 'end_turn' })
    write({ type: 'turn.end', turn_id, outcome: 'completed', usage: USAGE, duration_ms: 10 })
  }
  closeSync(file)
  return session_id
}
