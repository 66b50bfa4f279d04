import { beforeAll, describe, expect, test } from 'bun:test'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { idOf, list, search, timeOf, writeLog } from '../../support/written-logs.ts'

describe('index.json is a cache', () => {
  const home = makeHome()
  let backend: Backend
  const index = join(home.transcripts, 'demo/index.json')
  beforeAll(async () => {
    for (let n = 1; n <= 3; n++) writeLog(home, n, `Question ${n}`)
    backend = await Backend.start(home)
    await list(backend)
  })
  const titles = async () => (await list(backend)).transcripts.map((each: any) => each.title)
  const saved = () => JSON.parse(readFileSync(index, 'utf8')).sessions.map((each: any) => each.title)

  test.each([
    ['deleted', () => rmSync(index)],
    ['empty', () => writeFileSync(index, '')],
    ['no JSON', () => writeFileSync(index, '{"version":1,')],
    ['another shape', () => writeFileSync(index, '{"version":1,"sessions":{"a":1}}')],
    ['of another version', () => writeFileSync(index, '{"version":9,"project_path":null,"sessions":[]}')],
    ['binary', () => writeFileSync(index, new Uint8Array([0, 255, 254]))],
    ['without an entry', () => writeFileSync(index, '{"version":1,"project_path":null,"sessions":[]}')],
  ])('%s: made again', async (_, damage) => {
    damage()
    expect(await titles()).toEqual(['Question 3', 'Question 2', 'Question 1'])
    expect(saved().sort()).toEqual(['Question 1', 'Question 2', 'Question 3'])
  })

  test('a directory in its place costs nothing but the cache', async () => {
    rmSync(index)
    mkdirSync(index)
    expect(await titles()).toEqual(['Question 3', 'Question 2', 'Question 1'])
    rmSync(index, { recursive: true })
  })

  test('stale: a log that grew is read again, one that is gone is gone, one that is new is there', async () => {
    await list(backend)
    const log = join(home.transcripts, 'demo/2026-03-01', `session-${idOf(2)}.jsonl`)
    appendFileSync(log, `${JSON.stringify({ id: 9, at: timeOf(2), type: 'session.updated', title: 'Renamed' })}\n`)
    rmSync(join(home.transcripts, 'demo/2026-03-01', `session-${idOf(3)}.jsonl`))
    writeLog(home, 4, 'Question 4')
    expect(await titles()).toEqual(['Question 4', 'Renamed', 'Question 1'])
    expect(saved().sort()).toEqual(['Question 1', 'Question 4', 'Renamed'])
  })

  test('what is no log of ours is passed over', async () => {
    const day = join(home.transcripts, 'demo/2026-03-01')
    writeFileSync(join(day, 'notes.txt'), 'mine')
    writeFileSync(join(day, 'session-nope.jsonl'), '{}')
    mkdirSync(join(day, `session-${idOf(77)}.jsonl`))
    writeFileSync(join(home.transcripts, 'README'), 'mine')
    expect(await titles()).toEqual(['Question 4', 'Renamed', 'Question 1'])
    expect((await backend.call(`DELETE /api/transcripts/${idOf(4)}`)).body).toEqual({ status: 'deleted' })
    expect(readFileSync(join(day, 'notes.txt'), 'utf8')).toBe('mine')
  })
})

test('two projects of one name have directories of their own, also after their indexes are gone', async () => {
  const [one, two] = [join(tempDir(), 'same name'), join(tempDir(), 'same name')]
  mkdirSync(one)
  mkdirSync(two)
  const home = makeHome()
  const backend = await Backend.start(home)
  const close = async (project: string) => {
    const id = await backend.session(project)
    await backend.call(`DELETE /api/sessions/${id}`)
    return id
  }
  const ids = [await close(one), await close(two)]
  const directories = readdirSync(home.transcripts).sort()
  expect(directories[0]).toBe('same-name')
  expect(directories[1]).toMatch(/^same-name-[0-9a-f]{6}$/)
  for (const directory of directories) rmSync(join(home.transcripts, directory, 'index.json'), { force: true })
  ids.push(await close(two), await close(one))
  expect(readdirSync(home.transcripts).sort()).toEqual(directories)
  const of = async (project: string) =>
    (await list(backend, `?project=${encodeURIComponent(project)}`)).transcripts
      .map((each: any) => each.session_id)
      .sort()
  expect(await of(one)).toEqual([ids[0], ids[3]].sort())
  expect(await of(two)).toEqual([ids[1], ids[2]].sort())
})

