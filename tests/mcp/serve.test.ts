import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import { AppError } from '../../src/base/errors.ts'
import { serveTools } from '../../src/mcp/serve.ts'
import type { Tool } from '../../src/tools/tool.ts'

describe('the wire', () => {
  const tool: Tool = {
    name: 'wait',
    category: 'test',
    description: 'Waits.',
    parameters: { type: 'object', properties: {} },
    level: 'read',
    parse: params => params,
    effect: async () => ({ level: 'read', reason: '', reads: [], writes: [] }),
    run: async () => ({ content: '', metadata: {} }),
  }
  const modern = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }

  /** What comes back for these lines, and how the calls ended. */
  async function converse(
    lines: unknown[],
    run: Parameters<typeof serveTools>[0]['run'] = async () => ({ content: 'ok', metadata: {} }),
  ) {
    const input = new PassThrough()
    const replies: Record<string, unknown>[] = []
    const done = serveTools({ tools: [tool], version: '1', run }, input, text => replies.push(JSON.parse(text)))
    for (const line of lines)
      input.write(`${typeof line === 'string' ? line : JSON.stringify({ jsonrpc: '2.0', ...(line as object) })}\n`)
    input.end()
    await done
    return replies
  }

  const table: [string, unknown, unknown][] = [
    [
      'an unknown version',
      { id: 1, method: 'initialize', params: { protocolVersion: '1999-01-01' } },
      { result: { protocolVersion: '2025-11-25' } },
    ],
    [
      'a known one',
      { id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18' } },
      { result: { protocolVersion: '2025-06-18' } },
    ],
    ['an unknown method', { id: 'x', method: 'resources/list' }, { id: 'x', error: { code: -32601 } }],
    ['what is no JSON', '{nonsense', { id: null, error: { code: -32700 } }],
    [
      'an unknown modern version',
      { id: 1, method: 'ping', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' } } },
      { error: { code: -32022, data: { supported: ['2026-07-28'] } } },
    ],
    [
      'a modern list',
      { id: 1, method: 'tools/list', params: modern },
      { result: { resultType: 'complete', ttlMs: 3_600_000, tools: [{ name: 'wait' }] } },
    ],
    [
      'discovery',
      { id: 1, method: 'server/discover', params: modern },
      { result: { supportedVersions: ['2026-07-28'] } },
    ],
  ]
  for (const [name, line, expected] of table)
    test(name, async () => {
      expect(await converse([line])).toMatchObject([expected as object])
    })

  test('a call is cancelled by a notification and by the end of stdin, and is then silent', async () => {
    const reasons: string[] = []
    const run: Parameters<typeof serveTools>[0]['run'] = (_tool, _params, { signal, progress }) =>
      new Promise((_, reject) => {
        progress('under way')
        signal.addEventListener('abort', () => {
          reasons.push('aborted')
          reject(new AppError('INTERRUPTED', 'stopped'))
        })
      })
    const call = (id: number) => ({
      id,
      method: 'tools/call',
      params: { name: 'wait', arguments: {}, _meta: { progressToken: id } },
    })
    const replies = await converse(
      [call(1), call(2), { method: 'notifications/cancelled', params: { requestId: 1 } }],
      run,
    )
    expect(reasons).toEqual(['aborted', 'aborted'])
    expect(replies.map(reply => reply.method)).toEqual(['notifications/progress', 'notifications/progress'])
  })
})
