import { describe, expect, test } from 'bun:test'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, type Home, makeHome } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate, startModelServer } from '../../support/model-server.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const logOf = async (backend: Backend, id: string): Promise<string> => {
  const { body } = await backend.call('GET /api/transcripts')
  return body.transcripts.find((each: any) => each.session_id === id).paths.log
}
const typesIn = (log: string) =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).type)
    .join(' ')
const kill = async (backend: Backend) => {
  backend.process.kill('SIGKILL')
  await backend.exited
}

describe('killed and resumed', () => {
  const scripted = async () => {
    const model = await startModelServer()
    const home: Home = makeHome(
      `model = "test/m"\n[providers.test]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\n`,
    )
    return { model, home, start: () => Backend.start(home) }
  }

  test('while an approval waits and prompts are queued: all that was acknowledged is there, and closed', async () => {
    const { model, start } = await scripted()
    const project = tempDir()
    model.add(chat(call('write_file', { path: 'x', content: '' })))
    const first = await start()
    const id = await first.session(project)
    const stream = await first.events(`/api/sessions/${id}/events`, 0)
    await first.call(`POST /api/sessions/${id}/prompt`, { text: 'write' })
    await pending(stream)
    await first.call(`POST /api/sessions/${id}/prompt`, { text: 'then this', prompt_id: 'p2' })
    await first.call(`POST /api/sessions/${id}/prompt`, { text: 'and steer', when_busy: 'steer' })
    await first.call(`PATCH /api/sessions/${id}`, { title: 'Kept', config: { auto_approve_readonly: false } })
    await kill(first)

    const second = await start()
    expect((await second.call(`GET /api/sessions/${id}`)).body.error).toMatchObject({
      code: 'SESSION_NOT_FOUND',
      details: { resumable: true },
    })
    const { body: listed } = await second.call('GET /api/transcripts')
    expect(listed.transcripts).toMatchObject([{ session_id: id, title: 'Kept', status: 'open' }])
    const resumed = await second.call(`POST /api/sessions/${id}/resume`)
    expect(resumed).toMatchObject({
      status: 200,
      body: {
        status: 'resumed',
        session_id: id,
        message_count: 1,
        dropped: [{ text: 'then this' }, { text: 'and steer' }],
      },
    })
    expect((await second.call(`POST /api/sessions/${id}/resume`)).body.dropped).toEqual([])
    const { body: view } = await second.call(`GET /api/sessions/${id}`)
    expect(view).toMatchObject({
      title: 'Kept',
      config: { auto_approve_readonly: false },
      agent_state: 'idle',
      pending_approvals: [],
      queued: [],
    })

    const again = await second.events(`/api/sessions/${id}/events`, 0)
    await again.next('agent.state')
    expect(again.types()).toBe(
      'session.created prompt message tool.call prompt.queued prompt.queued session.updated approval tool.result prompt.dropped prompt.dropped turn.end session.resumed idle',
    )
    model.add(chat({ text: 'here again' }))
    expect((await second.call(`POST /api/sessions/${id}/prompt`, { text: 'go on', wait: true })).body).toMatchObject({
      status: 'success',
      text: 'here again',
    })
    const messages = model.requests.at(-1)!.body.messages
    expect(messages.map((message: any) => message.role)).toEqual(['system', 'user', 'assistant', 'tool', 'user'])
    expect(messages[3].content).toContain('not known whether')
    expect(existsSync(join(project, 'x'))).toBe(false)
    await model.close()
  })

  test('in the middle of a stream: the prompt is there', async () => {
    const { model, start } = await scripted()
    const held = gate()
    const frames = chat({ text: ['one ', 'two ', 'three'] })
    model.add([...frames.slice(0, 3), held.wait, ...frames.slice(3)])
    const first = await start()
    const id = await first.session(tempDir())
    const stream = await first.events(`/api/sessions/${id}/events`)
    await first.call(`POST /api/sessions/${id}/prompt`, { text: 'count' })
    await stream.next('message.delta')
    await kill(first)
    held.open()
    const second = await start()
    await second.call(`POST /api/sessions/${id}/resume`)
    expect(typesIn(await logOf(second, id))).toBe('session.created prompt turn.end session.resumed')
    await model.close()
  })

  test('a session that is open elsewhere is locked; when that one dies, it is not', async () => {
    const { start } = await scripted()
    const [first, second] = [await start(), await start()]
    const id = await first.session(tempDir())
    expect(await second.call(`POST /api/sessions/${id}/resume`)).toMatchObject({
      status: 409,
      body: { error: { code: 'SESSION_LOCKED' } },
    })
    expect((await second.call(`DELETE /api/transcripts/${id}`)).status).toBe(409)
    await kill(first)
    expect((await second.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
  })

  test('of several backends that resume one session at once, exactly one has it', async () => {
    const { start } = await scripted()
    const killed = await start()
    const project = tempDir()
    const ids = await Promise.all(Array.from({ length: 25 }, () => killed.session(project)))
    await kill(killed) // every lock is a stale one now
    const backends = await Promise.all([start(), start(), start()])
    for (const id of ids)
      for (let round = 0; round < 2; round++) {
        const replies = await Promise.all(backends.map(backend => backend.call(`POST /api/sessions/${id}/resume`)))
        expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409])
        const winner = backends[replies.findIndex(({ status }) => status === 200)]!
        await winner.call(`DELETE /api/sessions/${id}`) // its lock is gone now
      }
  })

  test('a directory in the place of the lock is said, and left alone', async () => {
    const { start } = await scripted()
    const backend = await start()
    const id = await backend.session(tempDir())
    const lock = (await logOf(backend, id)).replace(/jsonl$/, 'lock')
    await backend.call(`DELETE /api/sessions/${id}`)
    mkdirSync(join(lock, 'mine'), { recursive: true })
    for (const line of [`POST /api/sessions/${id}/resume`, `DELETE /api/transcripts/${id}`]) {
      const { status, body } = await backend.call(line)
      expect([status, body.error.code]).toEqual([500, 'TRANSCRIPT_ERROR'])
      expect(body.error.message).toContain(`${lock} is a directory`)
    }
    expect(existsSync(join(lock, 'mine'))).toBe(true)
    expect((await backend.call('GET /api/transcripts')).status).toBe(200)
  })

  test('a graceful end leaves a session that can be resumed', async () => {
    const { start } = await scripted()
    const first = await start()
    const id = await first.session(tempDir())
    await first.stop()
    const second = await start()
    expect((await second.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
  })
})

describe('damaged logs', () => {
  test('without a beginning: 500, untouched, still listed', async () => {
    const backend = await Backend.start(makeHome())
    const id = await backend.session(tempDir())
    const log = await logOf(backend, id)
    await backend.call(`DELETE /api/sessions/${id}`)
    const bytes = 'garbage\n{"id":2,"at":"x","type":"prompt"}\n{"to'
    writeFileSync(log, bytes)
    expect(await backend.call(`POST /api/sessions/${id}/resume`)).toMatchObject({
      status: 500,
      body: { error: { code: 'TRANSCRIPT_ERROR' } },
    })
    expect((await backend.call(`GET /api/sessions/${id}/transcript`)).status).toBe(500)
    expect(readFileSync(log, 'utf8')).toBe(bytes)
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toMatchObject([
      { session_id: id, status: 'damaged' },
    ])
    expect((await backend.call(`DELETE /api/transcripts/${id}`)).status).toBe(200)
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toEqual([])
  })

  test('with a bad line in the middle: everything else survives', async () => {
    const backend = await Backend.start(makeHome())
    const id = await backend.session(tempDir())
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'help', wait: true })
    const log = await logOf(backend, id)
    await backend.call(`DELETE /api/sessions/${id}`)
    appendFileSync(log, '{broken\n{"id":99,"at":"2026-01-01T00:00:00.000Z","type":"from.the.future","x":1}\n')
    expect((await backend.call(`POST /api/sessions/${id}/resume`)).body).toMatchObject({
      status: 'resumed',
      message_count: 2,
    })
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    await stream.next('from.the.future')
    expect((await stream.next('session.resumed')).id).toBe(100)
  })
})