describe('formats', () => {
  const told = async () => {
    const { backend, says } = await startScripted()
    const project = tempDir({ 'a.txt': 'one\n' })
    const id = await backend.session(project, { title: 'Formats' })
    const stream = await backend.events(`/api/sessions/${id}/events`)
    says(call('edit_file', { path: 'a.txt', old: 'one', new: '1' }), { text: 'It is **done**:\n\n* one\n* two' })
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: '* Not a heading\nChange it' })
    const { data } = await pending(stream)
    await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
    await stream.idle()
    const get = async (format = '') => {
      const query = format && `?format=${format}`
      const response = await fetch(`${backend.handshake.url}/api/sessions/${id}/transcript${query}`, {
        headers: backend.headers,
      })
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
    }
    return { backend, id, project, get }
  }

  test('of a live session and of an ended one: the same words, and those of the files', async () => {
    const { backend, id, project, get } = await told()
    const json = await get()
    expect(json).toMatchObject({ status: 200, type: expect.stringContaining('application/json') })
    const live = JSON.parse(json.text)
    expect(Object.keys(live)).toEqual([
      'session_id',
      'project_path',
      'project_name',
      'started_at',
      'ended_at',
      'model',
      'message_count',
      'messages',
      'tool_calls',
      'file_changes',
      'metadata',
    ])
    expect({ ...live }).toMatchObject({
      session_id: id,
      project_path: project,
      project_name: basename(project),
      ended_at: null,
      message_count: 2,
      messages: [{ role: 'user' }, { role: 'assistant' }],
      tool_calls: [{ tool: 'edit_file', result: { status: 'success' } }],
      file_changes: [{ path: 'a.txt', operation: 'edit' }],
    })
    expect((await get('json')).text).toBe(json.text)

    const markdown = await get('markdown')
    expect(markdown.type).toContain('text/markdown')
    expect(markdown.text).toContain('It is **done**')
    const org = await get('org')
    expect(org.text).toContain(`#+TITLE: Agent Session - ${basename(project)}`)
    expect(org.text).toContain('It is *done*')
    expect(org.text).toMatch(/^\*\* User \[/m)
    expect(org.text).not.toMatch(/^\* Not a heading/m)
    expect(org.text).toMatch(/^\*\*\* Tool Call: edit_file/m)

    const { body } = await backend.call(`DELETE /api/sessions/${id}`)
    const ended = JSON.parse((await get()).text)
    expect(ended.ended_at).toBeString()
    expect(ended.messages).toEqual(live.messages)
    for (const [format, extension] of [
      ['json', '.json'],
      ['markdown', '.md'],
      ['org', '.org'],
    ] as const)
      expect((await get(format)).text).toBe(readFileSync(body.transcript_path.replace(/\.org$/, extension), 'utf8'))
  })

  test('of a session with nothing in it', async () => {
    const backend = await Backend.start(makeHome())
    const id = await backend.session(tempDir())
    for (const format of ['json', 'markdown', 'org']) {
      const { status, text } = await backend.call(`GET /api/sessions/${id}/transcript?format=${format}`)
      expect(status).toBe(200)
      expect(text).toContain(id)
    }
  })
})

describe('status', () => {
  test('active, open, closed, damaged', async () => {
    const home = makeHome()
    const first = await Backend.start(home)
    const [live, closed, damaged] = [
      await first.session(tempDir()),
      await first.session(tempDir()),
      await first.session(tempDir()),
    ]
    await first.call(`DELETE /api/sessions/${closed}`)
    await first.call(`DELETE /api/sessions/${damaged}`)
    const status = async (backend: Backend, id: string) =>
      (await list(backend)).transcripts.find((each: any) => each.session_id === id)?.status
    const logOf = async (id: string): Promise<string> =>
      (await list(first)).transcripts.find((each: any) => each.session_id === id).paths.log
    writeFileSync(await logOf(damaged), 'garbage\n')
    expect([await status(first, live), await status(first, closed), await status(first, damaged)]).toEqual([
      'active',
      'closed',
      'damaged',
    ])
    const second = await Backend.start(home)
    expect(await status(second, live)).toBe('active')
    first.process.kill('SIGKILL')
    await first.exited
    expect(await status(second, live)).toBe('open')
    await second.call(`POST /api/sessions/${live}/resume`)
    expect(await status(second, live)).toBe('active')
    expect(await status(second, closed)).toBe('closed')
    await second.call(`POST /api/sessions/${closed}/resume`)
    expect(await status(second, closed)).toBe('active')
    await second.stop()
    const third = await Backend.start(home)
    expect(await status(third, closed)).toBe('open')
    expect((await list(third)).transcripts.find((each: any) => each.session_id === closed).ended_at).toBeNull()
  })
})

describe('DELETE', () => {
  test('a live session is 409 and stays; an ended one is gone with all its files', async () => {
    const { backend, says } = await startScripted({ config: '[models."test/model"]\ncontext_window = 1000000' })
    const project = tempDir({ 'big.txt': 'line\n'.repeat(20_000) })
    const id = await backend.session(project)
    says(call('read_file', { path: 'big.txt', limit: 20_000 }), { text: 'ok', usage: { input: 30_000 } })
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'read', wait: true })
    const remove = () => backend.call(`DELETE /api/transcripts/${id}`)
    expect({ ...(await remove()) }).toMatchObject({ status: 409, body: { error: { code: 'SESSION_BUSY' } } })
    const { paths } = (await list(backend)).transcripts[0]
    await backend.call(`DELETE /api/sessions/${id}`)
    const day = dirname(paths.log)
    for (const path of Object.values(paths as Record<string, string>)) expect(existsSync(path)).toBe(true)
    expect({ ...(await remove()) }).toMatchObject({ status: 200, body: { status: 'deleted' } })
    expect(readdirSync(day).filter(name => name.includes(id))).toEqual([])
    expect((await list(backend)).transcripts).toEqual([])
    expect((await search(backend, { q: 'read' })).matches).toEqual([])
    expect((await remove()).status).toBe(404)
    for (const line of [`POST /api/sessions/${id}/resume`, `GET /api/sessions/${id}/transcript`])
      expect((await backend.call(line)).body.error).toMatchObject({
        code: 'SESSION_NOT_FOUND',
        details: { resumable: false },
      })
  })
})
