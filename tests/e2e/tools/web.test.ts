import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { gzipSync } from 'node:zlib'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { working } from '../../support/working-session.ts'

const servers: Server[] = []
const asked: string[] = []
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(handler: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer((request, response) => {
    asked.push(`${request.headers.host}${request.url}`)
    handler(request, response)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  return (server.address() as AddressInfo).port
}

const HTML = `<!doctype html><title>T</title><script>alert(1)</script>
<h1>Hello</h1><p>See <a href="/next?a=1&amp;b=2">the <b>next</b> page</a>.</p><pre><code class="language-js">let x = 1 &lt; 2</code></pre>`

type Reply = { headers?: Record<string, string>; body?: string | Uint8Array; location?: () => string }
const typed = (type: string, body: string | Uint8Array, more = {}): Reply => ({
  headers: { 'content-type': type, ...more },
  body,
})
const PAGES: Record<string, Reply> = {
  '/page': typed('text/html; charset=utf-8', HTML),
  '/latin': typed('text/html; charset=iso-8859-1', Buffer.from('<p>caf\xe9</p>', 'latin1')),
  '/json': typed('application/json', '{"a": 1}'),
  '/png': typed('image/png', Buffer.from([0x89, 0x50])),
  '/gzip': typed('text/plain', gzipSync('squeezed'), { 'content-encoding': 'gzip' }),
  '/inner': { location: () => `${hidden}/` },
  '/elsewhere': { location: () => 'https://elsewhere.example/x' },
  '/moved': { location: () => '/json' },
  '/loop': { location: () => '/loop' },
}

function flood(response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain')
  const piece = 'x'.repeat(1 << 20)
  const send = () => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', send)
  }
  send()
}

let scripted: Scripted
let session: Awaited<ReturnType<typeof working>>
let site: string
let hidden: string

beforeAll(async () => {
  hidden = `http://127.0.0.1:${await listen((_, response) => response.end('inner secret'))}`
  const port = await listen((request, response) => {
    const page = PAGES[request.url!]
    if (request.url === '/flood') return flood(response)
    if (request.url === '/cookie') {
      response.setHeader('set-cookie', 'a=b')
      return void response.end(JSON.stringify(request.headers))
    }
    if (!page) return void response.writeHead(404).end('nothing here')
    response.writeHead(page.location ? 302 : 200, page.location ? { location: page.location() } : page.headers)
    response.end(page.body)
  })
  site = `http://127.0.0.1:${port}`
  scripted = await startScripted({ config: `[permissions]\nallow = ["fetch_url(${site}/**)"]\n` })
  session = await working(scripted, {})
})

const fetching = (url: string, more: object = {}) => session.make(call('fetch_url', { url, ...more }))

test('HTML comes as Markdown, and raw when asked', async () => {
  const page = await fetching(`${site}/page`)
  expect(page.how).toBe('auto')
  expect(page.told).toContain('# Hello')
  expect(page.told).toContain(`[the **next** page](${site}/next?a=1&b=2)`)
  expect(page.told).toContain('```js\nlet x = 1 < 2\n```')
  expect(page.told).not.toContain('alert')
  expect((await fetching(`${site}/page`, { format: 'raw' })).told).toContain('<h1>Hello</h1>')
})

test.each([
  ['/latin', 'café'],
  ['/json', '{"a": 1}'],
  ['/gzip', 'squeezed'],
  ['/moved', '/json.]'],
  ['/png', 'is image/png, not text'],
  ['/none', 'answers 404. nothing here'],
  ['/loop', 'redirects more than 10 times'],
  ['/elsewhere', 'redirects to https://elsewhere.example/x. Fetch that'],
])('%s', async (path, text) => expect((await fetching(`${site}${path}`)).told).toContain(text))

test('an endless answer is cut', async () => {
  const { told } = await fetching(`${site}/flood`)
  expect(told).toContain('[Cut after 10 MiB.]')
})

test('no cookies, no credentials', async () => {
  await fetching(`${site}/cookie`)
  const { told } = await fetching(`${site}/cookie`)
  expect(told).not.toMatch(/"(?:cookie|authorization)"/)
  expect((await fetching('https://user:pass@example.org/')).how).toBe('INVALID_PARAMS')
})

test('a private address that no rule names is never contacted, approved or not', async () => {
  asked.length = 0
  for (const url of [
    hidden,
    'http://localhost:1/',
    'http://[::1]/',
    'http://169.254.169.254/latest/',
    'http://0x7f000001/',
  ])
    expect((await fetching(url)).how).toBe('PERMISSION_DENIED')
  const redirected = await fetching(`${site}/inner`)
  expect(redirected.told).toContain('not on the public internet')
  expect(redirected.told).not.toContain('inner secret')
  expect(asked.filter(each => `http://${each}`.startsWith(hidden))).toEqual([])
})

test('a name is checked where the connection is made', async () => {
  const { backend, says, model } = scripted
  const port = await listen((_, response) => response.end('inner secret'), '0.0.0.0')
  const url = `http://${hostname().toLowerCase()}:${port}/`
  says(call('fetch_url', { url }), { text: 'ok' })
  const from = session.stream.frames.length
  const waiting = backend.call(`POST /api/sessions/${session.id}/prompt`, { text: 'go', wait: true })
  const { data } = await session.stream.next('tool.call', from)
  expect(data).toMatchObject({ requires_approval: true, reason: `Fetch ${url}` })
  await backend.call(`POST /api/sessions/${session.id}/approve`, { tool_call_id: data.tool_call_id })
  const result = (await session.stream.next('tool.result', from)).data
  await waiting
  expect(result.status).toBe('error')
  expect(JSON.stringify(model.requests.at(-1)!.body)).not.toContain('inner secret')
})

test('a public address asks, and is remembered by its site', async () => {
  const { how, data } = await fetching('https://docs.python.org/3/library/os.html#x')
  expect(how).toBe('ask')
  expect(data).toMatchObject({
    reason: expect.stringContaining('docs.python.org'),
    remember: { session: 'fetch_url(https://docs.python.org/**)' },
  })
})
