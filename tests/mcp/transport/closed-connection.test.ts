import { expect, test } from 'bun:test'
import { defaultServer } from '../../../src/config/settings.ts'
import { startClosingServer } from '../../support/closing-server.ts'
import { withPool } from '../../support/mcp.ts'

test('a server that closes kept connections loses no call, and gets none twice', async () => {
  const called: number[] = []
  await using server = await startClosingServer((body, response) => {
    const asked = body ? JSON.parse(body) : {}
    if (asked.id === undefined) return response.writeHead(body ? 202 : 405).end()
    const { protocolVersion } = asked.params ?? {}
    const results: Record<string, () => object> = {
      initialize: () => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'web', version: '1' } }),
      'tools/list': () => ({ tools: [{ name: 'count', inputSchema: { type: 'object' } }] }),
      'tools/call': () => ({ content: [{ type: 'text', text: `${called.push(called.length)}` }] }),
    }
    const result = results[asked.method]?.()
    const answer = result ? { result } : { error: { code: -32601, message: 'Method not found' } }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id: asked.id, ...answer }))
  })
  await withPool([{ ...defaultServer('web'), url: `${server.url}/mcp`, origin: 'a test' }], async ({ call }) => {
    for (let i = 1; i <= 5; i++) expect((await call('web/count')).content).toBe(String(i))
  })
  expect(Math.max(...server.requests())).toBe(1)
})
