import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Backend, Home } from './backend.ts'

export type Told = { project_path?: string; title?: string; closed?: boolean; events?: object[] }

export const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Noon of a day, `n` minutes on. */
export const timeOf = (n: number, day = '2026-03-01') =>
  new Date(Date.parse(`${day}T12:00:00.000Z`) + n * 60_000).toISOString()

/** Writes the log of session `n` as the backend would have: two of the same minute are told apart by their ids. */
export function writeLog(
  home: Home,
  n: number,
  text: string,
  { project_path = '/home/me/demo', title = '', closed = true, events = [] }: Told = {},
) {
  const at = timeOf(n)
  const turn_id = `turn_${n}`
  const usage = { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0, cache_write_tokens: 0 }
  const config = { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true }
  const all = [
    {
      type: 'session.created',
      format: 1,
      session_id: idOf(n),
      project_path,
      title,
      model: 'test/m',
      agent: 'build',
      config,
    },
    { type: 'prompt', turn_id, text, agent: 'build', source: 'user' },
    ...events,
    {
      type: 'message',
      turn_id,
      message_id: 'msg_1',
      role: 'assistant',
      content: `Answer ${n}.`,
      tool_calls: [],
      model: 'test/m',
      usage,
      stop_reason: 'end_turn',
    },
    { type: 'turn.end', turn_id, outcome: 'completed', usage, duration_ms: 1 },
    ...(closed ? [{ type: 'session.closed', transcript_path: null }] : []),
  ]
  const path = join(home.transcripts, basename(project_path), at.slice(0, 10), `session-${idOf(n)}.jsonl`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, all.map((event, i) => `${JSON.stringify({ id: i + 1, at, ...event })}\n`).join(''))
  return path
}

export const list = async (backend: Backend, query = '') => (await backend.call(`GET /api/transcripts${query}`)).body

export const search = async (backend: Backend, query: Record<string, string>) =>
  (await backend.call(`GET /api/transcripts/search?${new URLSearchParams(query)}`)).body
