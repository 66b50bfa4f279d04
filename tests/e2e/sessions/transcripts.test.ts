import { beforeAll, describe, expect, test } from 'bun:test'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Backend, type Home, makeHome } from '../../support/backend.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

type Told = { project_path?: string; title?: string; closed?: boolean; events?: object[] }

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
/** Noon of a day, `n` minutes on. */
const timeOf = (n: number, day = '2026-03-01') =>
  new Date(Date.parse(`${day}T12:00:00.000Z`) + n * 60_000).toISOString()

/** Writes the log of session `n` as the backend would have: two of the same minute are told apart by their ids. */
function writeLog(
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

const list = async (backend: Backend, query = '') => (await backend.call(`GET /api/transcripts${query}`)).body
const search = async (backend: Backend, query: Record<string, string>) =>
  (await backend.call(`GET /api/transcripts/search?${new URLSearchParams(query)}`)).body
const numbers = (entries: { session_id: string }[]) => entries.map(entry => Number(entry.session_id.slice(-12)))
const down = (from: number, to: number, step = 1) =>
  Array.from({ length: (from - to) / step + 1 }, (_, i) => from - i * step)

describe('250 sessions', () => {
  const home = makeHome()
  let backend: Backend
  beforeAll(async () => {
    for (let n = 1; n <= 250; n++)
      writeLog(home, n, `Question ${n}${n % 50 === 0 ? ' about Ümlaute and "quotes"' : ''}`, {
        project_path: n % 2 === 0 ? '/home/me/even' : '/home/me/odd',
        title: n === 7 ? 'Lucky' : '',
      })
    backend = await Backend.start(home)
  })

  test('50 without a limit, newest first, and all of them by cursors', async () => {
    const first = await list(backend)
    expect(numbers(first.transcripts)).toEqual(down(250, 201))
    const seen: number[] = []
    for (let query = '?limit=40'; ; ) {
      const page = await list(backend, query)
      seen.push(...numbers(page.transcripts))
      if (page.next_cursor === null) break
      expect(page.transcripts).toHaveLength(40)
      query = `?limit=40&cursor=${page.next_cursor}`
    }
    expect(seen).toEqual(down(250, 1))
  })

  test('the last page is told even when it is full', async () => {
    const page = await list(backend, '?limit=250')
    expect(page.transcripts).toHaveLength(250)
    expect(page.next_cursor).toBeNull()
    expect((await list(backend, '?limit=249')).next_cursor).toBeString()
  })

  test('of one project, however its path is written', async () => {
    for (const path of ['/home/me/odd', '/home/me/odd/', '/home/me/even/../odd']) {
      const page = await list(backend, `?limit=30&project=${encodeURIComponent(path)}`)
      expect(numbers(page.transcripts)).toEqual(down(249, 191, 2))
      const next = await list(backend, `?limit=30&project=${encodeURIComponent(path)}&cursor=${page.next_cursor}`)
      expect(numbers(next.transcripts)).toEqual(down(189, 131, 2))
    }
    expect((await list(backend, '?project=/home/me/other')).transcripts).toEqual([])
  })

  test('an entry tells all of the contract', async () => {
    const { transcripts } = await list(backend, '?limit=250')
    const log = join(home.transcripts, 'odd/2026-03-01', `session-${idOf(7)}.jsonl`)
    expect(transcripts.find((each: any) => each.session_id === idOf(7))).toEqual({
      session_id: idOf(7),
      project_path: '/home/me/odd',
      title: 'Lucky',
      first_prompt: 'Question 7',
      started_at: timeOf(7),
      ended_at: timeOf(7),
      status: 'closed',
      model: 'test/m',
      message_count: 2,
      usage: { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0, cache_write_tokens: 0 },
      files_changed: [],
      paths: {
        org: log.replace('.jsonl', '.org'),
        markdown: log.replace('.jsonl', '.md'),
        json: log.replace('.jsonl', '.json'),
        log,
      },
    })
    expect(transcripts.find((each: any) => each.session_id === idOf(8)).title).toBe('Question 8')
  })

  test('a cursor holds when sessions come and go', async () => {
    const page = await list(backend, '?limit=10&project=/home/me/odd')
    const gone = page.transcripts.at(-1)
    expect((await backend.call(`DELETE /api/transcripts/${gone.session_id}`)).status).toBe(200)
    writeLog(home, 999, 'a newer one', { project_path: '/home/me/odd' })
    const next = await list(backend, `?limit=10&project=/home/me/odd&cursor=${page.next_cursor}`)
    expect(numbers(next.transcripts)).toEqual(down(229, 211, 2))
    expect(numbers((await list(backend, '?limit=1')).transcripts)).toEqual([999])
    await backend.call(`DELETE /api/transcripts/${idOf(999)}`)
  })

  describe('search', () => {
    test.each([
      ['ümlaute', [250, 200, 150, 100, 50]],
      ['umlaute', []],
      ['ÜMLAUTE', [250, 200, 150, 100, 50]],
      ['about ümlaute and "quotes"', [250, 200, 150, 100, 50]],
      ['"QUOTES"', [250, 200, 150, 100, 50]],
      ['question 24', [249, 248, 247, 246, 245, 244, 243, 242, 241, 240, 24]],
      ['answer 77.', [77]],
      ['nothing like it', []],
      ['turn_id', []],
      ['\\', []],
    ] as [string, number[]][])('%s', async (q, found) => {
      const { matches, next_cursor } = await search(backend, { q })
      expect(numbers(matches)).toEqual(found)
      expect(next_cursor).toBeNull()
    })

    test('a match tells who said it, where, and what is around', async () => {
      const { matches } = await search(backend, { q: 'ümlaut', limit: '1' })
      expect(matches).toEqual([
        {
          session_id: idOf(250),
          project_path: '/home/me/even',
          event_id: 2,
          at: timeOf(250),
          role: 'user',
          snippet: 'Question 250 about Ümlaute and "quotes"',
        },
      ])
      expect((await search(backend, { q: 'answer 33.' })).matches[0].role).toBe('assistant')
    })

    test('by cursors: every match once, in order, also when its session is gone', async () => {
      const first = await search(backend, { q: 'question', limit: '100' })
      expect(numbers(first.matches)[0]).toBe(250)
      expect(first.matches).toHaveLength(100)
      const last = first.matches.at(-1).session_id
      await backend.call(`DELETE /api/transcripts/${last}`)
      const second = await search(backend, { q: 'question', limit: '1000', cursor: first.next_cursor })
      expect(second.next_cursor).toBeNull()
      const all = numbers([...first.matches, ...second.matches])
      expect(new Set(all).size).toBe(all.length)
      expect(all).toEqual([...all].sort((a, b) => b - a))
      expect(all.at(-1)).toBe(1)
      expect(all).toHaveLength(249)
    })

    test('two matches in one session, one a page', async () => {
      const usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 }
      writeLog(home, 500, 'needle one', {
        project_path: '/home/me/even',
        events: [
          {
            type: 'tool.call',
            turn_id: 't',
            tool_call_id: 'tc_1',
            tool: 'grep',
            category: 'filesystem',
            params: { pattern: 'Needle two' },
            requires_approval: false,
            reason: 'r',
          },
          {
            type: 'tool.result',
            turn_id: 't',
            tool_call_id: 'tc_1',
            tool: 'grep',
            status: 'success',
            result: { content: `${'x '.repeat(300)}NEEDLE three${' y'.repeat(300)}`, metadata: {} },
            message: 'm',
            execution_time_ms: 1,
          },
          { type: 'turn.end', turn_id: 't', outcome: 'completed', usage, duration_ms: 1 },
        ],
      })
      const seen: [string, string][] = []
      for (let cursor = ''; ; ) {
        const page = await search(backend, { q: 'needle', limit: '1', ...(cursor && { cursor }) })
        seen.push(...page.matches.map((match: any) => [match.role, match.snippet]))
        if (!page.next_cursor) break
        cursor = page.next_cursor
      }
      expect(seen.map(([role]) => role)).toEqual(['user', 'tool', 'tool'])
      expect(seen[1]![1]).toContain('grep Needle two')
      expect(seen[2]![1]).toMatch(/^….*NEEDLE three.*…$/)
      expect(seen[2]![1].length).toBeLessThan(200)
    })

    test.each([
      [{ since: timeOf(240) }, down(250, 240)],
      [{ until: timeOf(5) }, down(5, 1)],
      [{ since: timeOf(10), until: timeOf(12) }, [12, 11, 10]],
      [{ since: '2026-03-01T13:40:00+01:00', until: timeOf(41) }, [41, 40]],
      [{ since: '2026-03-02' }, []],
      [{ until: '2026-02-28' }, []],
      [{ since: '2026-03-01', until: '2026-03-01', project: '/home/me/odd' }, null],
      [{ project: '/nowhere' }, []],
    ] as [Record<string, string>, number[] | null][])('%p', async (query, found) => {
      const { matches } = await search(backend, { q: 'question', limit: '1000', ...query })
      const gone = new Set([249 - 18, 151])
      if (found) expect(numbers(matches).filter(n => !gone.has(n))).toEqual(found.filter(n => !gone.has(n)))
      else expect(numbers(matches).every(n => n % 2 === 1) && matches.length).toBeGreaterThan(100)
    })
  })
})

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
