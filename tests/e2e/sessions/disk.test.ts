import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, BINARY, makeHome } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/**
 * A full disk, without a disk: a limit on the size of files, under which writes fail (EFBIG) once the signal that comes
 * with it is ignored. It can be set and lifted while the backend runs.
 */
const LIMITED = ['bash', '-c', `trap '' XFSZ; exec "$0" "$@"`, BINARY]
const has = (program: string) => spawnSync(program, ['--version']).status === 0
const lacks = has('prlimit') ? '' : ' (skipped: this machine lacks prlimit of util-linux)'
const limit = (backend: Backend, bytes: number | 'unlimited') => {
  const { status } = spawnSync('prlimit', ['--pid', String(backend.process.pid), `--fsize=${bytes}:unlimited`])
  if (status !== 0) throw new Error('prlimit')
}
const makeRoom = (backend: Backend) => limit(backend, 'unlimited')

const expectFailure = (reply: { status: number; body: any }) => {
  expect({ ...reply }).toMatchObject({ status: 500, body: { error: { code: 'TRANSCRIPT_ERROR' } } })
  expect(reply.body.error.message).toMatch(/\((EFBIG|ENOSPC|EACCES|ENOTDIR|EEXIST|EISDIR|EROFS)\)\. .*(space|mend)/i)
}

