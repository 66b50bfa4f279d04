import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { working } from '../../support/working-session.ts'

const KEY = 'search-key-0123456789'

type Request = { method: string; url: string; headers: Record<string, unknown>; body: string }
type Reply = { status?: number; body: unknown }
let server: Server
let site: string
let reply: Reply
const asked: Request[] = []

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ method: request.method!, url: request.url!, headers: request.headers, body })
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' })
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const start = (provider: string, more = '', allow = '["web_search"]') =>
  startScripted({
    config: `[permissions]\nallow = ${allow}\n[web_search]\nprovider = "${provider}"\nbase_url = "${site}/api/"\n${more}\n`,
    env: { SEARCH_KEY: KEY },
  })
/** As the file has it. */
const variable = (name: string) => `$\{${name}}`
const KEYED = `api_key = "${variable('SEARCH_KEY')}"`

const hit = (text: string) => ({
  title: 'The <strong>Title</strong> &amp; more',
  url: 'https://example.org/a',
  [text]: 'It says\n <b>so</b>.',
})
const SHOWN = '1. The Title & more\n   https://example.org/a\n   It says so.'

describe.each([
  [
    'brave',
    { web: { results: [hit('description'), { title: 'no address' }] } },
    'GET',
    '/api/web/search?q=what+is+up&count=3',
  ],
  ['tavily', { query: 'x', results: [null, 'none', hit('content')], response_time: 1 }, 'POST', '/api/search'],
  ['searxng', { query: 'x', results: [hit('content')], answers: [] }, 'GET', '/api/search?q=what+is+up&format=json'],
])('%s', (provider, answer, method, path) => {
  test('asks as its API wants it, and shows what it found', async () => {
    const scripted = await start(provider, KEYED)
    const session = await working(scripted, {})
    reply = { body: answer }
    asked.length = 0
    const { how, told } = await session.make(call('web_search', { query: ' what is up ', count: 3 }))
    expect([how, told]).toEqual(['auto', SHOWN])
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ method, url: path })
    const { headers, body } = asked[0]!
    if (provider === 'brave') expect(headers['x-subscription-token']).toBe(KEY)
    else expect(headers['authorization']).toBe(`Bearer ${KEY}`)
    if (provider === 'tavily') expect(JSON.parse(body)).toEqual({ query: 'what is up', max_results: 3 })
  })
})

describe('with a key', () => {
  let scripted: Scripted
  let session: Awaited<ReturnType<typeof working>>
  beforeAll(async () => {
    scripted = await start('brave', KEYED, '[]')
    session = await working(scripted, {})
  })

  test('it asks, and can be remembered as a whole', async () => {
    reply = { body: { web: { results: [] } } }
    const { how, data } = await session.make(call('web_search', { query: 'secrets' }))
    expect(how).toBe('ask')
    expect(data).toMatchObject({
      category: 'web',
      reason: 'Search the web for: secrets',
      remember: { session: 'web_search', project: 'web_search' },
    })
    expect(asked.some(({ url }) => url.includes('secrets'))).toBe(false)
  })

  test.each([
    [{ status: 401, body: { error: `bad key ${KEY}` } }, 'brave refuses the key (401)'],
    [{ status: 429, body: {} }, 'brave wants fewer searches (429)'],
    [{ status: 500, body: `broken: ${KEY}` }, 'brave answers 500'],
    [{ body: 'no json' }, 'brave does not answer with JSON'],
    [{ body: { web: 7 } }, 'brave answers with something else than results'],
    [{ body: { web: { results: [] } } }, 'No results.'],
  ])('%j', async (given, said) => {
    reply = given
    const from = session.stream.frames.length
    scripted.says(call('web_search', { query: 'x' }), { text: 'ok' })
    const waiting = scripted.backend.call(`POST /api/sessions/${session.id}/prompt`, { text: 'go', wait: true })
    const { data } = await pending(session.stream, from)
    await scripted.backend.call(`POST /api/sessions/${session.id}/approve`, { tool_call_id: data.tool_call_id })
    await waiting
    expect(scripted.model.requests.at(-1)!.body.messages.at(-1).content).toContain(said)
    expect(JSON.stringify(session.stream.frames)).not.toContain(KEY)
    expect(JSON.stringify(scripted.model.requests.at(-1)!.body)).not.toContain(KEY)
  })

  test('its key is in no reply, and in no environment of a command', async () => {
    const { text } = await scripted.backend.call('GET /api/tools')
    expect(text).toContain('"web_search"')
    expect(text).not.toContain(KEY)
    scripted.says(call('shell_exec', { command: 'env' }), { text: 'ok' })
    const from = session.stream.frames.length
    const waiting = scripted.backend.call(`POST /api/sessions/${session.id}/prompt`, { text: 'go', wait: true })
    const { data } = await pending(session.stream, from)
    await scripted.backend.call(`POST /api/sessions/${session.id}/approve`, { tool_call_id: data.tool_call_id })
    await waiting
    const told = scripted.model.requests.at(-1)!.body.messages.at(-1).content
    expect(told).toContain('PATH=')
    expect(told).not.toContain('SEARCH_KEY')
  })
})

test.each([
  ['without a table', ''],
  ['without a key', '[web_search]\nprovider = "brave"'],
  ['with a variable that is not set', `[web_search]\nprovider = "tavily"\napi_key = "${variable('NOT_SET_AT_ALL')}"`],
  ['SearXNG without an address', '[web_search]\nprovider = "searxng"\napi_key = "x"'],
  ['with a mistake', '[web_search]\nprovider = "askjeeves"\napi_key = "0123456789"'],
])('%s there is no such tool', async (_, config) => {
  const { backend, says, model } = await startScripted({ config })
  const session = await working({ backend, says, model } as Scripted, {})
  expect((await session.make(call('web_search', { query: 'x' }))).how).toBe('UNKNOWN_TOOL')
  expect(JSON.stringify(model.requests[0]!.body.tools)).not.toContain('web_search')
  expect((await backend.call('GET /api/tools')).text).not.toContain('"web_search"')
  if (config.includes('askjeeves'))
    expect((await backend.call('GET /health')).body.problems).toMatchObject([{ key: 'web_search.provider' }])
})
