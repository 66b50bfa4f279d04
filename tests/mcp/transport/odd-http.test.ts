import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defaultServer } from '../../../src/config/settings.ts'
import { type Bench, withPool } from '../../support/mcp.ts'

type Answer = { status?: number; type?: string; body?: string; headers?: Record<string, string> }
type Request = { id?: number; method: string; params?: { cursor?: string; protocolVersion?: string } }

/** A server of 2025-06-18 that says `odd[method]` instead of the ordinary thing; `$ID` stands for the id, `$TEXT` for its text. */
async function withServer(odd: Record<string, Answer>, work: (bench: Bench) => Promise<void>) {
  const ordinary = ({ method, params }: Request) =>
    ({
      initialize: {
        protocolVersion: params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'x', version: '1' },
      },
      'tools/list': { tools: [{ name: 'a', inputSchema: { type: 'object' } }] },
      'tools/call': { content: [{ type: 'text', text: 'ok from a' }] },
    })[method]
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    if (request.method !== 'POST') return response.writeHead(405).end()
    const message: Request = JSON.parse(text)
    if (message.id === undefined) return response.writeHead(202).end()
    const result = ordinary(message)
    const plain = result
      ? { jsonrpc: '2.0', id: message.id, result }
      : { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'Method not found' } }
    const { status = 200, type = 'application/json', body, headers } = odd[message.method] ?? {}
    response.writeHead(status, { 'content-type': type, ...headers })
    response.end(
      (body ?? JSON.stringify(plain))
        .replaceAll('$ID', JSON.stringify(message.id))
        .replaceAll('$TEXT', String(message.id)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await withPool([{ ...defaultServer('web'), url: `http://127.0.0.1:${port}/mcp`, origin: 'a test' }], work)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test.each<Answer>([
  { status: 400, body: '' },
  { status: 401, body: '{"error":"no"}' },
  { status: 403, body: '{"error":"no"}' },
  { status: 405, body: '' },
  { status: 429, body: 'slow down', type: 'text/plain' },
  { status: 500, body: 'oops', type: 'text/plain' },
  { status: 502, body: '<html>bad gateway</html>', type: 'text/html' },
  { status: 302, body: '', headers: { location: '/elsewhere' } },
  { status: 202, body: '' },
  { status: 204, body: '' },
  { body: '' },
  { body: '<html>hello</html>', type: 'text/html' },
  { body: 'null' },
  { body: '{}' },
  { body: '{"jsonrpc":"2.0","id":$ID,"result":null}' },
  { body: '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}' },
  { body: '{"jsonrpc":"2.0","id":"$TEXT","error":"what?"}' },
  { body: 'data: {"id":$ID,"error":"what?"}\n\n', type: 'text/event-stream' },
  { body: 'event: ping\ndata: hello\n\n', type: 'text/event-stream' },
  { body: '', type: 'text/event-stream' },
])('the question for the era answered by %j: the older handshake', async answer => {
  await withServer({ 'server/discover': answer }, async ({ call, pool }) => {
    expect((await call('web/a')).content).toBe('ok from a')
    expect((await pool.status())[0]).toMatchObject({ status: 'ready', last_error: null })
  })
})

test.each<[Answer, string]>([
  [{ body: '{"jsonrpc":"2.0","id":$ID,"result":null}' }, '(no output)'],
  [{ body: '{"jsonrpc":"2.0","id":"$TEXT","result":"done"}', type: 'text/plain' }, 'done'],
  [{ body: 'data: {"jsonrpc":"2.0","id":$ID,"result":{"content":"done"}}\n\n', type: 'text/event-stream' }, 'done'],
  [{ body: 'data: {"jsonrpc":"2.0","id":$ID,"result":null}\r\n\r\n', type: 'text/event-stream' }, '(no output)'],
])('a call answered by %j', async (answer, expected) => {
  await withServer({ 'tools/call': answer }, async ({ call }) => expect((await call('web/a')).content).toBe(expected))
})

test.each<[Answer, string]>([
  [{ body: '{"jsonrpc":"2.0","id":$ID,"error":"ledger is closed"}' }, 'web: ledger is closed'],
  [{ body: 'ledger is closed', type: 'text/plain' }, 'HTTP 200 text/plain ledger is closed'],
])('a call refused by %j', async (answer, expected) => {
  await withServer({ 'tools/call': answer }, async ({ call }) => {
    await expect(call('web/a')).rejects.toThrow(expected)
  })
})

test('a list that goes round in circles is worth what it brought', async () => {
  const body = '{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"a"}],"nextCursor":"again"}}'
  await withServer({ 'tools/list': { body } }, async ({ call, pool }) => {
    expect((await call('web/a')).content).toBe('ok from a')
    const [row] = await pool.status()
    expect(row).toMatchObject({ status: 'ready', tool_count: 1 })
    expect(row!.stderr.join()).toContain('the list of tools goes round in circles: 1 tools')
  })
})