/** A session whose log can be filled up: from then on, nothing can be appended to it. */
async function session(scripted: Scripted, more: object = {}) {
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
type Filled = Awaited<ReturnType<typeof session>>

/** Every line is whole, none is missing, and these texts are among the prompts. */
function expectIntact(log: string, ...prompts: string[]) {
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
async function expectGoesOn({ backend, says, model }: Scripted, { path, log }: Filled, ...prompts: string[]) {
  makeRoom(backend)
  says({ text: 'here again', usage: { input: 20_000 } })
  const { body } = await backend.call(`POST ${path}/prompt`, { text: 'go on', wait: true })
  expect({ ...body }).toMatchObject({ status: 'success', text: 'here again' })
  const { messages } = model.requests.at(-1)!.body
  for (const [i, { tool_calls }] of messages.entries())
    for (const [at, { id }] of (tool_calls ?? []).entries()) expect(messages[i + 1 + at].tool_call_id).toBe(id)
  return expectIntact(log, ...prompts, 'go on')
}

describe.skipIf(lacks !== '')(`a disk that fills up${lacks}`, () => {
  const start = () => startScripted({ command: LIMITED })

  test('a prompt that finds no room: told, forgotten, and not announced', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { log, stream, fill, post, view } = filled
    fill()
    const before = readFileSync(log, 'utf8')
    expectFailure(await post('prompt', { text: 'lost '.repeat(10_000) }))
    expectFailure(await post('prompt', { text: 'lost too', wait: true }))
    expect(readFileSync(log, 'utf8')).toBe(before)
    expect(await view()).toMatchObject({ agent_state: 'idle', message_count: 0 })
    expect(scripted.model.requests).toHaveLength(0)
    const events = await expectGoesOn(scripted, filled)
    expect(events.map(event => event.type).join(' ')).toBe('session.created prompt message turn.end')
    await stream.idle()
    expect(stream.types()).toBe('session.created idle prompt thinking message.delta message turn.end idle')
  })

  test('half a line is written before the disk is full: it is taken back', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    limit(scripted.backend, statSync(filled.log).size + 100)
    const before = readFileSync(filled.log, 'utf8')
    expectFailure(await filled.post('prompt', { text: 'lost '.repeat(1_000) }))
    expect(readFileSync(filled.log, 'utf8')).toBe(before)
    await expectGoesOn(scripted, filled)
  })

  test('an answer that finds no room: an error without an id, then idle, and the prompt is kept', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { log, stream, post, view } = filled
    const held = gate()
    scripted.model.add(async () => {
      await held.wait
      return {
        status: 200,
        body: `data: {"choices":[{"delta":{"content":"${'x'.repeat(1_000)}"},"finish_reason":"stop"}]}\n\n`,
      }
    })
    const waiting = post('prompt', { text: 'kept', wait: true })
    await stream.next('prompt')
    filled.fill()
    held.open()
    const { body } = await waiting
    expect({ ...body }).toMatchObject({ status: 'error', error: { code: 'TRANSCRIPT_ERROR' } })
    const { id, data } = await stream.next('error')
    expect(id).toBeNull()
    expect({ ...data }).toMatchObject({ code: 'TRANSCRIPT_ERROR', recoverable: true, turn_id: body.turn_id })
    expect(data.message).toMatch(/EFBIG.*space/)
    await stream.until(
      ({ data }) => data.state === 'idle',
      stream.frames.findIndex(frame => frame.event === 'error'),
    )
    expect(stream.types()).toBe('session.created idle prompt thinking message.delta error error idle')
    expect((await view()).agent_state).toBe('idle')
    expectIntact(log, 'kept')
    const events = await expectGoesOn(scripted, filled, 'kept')
    expect(events.map(event => event.type).join(' ')).toBe('session.created prompt turn.end prompt message turn.end')
    expect(events[2].outcome).toBe('interrupted')
  })

  test('a result that finds no room: the call is closed before the next turn', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, project } = filled
    scripted.says(call('shell_exec', { command: 'touch started; while [ ! -e go ]; do sleep 0.02; done; echo done' }))
    await post('prompt', { text: 'run' })
    const { data } = await pending(stream)
    await post('approve', { tool_call_id: data.tool_call_id })
    while (!existsSync(join(project, 'started'))) await Bun.sleep(5)
    filled.fill()
    writeFileSync(join(project, 'go'), '')
    await stream.next('error')
    const events = await expectGoesOn(scripted, filled, 'run')
    const lost = events.find(event => event.type === 'tool.result')
    expect(lost).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
  })

  test.each([
    ['approve', 200, 'approved'],
    ['reject', 200, 'rejected'],
  ])('%s: the call still waits, and can be decided when there is room', async (how, status, word) => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, view, project } = filled
    scripted.says(call('write_file', { path: 'b.txt', content: 'b' }), { text: 'ok' })
    await post('prompt', { text: 'write' })
    const { data } = await pending(stream)
    filled.fill()
    expectFailure(await post(how, { tool_call_id: data.tool_call_id }))
    expect((await view()).pending_approvals).toHaveLength(1)
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    makeRoom(scripted.backend)
    const again = await post(how, { tool_call_id: data.tool_call_id })
    expect([again.status, again.body.status]).toEqual([status, word])
    await stream.idle()
    expect(existsSync(join(project, 'b.txt'))).toBe(how === 'approve')
    await expectGoesOn(scripted, filled, 'write')
  })

  test('what is queued stays queued, and what finds no room is not', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, view, path } = filled
    scripted.says(call('write_file', { path: 'b.txt', content: 'b' }), { text: 'one' }, { text: 'two' })
    await post('prompt', { text: 'first' })
    const { data } = await pending(stream)
    const second = (await post('prompt', { text: 'second' })).body
    filled.fill()
    expectFailure(await post('prompt', { text: 'third' }))
    expectFailure(await post('prompt', { text: 'third', when_busy: 'steer' }))
    expectFailure(await scripted.backend.call(`DELETE ${path}/queue/${second.turn_id}`))
    expectFailure(await scripted.backend.call(`PATCH ${path}`, { title: 'Lost' }))
    expect(await view()).toMatchObject({ queued: [{ turn_id: second.turn_id, text: 'second' }] })
    expect((await view()).title).toBe('first')
    makeRoom(scripted.backend)
    await post('reject', { tool_call_id: data.tool_call_id })
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === second.turn_id)
    await expectGoesOn(scripted, filled, 'first', 'second')
  })

  test('interrupt: everything stops all the same, and who waits in the queue is told when there is room', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, view } = filled
    scripted.says(call('write_file', { path: 'b.txt', content: 'b' }))
    await post('prompt', { text: 'first' })
    await pending(stream)
    const waiting = post('prompt', { text: 'second', wait: true })
    await stream.next('prompt.queued')
    filled.fill()
    expect((await post('interrupt')).status).toBe(200)
    expect((await view()).agent_state).toBe('idle')
    const events = await expectGoesOn(scripted, filled, 'first', 'second')
    expect((await waiting).body.status).toBe('interrupted')
    expect(events.map(event => event.type)).toContain('prompt.dropped')
    expect(await view()).toMatchObject({ pending_approvals: [], queued: [] })
  })

  test('close: told, and the session can be resumed', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, path, post } = filled
    scripted.says({ text: 'ok' })
    await post('prompt', { text: 'first', wait: true })
    filled.fill()
    expectFailure(await scripted.backend.call(`DELETE ${path}`))
    await stream.until(() => stream.ended).catch(() => {}) // it ends, without a session.closed
    expect(stream.ended).toBe(true)
    expect((await scripted.backend.call(`GET ${path}`)).body.error.details).toEqual({ resumable: true })
    expectFailure(await post('resume'))
    expect((await scripted.backend.call(`GET ${path}`)).status).toBe(404)
    expectFailure(await post('resume'))
    makeRoom(scripted.backend)
    expect({ ...(await post('resume')).body }).toMatchObject({ status: 'resumed', message_count: 2 })
    await expectGoesOn(scripted, filled, 'first')
  })

  test('a new session finds no room: nothing of it stays behind, one that is not saved works', async () => {
    const scripted = await start()
    const { backend } = scripted
    limit(backend, 0)
    const project = tempDir()
    for (let i = 0; i < 3; i++) expectFailure(await backend.call('POST /api/sessions', { project_path: project }))
    expect((await backend.call('GET /api/sessions')).body.sessions).toEqual([])
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toEqual([])
    const id = await backend.session(project, { config: { save_transcript: false } })
    scripted.says({ text: 'ok' })
    expect((await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'hi', wait: true })).body.status).toBe(
      'success',
    )
    makeRoom(backend)
    expect((await backend.call('POST /api/sessions', { project_path: project })).status).toBe(201)
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toHaveLength(1)
  })

  test('a long result finds no room to be kept whole: the model gets both ends of it', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    // Room for the log (which has the cut result), none for the whole of it.
    limit(scripted.backend, 100_000)
    scripted.says(call('shell_exec', { command: 'echo begin; seq 100000; echo finish' }), {
      text: 'ok',
      usage: { input: 20_000 }, // far less than was sent would look like a server that cuts silently
    })
    await filled.post('prompt', { text: 'run' })
    const { data } = await pending(filled.stream)
    await filled.post('approve', { tool_call_id: data.tool_call_id })
    await filled.stream.idle()
    const result = (await filled.stream.next('tool.result')).data
    expect(result.status).toBe('success')
    expect(result.result.content).toMatch(/begin[\s\S]*not kept[\s\S]*finish/)
    await expectGoesOn(scripted, filled, 'run')
  })

  test('a file that finds no room is left as it was', async () => {
    const scripted = await start()
    const filled = await session(scripted, { config: { auto_approve_tools: ['edit_file'] } })
    const before = `one\n${'line\n'.repeat(20_000)}`
    writeFileSync(join(filled.project, 'a.txt'), before)
    limit(scripted.backend, 50_000)
    scripted.says(call('edit_file', { path: 'a.txt', old: 'one', new: 'two' }), { text: 'ok' })
    expect((await filled.post('prompt', { text: 'edit', wait: true })).body.status).toBe('success')
    expect((await filled.stream.next('tool.result')).data).toMatchObject({
      status: 'error',
      error: { code: 'TOOL_FAILED' },
    })
    expect(readFileSync(join(filled.project, 'a.txt'), 'utf8')).toBe(before)
    expect(readdirSync(filled.project)).toEqual(['a.txt'])
    await expectGoesOn(scripted, filled, 'edit')
  })
})

