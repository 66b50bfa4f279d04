import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, BINARY, makeHome } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { expectFailure, expectGoesOn, expectIntact, has, session } from '../../support/poor-disk.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

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
