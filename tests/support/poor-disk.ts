import { expect } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import type { Backend } from './backend.ts'
import type { Scripted } from './scripted.ts'
import { tempDir } from './temp.ts'

export const has = (program: string) => spawnSync(program, ['--version']).status === 0

export const lacks = has('prlimit') ? '' : ' (skipped: this machine lacks prlimit of util-linux)'

export const limit = (backend: Backend, bytes: number | 'unlimited') => {
  const { status } = spawnSync('prlimit', ['--pid', String(backend.process.pid), `--fsize=${bytes}:unlimited`])
  if (status !== 0) throw new Error('prlimit')
}

export const makeRoom = (backend: Backend) => limit(backend, 'unlimited')

export const expectFailure = (reply: { status: number; body: any }) => {
  expect({ ...reply }).toMatchObject({ status: 500, body: { error: { code: 'TRANSCRIPT_ERROR' } } })
  expect(reply.body.error.message).toMatch(
    /\((EFBIG|ENOSPC|EACCES|ENOTDIR|EEXIST|EISDIR|EROFS)\)\. .*(free some disk space|choose another place).* Then /,
  )
}

/** A session whose log can be filled up: from then on, nothing can be appended to it. */
export async function session(scripted: Scripted, more: object = {}) {
  const { backend } = scripted
  const project = tempDir({ 'a.txt': 'alpha\n' })
  const id = await backend.session(project, more)
  const path = `/api/sessions/${id}`
  const stream = await backend.events(`${path}/events`, 0)
  const { body } = await backend.call('GET /api/transcripts')
  const { log } = body.transcripts.find((each: any) => each.session_id === id).paths
  return {
    id,
    project,
    path,
    stream,
    log: log as string,
    fill: () => limit(backend, statSync(log).size),
    post: (action: string, body?: object) => backend.call(`POST ${path}/${action}`, body),
    view: async () => (await backend.call(`GET ${path}`)).body,
  }
}

export type Filled = Awaited<ReturnType<typeof session>>

/** Every line is whole, none is missing, and these texts are among the prompts. */
export function expectIntact(log: string, ...prompts: string[]) {
  const text = readFileSync(log, 'utf8')
  expect(text).toEndWith('\n')
  const events = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.map(event => event.id)).toEqual(events.map((_, i) => i + 1))
  const told = events
    .filter(event => event.type === 'prompt' || event.type === 'prompt.queued')
    .map(event => event.text)
  for (const prompt of prompts) expect(told).toContain(prompt)
  return events
}

/** With room again, the next prompt works, on a history that providers accept. */
export async function expectGoesOn({ backend, says, model }: Scripted, { path, log }: Filled, ...prompts: string[]) {
  makeRoom(backend)
  says({ text: 'here again', usage: { input: 20_000 } })
  const { body } = await backend.call(`POST ${path}/prompt`, { text: 'go on', wait: true })
  expect({ ...body }).toMatchObject({ status: 'success', text: 'here again' })
  const { messages } = model.requests.at(-1)!.body
  for (const [i, { tool_calls }] of messages.entries())
    for (const [at, { id }] of (tool_calls ?? []).entries()) expect(messages[i + 1 + at].tool_call_id).toBe(id)
  return expectIntact(log, ...prompts, 'go on')
}