const noCompiler = has('cc') ? '' : ' (skipped: this machine lacks a C compiler)'

/** A backend whose disk does as it is told: `fail` or `stall`, until `mend` or `resume`. */
async function onPoorDisk() {
  const directory = tempDir()
  const library = join(directory, 'failing.so')
  const source = join(import.meta.dir, '../../support/failing-disk.c')
  expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, source]).status).toBe(0)
  const [full, slow] = [join(directory, 'full'), join(directory, 'slow')]
  const scripted = await startScripted({ env: { LD_PRELOAD: library, FAILING_DISK: full, SLOW_DISK: slow } })
  return {
    scripted,
    fail: () => writeFileSync(full, ''),
    mend: () => rmSync(full),
    stall: () => writeFileSync(slow, ''),
    resume: () => rmSync(slow),
  }
}

test.skipIf(noCompiler !== '')(
  `an interrupt while the end of a turn is synced: what waits never begins${noCompiler}`,
  async () => {
    const { scripted, stall, resume } = await onPoorDisk()
    const { stream, post, log, view } = await session(scripted)
    const held = gate()
    scripted.model.add([held.wait, ...chat({ text: 'done' })])
    await post('prompt', { text: 'first' })
    const { turn_id } = (await post('prompt', { text: 'second' })).body
    const hasLogged = async (type: string) => {
      while (!readFileSync(log, 'utf8').includes(`"type":"${type}"`)) await Bun.sleep(5)
    }
    stall()
    held.open()
    await hasLogged('turn.end')
    const interrupted = post('interrupt')
    await hasLogged('prompt.dropped')
    resume()
    expect((await interrupted).body).toEqual({
      status: 'interrupted',
      agent_state: 'idle',
      dropped: [{ turn_id, text: 'second' }],
    })
    expect((await view()).agent_state).toBe('idle')
    await stream.idle()
    expect(stream.types()).toEndWith('message turn.end prompt.dropped idle')
  },
)

