import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { ECHO, expectError, LONG, NOBODY } from '../../support/refused.ts'
import { tempDir } from '../../support/temp.ts'

let backend: Backend

let id: string

const project = tempDir({ 'a.txt': 'a\n' })

beforeAll(async () => {
  backend = await Backend.start(makeHome())
  id = await backend.session(project)
})

/** No request of this file, however wrong, is our fault. */
afterAll(() => {
  expect(backend.stderr).not.toMatch(/ error | {4}at /)
})

const refuses = async (line: string, body: unknown, field: string) =>
  expectError(await backend.call(line, body), 400, 'INVALID_REQUEST', field)

describe('queries', () => {
  const BAD: [string, string][] = [
    ...['0', '1001', '-1', '1e3', '1.5', '', ECHO, '9999999999', '١'].flatMap((limit): [string, string][] => [
      [`/api/transcripts?limit=${limit}`, 'limit'],
      [`/api/transcripts/search?q=x&limit=${limit}`, 'limit'],
    ]),
    ...['', ECHO, '%00', 'e30', `${NOBODY}.x`, LONG].flatMap((cursor): [string, string][] => [
      [`/api/transcripts?cursor=${cursor}`, 'cursor'],
      [`/api/transcripts/search?q=x&cursor=${cursor}`, 'cursor'],
    ]),
    ...['', ECHO, 'yesterday', '2026', '1', 'foo%201', '2026-13-01', '2026-02-29T25:00:00Z', '%00'].flatMap(
      (time): [string, string][] => [
        [`/api/transcripts/search?q=x&since=${time}`, 'since'],
        [`/api/transcripts/search?q=x&until=${time}`, 'until'],
      ],
    ),
    ['/api/transcripts/search', 'q'],
    ['/api/transcripts/search?q=', 'q'],
    [`/api/transcripts/search?q=${LONG}`, 'q'],
    ...['transcripts', 'agents', 'tools', 'mcp', 'rules'].flatMap(route =>
      ['', `relative/${ECHO}`, '%00', `/a%00${ECHO}`, `/${LONG}`].map((path): [string, string] => [
        `/api/${route}?project=${path}`,
        'project',
      ]),
    ),
  ]
  test.each(BAD)('GET %.90s is 400', async (path, field) => refuses(`GET ${path}`, undefined, field))

  test.each(['pdf', '', ECHO, 'JSON'])('format=%s is 400, of any session', async format => {
    await refuses(`GET /api/sessions/${id}/transcript?format=${format}`, undefined, 'format')
    await refuses(`GET /api/sessions/${NOBODY}/transcript?format=${format}`, undefined, 'format')
  })

  test.each(['-1', ECHO, '1234567890123456'])('Last-Event-ID %s is 400, of any session', async value => {
    for (const of of [id, NOBODY]) {
      const reply = await backend.call(`GET /api/sessions/${of}/events`, undefined, { 'last-event-id': value })
      expectError(reply, 400, 'INVALID_REQUEST', 'Last-Event-ID')
    }
  })

  test.each([
    ['/api/transcripts?limit=1&unknown=x', 'transcripts'],
    [`/api/transcripts/search?q=x&cursor=${btoa(`2026-01-01T00:00:00.000Z ${NOBODY} 1`)}`, 'matches'],
    ['/api/transcripts/search?q=%E0%A4%A', 'matches'],
    ['/api/transcripts/search?q=%00', 'matches'],
    ['/api/transcripts/search?q=x&since=2026-11-01&until=2026-11-30T23:59:59.999%2B02:00', 'matches'],
    [`/api/agents?project=/${ECHO}`, 'agents'],
    [`/api/mcp?project=${project}/a.txt`, 'servers'],
    [`/api/transcripts?project=/${ECHO}`, 'transcripts'],
  ])('GET %s is fine', async (path, field) => {
    const { status, body } = await backend.call(`GET ${path}`)
    expect(status).toBe(200)
    expect(body[field]).toBeArray()
  })
})

