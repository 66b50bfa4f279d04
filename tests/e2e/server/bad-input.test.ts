import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

/** A word that no answer may repeat: whoever sends it in a wrong place must not get it back. */
const ECHO = 'zqxECHOzqx'
const NOBODY = '00000000-0000-4000-8000-000000000000'
const LONG = 'y'.repeat(5_000)

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

/** Expects the error body of the contract, with nothing in it of what was sent. */
function expectError(reply: { status: number; body: any; text: string }, status: number, code: string, field?: string) {
  expect(`${reply.status} ${reply.body?.error?.code}`).toBe(`${status} ${code}`)
  expect(Object.keys(reply.body)).toEqual(['error'])
  expect(Object.keys(reply.body.error)).toEqual(['code', 'message', 'details'])
  expect(reply.body.error.message).toMatch(/^.{10,600}\.$/)
  if (field) expect(reply.body.error.message).toContain(field)
  expect(reply.text).not.toMatch(new RegExp(`${ECHO}|yyyyy|\\n\\s+at |node_modules|undefined|/\\^`))
}
const refuses = async (line: string, body: unknown, field: string) =>
  expectError(await backend.call(line, body), 400, 'INVALID_REQUEST', field)

type Bodies = [field: string, body: unknown][]
/** What is wrong with a body for each route that takes one; `:id` is a live session, then one that never was. */
const WRONG: Record<string, Bodies> = {
  'POST /api/sessions': [
    ['project_path', {}],
    ['project_path', { project_path: null }],
    ['project_path', { project_path: 7 }],
    ['project_path', { project_path: [ECHO] }],
    ['project_path', { project_path: '' }],
    ['project_path', { project_path: `relative/${ECHO}` }],
    ['project_path', { project_path: `~/${ECHO}` }],
    ['project_path', { project_path: `/${ECHO}\0` }],
    ['project_path', { project_path: join(project, 'a.txt') }],
    ['project_path', { project_path: join(project, 'a.txt', ECHO) }],
    ['project_path', { project_path: join(project, ECHO) }],
    ['project_path', { project_path: `/${LONG}` }],
    ['project_path', { project_path: `/${'y'.repeat(3_000)}` }],
    ['model', { project_path: project, model: 7 }],
    ['model', { project_path: project, model: '' }],
    ['model', { project_path: project, model: LONG }],
    ['provider/model', { project_path: project, model: `${ECHO}/x` }],
    ['provider/model', { project_path: project, model: 'constructor/x' }],
    ['provider/model', { project_path: project, model: '__proto__/x' }],
    ['provider/model', { project_path: project, model: '/' }],
    ['agent', { project_path: project, agent: ECHO }],
    ['agent', { project_path: project, agent: 'constructor' }],
    ['agent', { project_path: project, agent: {} }],
    ['title', { project_path: project, title: 1 }],
    ['title', { project_path: project, title: LONG }],
    ['env', { project_path: project, env: [] }],
    ['env', { project_path: project, env: ECHO }],
    ['env', { project_path: project, env: { [ECHO]: 1 } }],
    ['env', { project_path: project, env: { [`A-${ECHO}`]: 'x' } }],
    ['env', { project_path: project, env: { A: `${ECHO}\0` } }],
    ['config', { project_path: project, config: [] }],
    ['config', { project_path: project, config: true }],
    ['config.auto_approve_readonly', { project_path: project, config: { auto_approve_readonly: ECHO } }],
    ['config.auto_approve_tools', { project_path: project, config: { auto_approve_tools: ECHO } }],
    ['config.auto_approve_tools.0', { project_path: project, config: { auto_approve_tools: [1] } }],
    ['config.save_transcript', { project_path: project, config: { save_transcript: 'no' } }],
  ],
  'PATCH /api/sessions/:id': [
    ['model', { model: 1 }],
    ['agent', { agent: [] }],
    ['title', { title: LONG }],
    ['config', { config: [] }],
    ['config.auto_approve_readonly', { config: { auto_approve_readonly: 1 } }],
  ],
  'POST /api/sessions/:id/prompt': [
    ['text', {}],
    ['text', { text: null }],
    ['text', { text: [ECHO] }],
    ['text', { text: '' }],
    ['text', { text: ' \n\t' }],
    ['prompt_id', { text: 'x', prompt_id: '' }],
    ['prompt_id', { text: 'x', prompt_id: LONG }],
    ['context', { text: 'x', context: [] }],
    ['context', { text: 'x', context: ECHO }],
    ['context.current_file', { text: 'x', context: { current_file: 1 } }],
    ['context.cursor_position.line', { text: 'x', context: { cursor_position: { line: 0, column: 0 } } }],
    ['context.cursor_position.line', { text: 'x', context: { cursor_position: { line: 1.5, column: 0 } } }],
    ['context.cursor_position.column', { text: 'x', context: { cursor_position: { line: 1, column: -1 } } }],
    ['context.visible_region.end', { text: 'x', context: { visible_region: { start: 1 } } }],
    ['context.region.text', { text: 'x', context: { region: { start: 1, end: 2 } } }],
    ['context.files', { text: 'x', context: { files: ECHO } }],
    ['context.buffers.0.text', { text: 'x', context: { buffers: [{ path: ECHO }] } }],
    ['context.diagnostics.0.severity', { text: 'x', context: { diagnostics: [{ path: 'a', line: 1, message: 'm' }] } }],
    ['attachments', { text: 'x', attachments: ECHO }],
    ['attachments.0', { text: 'x', attachments: [ECHO] }],
    ['attachments.0', { text: 'x', attachments: [{}] }],
    ['attachments.0', { text: 'x', attachments: [{ media_type: 'image/png', data: `!${ECHO}` }] }],
    ['attachments.0', { text: 'x', attachments: [{ media_type: ECHO, data: '' }] }],
    ['attachments', { text: 'x', attachments: Array(51).fill({ path: 'a.txt' }) }],
    ['agent', { text: 'x', agent: '' }],
    ['effort', { text: 'x', effort: ECHO }],
    ['when_busy', { text: 'x', when_busy: ECHO }],
    ['wait', { text: 'x', wait: 'yes' }],
  ],
  'POST /api/sessions/:id/approve': [
    ['tool_call_id', {}],
    ['tool_call_id', { tool_call_id: null }],
    ['tool_call_id', { tool_call_id: 1 }],
    ['tool_call_id', { tool_call_id: '' }],
    ['tool_call_id', { tool_call_id: LONG }],
    ['preview_hash', { tool_call_id: 'x', preview_hash: 1 }],
    ['params', { tool_call_id: 'x', params: [] }],
    ['params', { tool_call_id: 'x', params: ECHO }],
    ['content', { tool_call_id: 'x', content: {} }],
    ['remember', { tool_call_id: 'x', remember: ECHO }],
    ['remember', { tool_call_id: 'x', remember: true }],
  ],
  'POST /api/sessions/:id/reject': [
    ['tool_call_id', {}],
    ['tool_call_id', { tool_call_id: [] }],
    ['reason', { tool_call_id: 'x', reason: 1 }],
    ['reason', { tool_call_id: 'x', reason: 'y'.repeat(10_001) }],
  ],
  'POST /api/sessions/:id/answer': [
    ['question_id', { action: 'accept' }],
    ['question_id', { question_id: null, action: 'accept' }],
    ['action', { question_id: 'q' }],
    ['action', { question_id: 'q', action: ECHO }],
  ],
  'PUT /api/sessions/:id/buffers': [
    ['unsaved', {}],
    ['unsaved', { unsaved: null }],
    ['unsaved', { unsaved: {} }],
    ['unsaved.0', { unsaved: [[]] }],
    ['unsaved.0.path', { unsaved: [{ text: '' }] }],
    ['unsaved.0.path', { unsaved: [{ path: '', text: '' }] }],
    ['unsaved.0.path', { unsaved: [{ path: LONG, text: '' }] }],
    ['unsaved.0.text', { unsaved: [{ path: ECHO }] }],
  ],
  'PUT /api/providers/anthropic/key': [
    ['key', {}],
    ['key', { key: null }],
    ['key', { key: 1 }],
    ['key', { key: '  ' }],
    ['key', { key: `a ${ECHO}` }],
    ['key', { key: `${ECHO}\n${ECHO}` }],
    ['key', { key: LONG }],
  ],
}
const cases = Object.entries(WRONG).flatMap(([line, bodies]) =>
  bodies.map(([field, body]) => [line, JSON.stringify(body).slice(0, 80), field, body] as const),
)

