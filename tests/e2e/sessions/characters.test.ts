import { expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../support/backend.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { closed, created, logOf, message, prompt, turnEnd } from '../../transcript/events.ts'

const HALF = '\ud83d'
/** Half a pair in a string that JSON.parse made: Emacs refuses the whole document for one. */
const isBroken = (value: unknown): boolean =>
  typeof value === 'string'
    ? !value.isWellFormed()
    : typeof value === 'object' && value !== null && Object.entries(value).some(pair => pair.some(isBroken))

/** The answer, when no string in it is broken. */
async function ask(backend: Backend, line: string, body?: unknown) {
  const reply = await backend.call(line, body)
  expect([line, isBroken(reply.body)]).toEqual([line, false])
  return reply
}

/** `text` with an emoji that a cut at any place near `at` parts. */
const emojiAround = (at: number) => `${'x'.repeat(at - 9)}${'😀'.repeat(12)}`

test('cuts of titles, results, snippets and output fall between characters', async () => {
  for (const shift of ['', 'y']) {
    const { backend, says } = await startScripted()
    const id = await backend.session(tempDir())
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    const line = shift + emojiAround(200)
    says(call('shell_exec', { command: `echo '${line}'; printf '😀%.0s' $(seq 30000); echo` }), { text: 'fin' })
    await ask(backend, `POST /api/sessions/${id}/prompt`, {
      text: `${shift}${emojiAround(80)}needle${emojiAround(80)}`,
    })
    const { tool_call_id } = (await pending(stream)).data
    await ask(backend, `POST /api/sessions/${id}/approve`, { tool_call_id, approved: true })
    await stream.idle()
    for (const path of [`/api/sessions/${id}`, '/api/sessions', '/api/transcripts', '/api/transcripts/search?q=needle'])
      await ask(backend, `GET ${path}`)
    const { body } = await ask(backend, `GET /api/sessions/${id}`)
    expect(body.title).toStartWith(`${shift}x`)
    expect(body.title).toEndWith('😀')
    expect(stream.frames.filter(({ data }) => isBroken(data))).toEqual([])
    const result = await stream.next('tool.result')
    expect(result.data.message).toEndWith('😀…')
    expect(JSON.stringify(stream.frames)).not.toContain('\ufffd')
    await backend.call(`DELETE /api/sessions/${id}`)
    await ask(backend, 'GET /api/transcripts')
  }
})

test('an emoji whose halves come in two deltas is whole in what is told', async () => {
  const { backend, says } = await startScripted()
  const id = await backend.session(tempDir())
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  says({ text: ['a\ud83d', '\ude00b', HALF, 'c'] })
  await ask(backend, `POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
  await stream.idle()
  const deltas = stream.frames.filter(({ event }) => event === 'message.delta').map(({ data }) => data.content)
  expect(deltas.join('')).toBe('a😀b\ufffdc')
  expect((await stream.next('message')).data.content).toBe('a😀b\ufffdc')
  expect(stream.frames.filter(({ data }) => isBroken(data))).toEqual([])
})

test("half a pair in a model's arguments: the call is shown, decided and run, as it was shown", async () => {
  const { backend, model, says } = await startScripted()
  const project = tempDir({ 'f.txt': 'x😀y\n' })
  const id = await backend.session(project)
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  says(
    call('write_file', `{"path":"s.txt","content":"a\\ud83d b"}`),
    call('edit_file', `{"path":"f.txt","old":"\\ud83d","new":"Q"}`),
    call('no_such_\\ud83d', {}),
    { text: 'fin' },
  )
  await ask(backend, `POST /api/sessions/${id}/prompt`, { text: 'go' })
  const asked = await pending(stream)
  expect(asked.data.params.content).toBe('a\ufffd b')
  await ask(backend, `GET /api/sessions/${id}`)
  const { preview, tool_call_id } = asked.data
  const approve = { tool_call_id, approved: true, preview_hash: preview?.hash }
  expect((await ask(backend, `POST /api/sessions/${id}/approve`, approve)).status).toBe(200)
  await stream.idle()
  expect(readFileSync(join(project, 's.txt'), 'utf8')).toBe('a\ufffd b')
  expect(readFileSync(join(project, 'f.txt'), 'utf8')).toBe('x😀y\n')
  expect(stream.frames.filter(({ data }) => isBroken(data))).toEqual([])
  for (const request of model.requests) expect(isBroken(request.body)).toBe(false)
})

test('what was sent with half a pair comes back without, in answers and errors; so does an older log', async () => {
  const { backend, home } = await startScripted()
  const project = tempDir()
  const id = await backend.session(project, { title: `t${HALF}` })
  expect((await ask(backend, `GET /api/sessions/${id}`)).body.title).toBe('t\ufffd')
  for (const body of [{ agent: HALF }, { model: HALF }, { model: `none${HALF}/x` }, { config: { [HALF]: 1 } }])
    await ask(backend, `PATCH /api/sessions/${id}`, body)
  await ask(backend, 'POST /api/sessions', { project_path: `/${HALF}` })
  await ask(backend, `POST /api/sessions/${id}/approve`, { tool_call_id: HALF, approved: true })
  await ask(backend, `POST /api/sessions/${id}/prompt`, { text: 'x', attachments: [{ path: HALF }] })

  const old = '0b6f5d0a-6f0e-4a55-9a86-0d1a2b3c4d5e'
  const day = join(home.transcripts, 'old', '2026-11-23')
  mkdirSync(day, { recursive: true })
  const log = logOf(created({ title: `old${HALF}` }), prompt(`ask${HALF}`), message(`needle${HALF}`), turnEnd(), closed)
  writeFileSync(
    join(day, `session-${old}.jsonl`),
    log.map(event => `${JSON.stringify({ ...event, project_path: project })}\n`).join(''),
  )
  expect((await ask(backend, 'GET /api/transcripts')).body.transcripts.length).toBe(2)
  expect((await ask(backend, 'GET /api/transcripts/search?q=needle')).body.matches.length).toBe(1)
  expect((await ask(backend, `GET /api/sessions/${old}/transcript?format=json`)).status).toBe(200)
  expect((await ask(backend, `POST /api/sessions/${old}/resume`)).status).toBe(200)
  const stream = await backend.events(`/api/sessions/${old}/events`, 0)
  await stream.next('session.resumed')
  expect(stream.frames.filter(({ data }) => isBroken(data))).toEqual([])
})