describe('bodies', () => {
  test.each(['[]', '1', 'null', '"x"', `{"${ECHO}`, `{"project_path": ${ECHO}}`, '\ufeff{}x', '{}{}'])(
    '%s is 400',
    async body => {
      for (const line of [
        'POST /api/sessions',
        `POST /api/sessions/${NOBODY}/prompt`,
        `POST /api/sessions/${id}/interrupt`,
      ])
        expectError(await backend.call(line, body), 400, 'INVALID_REQUEST', 'body')
    },
  )

  test.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/jsonp', 415],
    ['application/json; charset=utf-8', 400],
    ['APPLICATION/JSON', 400],
  ])('media type %s is %d', async (type, status) => {
    const reply = await backend.call('POST /api/sessions', '{}', { 'content-type': type })
    expectError(reply, status, status === 415 ? 'UNSUPPORTED_MEDIA_TYPE' : 'INVALID_REQUEST')
  })

  test('an empty body is an empty object, whatever its media type', async () => {
    for (const type of ['', 'text/plain', 'application/json'])
      expectError(await backend.call('POST /api/sessions', '', { 'content-type': type }), 400, 'INVALID_REQUEST')
    expect((await backend.call(`POST /api/sessions/${id}/interrupt`)).status).toBe(200)
  })

  test('invalid UTF-8 is 400, a Content-Encoding 415', async () => {
    const send = (body: BodyInit, headers: Record<string, string>) =>
      fetch(`${backend.handshake.url}/api/sessions`, {
        method: 'POST',
        headers: { ...backend.headers, 'content-type': 'application/json', ...headers },
        body,
      })
    expect((await send(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {})).status).toBe(400)
    expect((await send('{}', { 'content-encoding': 'gzip' })).status).toBe(415)
    expect((await send('{}', { 'content-encoding': 'identity' })).status).toBe(415)
  })

  test('16 MiB are taken, one byte more is 413, and 70 MB end in no 500', async () => {
    const body = (size: number) => `{"project_path":"/","x":"${'x'.repeat(size - 27)}"}`
    const text = body(16 * 1024 * 1024)
    expect(text.length).toBe(16 * 1024 * 1024)
    const small = await backend.call('POST /api/sessions', text)
    expect(small.status).toBe(201)
    await backend.call(`DELETE /api/sessions/${small.body.session_id}`)
    expectError(await backend.call('POST /api/sessions', `${text} `), 413, 'TOO_LARGE')
    // Beyond what the listener reads at all: its answer has no body of ours, or the connection ends.
    const huge = await backend.call('POST /api/sessions', body(70_000_000)).catch(() => ({ status: 413 }))
    expect(huge.status).toBe(413)
    expect((await backend.call('GET /health')).status).toBe(200)
  })

  test('nested deeper than any stack', async () => {
    const deep = `{"text":"x","context":{"files":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`
    expectError(await backend.call(`POST /api/sessions/${id}/prompt`, deep), 400, 'INVALID_REQUEST')
  })
})

describe('ids', () => {
  const IDS = [
    'nope',
    NOBODY,
    ECHO,
    '%00',
    '%0a',
    '..%2f..%2f..%2fetc%2fpasswd',
    '%252e%252e',
    'a%20b',
    '%22%3Cscript%3E',
    '%E0%A4%A',
    '%ff',
    '%F0%9F%98%80',
    'constructor',
    '__proto__',
    `${NOBODY.slice(0, 35)}%30%00`,
    'y'.repeat(3_000),
  ]
  const ROUTES: [line: string, code: string, body: unknown][] = [
    ['GET /api/sessions/ID', 'SESSION_NOT_FOUND', undefined],
    ['PATCH /api/sessions/ID', 'SESSION_NOT_FOUND', { title: 'x' }],
    ['DELETE /api/sessions/ID', 'SESSION_NOT_FOUND', undefined],
    ['POST /api/sessions/ID/prompt', 'SESSION_NOT_FOUND', { text: 'x' }],
    ['POST /api/sessions/ID/interrupt', 'SESSION_NOT_FOUND', undefined],
    ['DELETE /api/sessions/ID/queue/turn_x', 'SESSION_NOT_FOUND', undefined],
    ['POST /api/sessions/ID/approve', 'SESSION_NOT_FOUND', { tool_call_id: 'x' }],
    ['POST /api/sessions/ID/reject', 'SESSION_NOT_FOUND', { tool_call_id: 'x' }],
    ['POST /api/sessions/ID/answer', 'SESSION_NOT_FOUND', { question_id: 'x', action: 'cancel' }],
    ['PUT /api/sessions/ID/buffers', 'SESSION_NOT_FOUND', { unsaved: [] }],
    ['GET /api/sessions/ID/events', 'SESSION_NOT_FOUND', undefined],
    ['GET /api/sessions/ID/transcript', 'SESSION_NOT_FOUND', undefined],
    ['POST /api/sessions/ID/resume', 'SESSION_NOT_FOUND', undefined],
    ['DELETE /api/transcripts/ID', 'SESSION_NOT_FOUND', undefined],
    ['POST /api/mcp/ID/restart', 'NOT_FOUND', undefined],
    ['DELETE /api/rules/ID', 'NOT_FOUND', undefined],
    ['PUT /api/providers/ID/key', 'NOT_FOUND', { key: 'a-key-0123456789' }],
  ]
  test.each(ROUTES)('%s: of nothing we know is 404 %s', async (line, code, body) => {
    for (const odd of IDS) expectError(await backend.call(line.replace('ID', odd), body), 404, code)
  })

  test('dots are resolved before a route is looked for', async () => {
    for (const dots of ['..', '%2e%2e', '.'])
      expectError(await backend.call(`POST /api/sessions/${dots}/resume`), 404, 'NOT_FOUND')
  })

  test('a percent-encoded id is the id', async () => {
    const encoded = [...id].map(c => `%${c.charCodeAt(0).toString(16)}`).join('')
    expect((await backend.call(`GET /api/sessions/${encoded}`)).body.session_id).toBe(id)
  })

  test('a live session says nothing of resuming, an ended one says that it would help', async () => {
    const own = await backend.session(project)
    await backend.call(`DELETE /api/sessions/${own}`)
    for (const line of [`GET /api/sessions/${own}`, `POST /api/sessions/${own}/interrupt`]) {
      const { body } = await backend.call(line)
      expect(body.error).toMatchObject({ code: 'SESSION_NOT_FOUND', details: { resumable: true } })
    }
    expect((await backend.call(`GET /api/sessions/${NOBODY}`)).body.error.details).toEqual({ resumable: false })
  })
})