test.each(cases)('%s %s is 400, about %s', async (line, _, field, body) => {
  await refuses(line.replace(':id', id), body, field)
  // Validation comes before look-up.
  if (line.includes(':id')) await refuses(line.replace(':id', NOBODY), body, field)
})

describe('what only a live session can know is wrong', () => {
  test.each([
    ['PATCH', '', { model: `${ECHO}/x` }, 'provider/model'],
    ['PATCH', '', { agent: ECHO }, 'agent'],
    ['POST', '/prompt', { text: 'x', agent: ECHO }, 'agent'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: ECHO }] }, 'attachments'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: '../../etc/passwd' }] }, 'attachments'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: '.' }] }, 'attachments'],
    ['POST', '/prompt', { text: 'x', attachments: [{ path: 'a\0' }] }, 'attachments'],
    ['POST', '/approve', { tool_call_id: 'x', params: {}, content: '' }, 'params'],
    ['POST', '/approve', { tool_call_id: 'x', params: {}, remember: 'session' }, 'remember'],
  ])('%s …%s %p', async (method, path, body, field) => {
    await refuses(`${method} /api/sessions/${id}${path}`, body, field)
    expectError(await backend.call(`${method} /api/sessions/${NOBODY}${path}`, body), 404, 'SESSION_NOT_FOUND')
  })

  test.each([
    ['POST', '/approve', { tool_call_id: ECHO }, 'INVALID_TOOL_CALL'],
    ['POST', '/reject', { tool_call_id: ECHO }, 'INVALID_TOOL_CALL'],
    ['POST', '/answer', { question_id: ECHO, action: 'accept' }, 'NOT_FOUND'],
    ['DELETE', `/queue/${ECHO}`, undefined, 'NOT_FOUND'],
  ])('%s …%s %p is 404', async (method, path, body, code) =>
    expectError(await backend.call(`${method} /api/sessions/${id}${path}`, body), 404, code),
  )

  test('nothing of all that left a trace in the session', async () => {
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    await stream.next('agent.state')
    expect(stream.types()).toBe('session.created idle')
    stream.close()
  })
})