test.skipIf(noCompiler !== '')(
  `a reader that comes while the end of a turn is synced: told afterwards, and once${noCompiler}`,
  async () => {
    const { scripted, stall, resume } = await onPoorDisk()
    const { post, log, path } = await session(scripted)
    const held = gate()
    scripted.model.add([held.wait, ...chat({ text: 'done' })])
    await post('prompt', { text: 'first' })
    stall()
    held.open()
    while (!readFileSync(log, 'utf8').includes('"type":"turn.end"')) await Bun.sleep(5)
    const late = await scripted.backend.events(`${path}/events`, 0)
    const { data } = await late.next('agent.state')
    expect(late.types()).toStartWith('session.created prompt message ')
    expect(data.last_event_id).toBe(3)
    resume()
    await late.idle()
    expect(late.stored.map(event => event.type)).toEqual(['session.created', 'prompt', 'message', 'turn.end'])
  },
)

test.skipIf(noCompiler !== '')(
  `closed twice and resumed at once: one after the other, on one log${noCompiler}`,
  async () => {
    const { scripted, stall, resume } = await onPoorDisk()
    const filled = await session(scripted)
    const { post, log, path } = filled
    scripted.says({ text: 'ok' })
    await post('prompt', { text: 'first', wait: true })
    const close = () => scripted.backend.call(`DELETE ${path}`)
    stall()
    const closed = close()
    while (!readFileSync(log, 'utf8').includes('"type":"session.closed"')) await Bun.sleep(5)
    const others = [close(), post('resume')]
    await scripted.backend.call('GET /health')
    resume()
    const again = await Promise.all(others)
    expect([(await closed).body, ...again.map(({ body }) => body)]).toMatchObject([
      { status: 'closed', transcript_path: log.replace(/jsonl$/, 'org') },
      { status: 'closed', transcript_path: log.replace(/jsonl$/, 'org') },
      { status: 'resumed', message_count: 2 },
    ])
    const events = await expectGoesOn(scripted, filled, 'first')
    expect(events.map(event => event.type).slice(4, 6)).toEqual(['session.closed', 'session.resumed'])
  },
)

test.skipIf(noCompiler !== '')(
  `the backend ends while a session is closed: it is closed all the same${noCompiler}`,
  async () => {
    const { scripted, stall, resume } = await onPoorDisk()
    const { log, path } = await session(scripted)
    stall()
    const closed = scripted.backend.call(`DELETE ${path}`).catch(() => null)
    while (!readFileSync(log, 'utf8').includes('"type":"session.closed"')) await Bun.sleep(5)
    const stopped = scripted.backend.stop()
    while (!scripted.backend.stderr.includes('stopping')) await Bun.sleep(5)
    resume()
    expect(await stopped).toBe(0)
    await closed
    expect(readFileSync(log.replace(/jsonl$/, 'org'), 'utf8')).toContain('#+TITLE')
    expect(scripted.backend.stderr).not.toContain('error')
    expect(existsSync(log.replace(/jsonl$/, 'lock'))).toBe(false)
  },
)