test('save_transcript: false leaves nothing on the disk, and cannot be resumed', async () => {
  const home = makeHome()
  const backend = await Backend.start(home)
  const id = await backend.session(tempDir({ 'big.txt': 'line\n'.repeat(20_000) }), {
    config: { save_transcript: false },
  })
  expect(
    (await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'read big.txt', wait: true })).body.status,
  ).toBe('success')
  expect((await backend.call(`GET /api/sessions/${id}/transcript`)).body.messages).toHaveLength(2)
  expect((await backend.call(`DELETE /api/sessions/${id}`)).body).toEqual({ status: 'closed', transcript_path: null })
  expect((await backend.call(`POST /api/sessions/${id}/resume`)).status).toBe(404)
  expect(existsSync(home.transcripts)).toBe(false)
})

test('a prompt sent twice counts once', async () => {
  const { backend, says, model } = await startScripted()
  const id = await backend.session(tempDir())
  says({ text: 'once' })
  const send = () => backend.call(`POST /api/sessions/${id}/prompt`, { text: 'hi', prompt_id: 'same', wait: true })
  const [one, two] = await Promise.all([send(), send()])
  const three = await send()
  expect(one.body).toMatchObject({ status: 'success', text: 'once' })
  expect([two.body, three.body]).toEqual([one.body, one.body])
  expect(model.requests).toHaveLength(1)
})