describe('what is not needed may be null, and what is not known is ignored', () => {
  const NULLS: [string, object, number, string][] = [
    [
      'POST /api/sessions',
      { project_path: project, title: null, model: null, agent: null, env: null, config: null, [ECHO]: 1 },
      201,
      '',
    ],
    [
      'POST /api/sessions',
      {
        project_path: project,
        config: { auto_approve_readonly: null, auto_approve_tools: null, save_transcript: null, [ECHO]: 1 },
      },
      201,
      '',
    ],
    ['PATCH /api/sessions/:id', { title: null, model: null, agent: null, config: null, [ECHO]: 1 }, 200, ''],
    ['PATCH /api/sessions/:id', { config: { auto_approve_readonly: null, save_transcript: false } }, 200, ''],
    ['PATCH /api/sessions/:id', {}, 200, ''],
    [
      'POST /api/sessions/:id/approve',
      { tool_call_id: 'x', preview_hash: null, params: null, content: null, remember: null },
      404,
      'INVALID_TOOL_CALL',
    ],
    ['POST /api/sessions/:id/reject', { tool_call_id: 'x', reason: null }, 404, 'INVALID_TOOL_CALL'],
    ['POST /api/sessions/:id/answer', { question_id: 'x', action: 'accept', content: null }, 404, 'NOT_FOUND'],
    ['PUT /api/sessions/:id/buffers', { unsaved: [], [ECHO]: [] }, 200, ''],
    ['POST /api/sessions/:id/interrupt', { [ECHO]: null }, 200, ''],
  ]
  test.each(NULLS)('%s %p is %d', async (line, body, status, code) => {
    const reply = await backend.call(line.replace(':id', id), body)
    if (code) return expectError(reply, status, code)
    expect(reply.status).toBe(status)
    if (reply.body.config)
      expect(reply.body.config).toEqual({ auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true })
  })

  test('a prompt with every optional field null', async () => {
    const none = { prompt_id: null, attachments: null, agent: null, effort: null, when_busy: null, context: null }
    const context = {
      current_file: null,
      cursor_position: null,
      visible_region: null,
      region: null,
      files: null,
      buffers: null,
      diagnostics: null,
      [ECHO]: 1,
    }
    const own = await backend.session(project)
    for (const more of [
      none,
      { ...none, context },
      { ...none, context: { region: { path: null, start: 1, end: 1, text: 'x' } } },
    ]) {
      const reply = await backend.call(`POST /api/sessions/${own}/prompt`, { text: 'help', wait: true, ...more })
      expect({ ...reply.body }).toMatchObject({ status: 'success' })
    }
  })

  test('fields named like parts of objects are fields like any other', async () => {
    const reply = await backend.call(
      'POST /api/sessions',
      `{"project_path":${JSON.stringify(project)},"__proto__":{"model":"${ECHO}/x"},"constructor":{"agent":"x"}}`,
    )
    expect(reply.status).toBe(201)
    expect(reply.body.agent).toBe('build')
  })
})

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