describe.skipIf(noCompiler !== '')(`a sync that fails${noCompiler}`, () => {
  const start = onPoorDisk

  test('a prompt: not acknowledged, and nothing is accepted until the session is resumed', async () => {
    const { scripted, fail, mend } = await start()
    const filled = await session(scripted, { env: { OF_SESSION: 'still here' } })
    const { stream, post, log, view } = filled
    scripted.says({ text: 'ok' })
    await post('prompt', { text: 'first', wait: true })
    fail()
    scripted.says({ text: 'never heard' })
    expectFailure(await post('prompt', { text: 'not promised' }))
    await stream.next('error')
    mend()
    for (const [action, body] of [
      ['prompt', { text: 'x' }],
      ['prompt', { text: 'x', wait: true }],
    ] as const)
      expectFailure(await post(action, body))
    expectFailure(await scripted.backend.call(`PATCH ${filled.path}`, { title: 'x' }))
    expect((await view()).agent_state).toBe('idle')
    expect({ ...(await post('resume')).body }).toMatchObject({ status: 'resumed', dropped: [] })
    // Whoever followed the session that failed is told by the end of the stream, and comes back to the new one.
    await stream.until(() => stream.ended).catch(() => {})
    expect(stream.ended).toBe(true)
    const again = await scripted.backend.events(`${filled.path}/events`, stream.stored.at(-1)!.id)
    await again.next('session.resumed')
    expectIntact(log, 'first')
    // What only this process knew of the session is still known.
    scripted.says(call('shell_exec', { command: 'echo $OF_SESSION' }), { text: 'ok' })
    await post('prompt', { text: 'run' })
    const { data } = await pending(again)
    await post('approve', { tool_call_id: data.tool_call_id })
    expect((await again.next('tool.result')).data.result.content).toContain('still here')
    await again.idle()
    await expectGoesOn(scripted, filled, 'first', 'run')
  })

  test('the end of a turn: not announced, and who waits for the reply gets an error', async () => {
    const { scripted, fail, mend } = await start()
    const { stream, post, path, id } = await session(scripted)
    const held = gate()
    scripted.model.add(async () => {
      await held.wait
      return ['data: {"choices":[{"delta":{"content":"an answer"},"finish_reason":"stop"}]}\n\n']
    })
    const waiting = post('prompt', { text: 'first', wait: true })
    await stream.next('agent.state', 2)
    fail()
    held.open()
    expect({ ...(await waiting).body }).toMatchObject({ status: 'error', error: { code: 'TRANSCRIPT_ERROR' } })
    await stream.next('error')
    expect(stream.types()).not.toContain('turn.end')
    mend()
    const queued = await post('prompt', { text: 'second' })
    expectFailure(queued)
    expect((await post('resume')).status).toBe(200)
    expect((await scripted.backend.call(`GET ${path}`)).body.session_id).toBe(id)
    scripted.says({ text: 'ok' })
    expect((await post('prompt', { text: 'third', wait: true })).body.status).toBe('success')
  })

  test('before a change: the tool does not start', async () => {
    const { scripted, fail } = await start()
    const { stream, post, project, path } = await session(scripted, { config: { auto_approve_tools: ['write_file'] } })
    const held = gate()
    scripted.model.add(async () => {
      await held.wait
      const args = JSON.stringify(JSON.stringify({ path: 'b.txt', content: 'b' }))
      return [
        `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"write_file","arguments":${args}}}]},"finish_reason":"tool_calls"}]}\n\n`,
      ]
    })
    await post('prompt', { text: 'write' })
    fail()
    held.open()
    await stream.next('error')
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    expect((await scripted.backend.call(`GET ${path}`)).body.agent_state).toBe('idle')
  })
})