describe('routes and methods that do not exist', () => {
  test.each([
    'GET /',
    'GET /api',
    'GET /api/nope',
    'GET /API/sessions',
    'GET /api/sessions/',
    'GET /api/transcripts/search/x',
    'POST /api/models',
    'PUT /api/sessions',
    'DELETE /api/sessions',
    'POST /health',
    'OPTIONS /api/sessions',
    'PROPFIND /api/sessions',
    `GET /${ECHO}`,
    `GET /api/sessions/x/${ECHO}`,
    'GET /.env',
    'GET /favicon.ico',
    'GET /api/sessions/x/queue/y',
  ])('%s is 404 NOT_FOUND', async line => expectError(await backend.call(line), 404, 'NOT_FOUND'))

  test('HEAD asks what GET asks', async () => {
    const head = (path: string) => fetch(backend.handshake.url + path, { method: 'HEAD', headers: backend.headers })
    expect((await head('/api/models')).status).toBe(200)
    expect((await head('/api/nope')).status).toBe(404)
  })
})

/** What no HTTP client would send. */
describe('raw requests', () => {
  const ask = (request: string) =>
    new Promise<string>(resolve => {
      const socket = connect(backend.handshake.port, '127.0.0.1', () => socket.end(request))
      let answer = ''
      socket
        .on('data', chunk => (answer += chunk))
        .on('error', () => {}) // a reset is an answer too
        .on('close', () => resolve(answer))
    })
  const head = () => `Host: 127.0.0.1\r\nAuthorization: Bearer ${backend.handshake.token}\r\nConnection: close\r\n`

  test.each([
    ['no request', `${ECHO}\r\n\r\n`],
    ['no version', 'GET /health\r\n\r\n'],
    ['a bad header', `GET /health HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n`],
    ['a length that is none', `POST /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${ECHO}\r\n\r\n`],
    ['nothing', ''],
  ])('%s: no 500, and the next request is answered', async (_, request) => {
    const answer = await ask(request)
    expect(answer).not.toMatch(/^HTTP\/1\.[01] 50[0-4]/)
    expect(answer).not.toContain(ECHO)
    expect((await backend.call('GET /health')).status).toBe(200)
  })

  test('a body that ends before its length', async () => {
    const answer = await ask(
      `POST /api/sessions HTTP/1.1\r\n${head()}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"project_path"`,
    )
    expect(answer).not.toMatch(/^HTTP\/1\.[01] [25]/)
    expect((await backend.call('GET /health')).status).toBe(200)
  })

  test('a body in chunks without a length is a body', async () => {
    const answer = await ask(
      `POST /api/sessions HTTP/1.1\r\n${head()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    )
    expect(answer).toStartWith('HTTP/1.1 400')
    expect(answer).toContain('project_path')
  })

  test('an absolute target, and one that is no path', async () => {
    for (const target of ['http://127.0.0.1/api/models', '*', '//evil.example/api/models'])
      expect(await ask(`GET ${target} HTTP/1.1\r\n${head()}\r\n`)).not.toMatch(/^HTTP\/1\.[01] 5/)
  })
})

test('nothing was written that was not asked for', () => {
  expect(existsSync(join(project, ECHO))).toBe(false)
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('a\n')
})