test('transcripts that cannot be written: told, the session is closed, and its log has everything', async () => {
  const backend = await Backend.start(makeHome())
  const id = await backend.session(tempDir())
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'help', wait: true })
  const { body } = await backend.call('GET /api/transcripts')
  const { log, org } = body.transcripts[0].paths
  rmSync(org, { force: true })
  mkdirSync(join(org, 'in the way'), { recursive: true })
  expectFailure(await backend.call(`DELETE /api/sessions/${id}`))
  expect(expectIntact(log, 'help').at(-1).type).toBe('session.closed')
  expect((await backend.call(`GET /api/sessions/${id}`)).status).toBe(404)
  expect((await backend.call(`GET /api/sessions/${id}/transcript?format=org`)).text).toContain('help')
  rmSync(org, { recursive: true })
  expect((await backend.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
  expect((await backend.call(`DELETE /api/sessions/${id}`)).status).toBe(200)
  expect(statSync(org).isFile()).toBe(true)
})

describe('a transcripts directory that cannot be used', () => {
  const unusable = async (backend: Backend) => {
    const project = tempDir({ 'a.txt': 'a' })
    expectFailure(await backend.call('POST /api/sessions', { project_path: project }))
    expect((await backend.call('GET /api/sessions')).body.sessions).toEqual([])
    expect((await backend.call('GET /api/transcripts')).body).toEqual({ transcripts: [], next_cursor: null })
    expect((await backend.call('GET /api/transcripts/search?q=x')).body).toEqual({ matches: [], next_cursor: null })
    const id = await backend.session(project, { config: { save_transcript: false } })
    expect(
      (await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'list files', wait: true })).body.status,
    ).toBe('success')
    expect((await backend.call(`DELETE /api/sessions/${id}`)).body).toEqual({ status: 'closed', transcript_path: null })
  }

  test('a file is there', async () => {
    const home = makeHome()
    mkdirSync(join(home.root, '.emacs-agent'))
    writeFileSync(home.transcripts, 'not a directory')
    await unusable(await Backend.start(home))
    expect(readFileSync(home.transcripts, 'utf8')).toBe('not a directory')
  })

  test('a file is in the way', async () => {
    const home = makeHome()
    writeFileSync(join(home.root, '.emacs-agent'), 'not a directory')
    await unusable(await Backend.start(home))
  })

  /** Root passes by permission bits; without these capabilities it does not. */
  const isRoot = process.getuid?.() === 0
  const BOUND = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--', BINARY]
  const command = isRoot ? BOUND : [BINARY]
  const noBounds = isRoot && !has('setpriv') ? ' (skipped: this machine lacks setpriv of util-linux)' : ''

  test.skipIf(noBounds !== '')(`it may not be written${noBounds}`, async () => {
    const home = makeHome()
    mkdirSync(home.transcripts, { recursive: true })
    chmodSync(home.transcripts, 0o500)
    await unusable(await Backend.start(home, { command }))
    chmodSync(home.transcripts, 0o700)
  })

  test.skipIf(noBounds !== '')(`some of it may not be read: the rest is there${noBounds}`, async () => {
    const home = makeHome()
    const backend = await Backend.start(home, { command })
    const projects = [tempDir(), tempDir(), tempDir()]
    const ids = await Promise.all(projects.map(project => backend.session(project)))
    for (const id of ids) await backend.call(`DELETE /api/sessions/${id}`)
    const { body } = await backend.call('GET /api/transcripts')
    const logOf = (id: string | undefined): string =>
      body.transcripts.find((each: any) => each.session_id === id).paths.log
    const directory = join(logOf(ids[0]), '../..')
    chmodSync(directory, 0o000)
    chmodSync(logOf(ids[1]), 0o000)
    for (const path of ['/api/transcripts', '/api/transcripts/search?q=x', '/api/transcripts?limit=1'])
      expect((await backend.call(`GET ${path}`)).status).toBe(200)
    const listed = (await backend.call('GET /api/transcripts')).body.transcripts
    expect(listed.map((each: any) => each.session_id)).toContain(ids[2])
    expectFailure(await backend.call(`POST /api/sessions/${ids[1]}/resume`))
    expectFailure(await backend.call(`GET /api/sessions/${ids[1]}/transcript`))
    expect((await backend.call(`GET /api/sessions/${ids[2]}/transcript`)).status).toBe(200)
    chmodSync(directory, 0o700)
    chmodSync(logOf(ids[1]), 0o600)
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toHaveLength(3)
    expect((await backend.call(`POST /api/sessions/${ids[1]}/resume`)).status).toBe(200)
  })
})
