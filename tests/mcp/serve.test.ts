import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { AppError } from '../../src/errors.ts'
import { serveTools } from '../../src/mcp/serve.ts'
import type { Tool } from '../../src/tools/tool.ts'

const OWN = join(import.meta.dir, '../support/mcp-own.ts')
let project: string
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'mcp-own-'))
  writeFileSync(join(project, 'hello.txt'), 'Hello from a file.\n')
})
afterAll(() => rmSync(project, { recursive: true }))

const command = () => ({ command: process.execPath, args: [OWN, project] })
const clientInfo = { name: 'inspector', version: '1.0.0' }
type Result = { content: { type: string; text: string }[]; isError?: boolean }

describe('our server serves', () => {
  test("the SDK's 1.x client", async () => {
    const client = new OldClient(clientInfo)
    await client.connect(new OldStdio(command()))
    expect(client.getServerVersion()).toEqual({ name: 'emacs-agent-backend', version: '0.0.0' })
    const { tools } = await client.listTools()
    expect(tools.map(tool => tool.name)).toContain('read_file')
    expect(tools.every(tool => tool.annotations?.readOnlyHint)).toBe(true)
    const read = (await client.callTool({ name: 'read_file', arguments: { path: 'hello.txt' } })) as Result
    expect(read.content[0]!.text).toContain('Hello from a file.')
    const outside = (await client.callTool({ name: 'read_file', arguments: { path: '/etc/passwd' } })) as Result
    expect(outside).toMatchObject({ isError: true })
    expect(outside.content[0]!.text).toStartWith('PERMISSION_DENIED: ')
    const wrong = (await client.callTool({ name: 'read_file', arguments: {} })) as Result
    expect(wrong.content[0]!.text).toStartWith('INVALID_PARAMS: path')
    expect(client.callTool({ name: 'no_such' })).rejects.toThrow('Unknown tool')
    await client.ping()
    await client.close()
  })

  test('the 2.x client in both eras', async () => {
    for (const [mode, protocol] of [
      ['legacy', '2025-11-25'],
      ['auto', '2026-07-28'],
    ] as const) {
      const client = new ModernClient(clientInfo, { versionNegotiation: { mode } })
      await client.connect(new ModernStdio(command()))
      expect(client.getNegotiatedProtocolVersion()).toBe(protocol)
      expect((await client.listTools()).tools.map(tool => tool.name)).toContain('read_file')
      const read = (await client.callTool({ name: 'read_file', arguments: { path: 'hello.txt' } })) as Result
      expect(read.content[0]!.text).toContain('Hello from a file.')
      await client.close()
    }
  })

  test('no one any more at the end of stdin', async () => {
    const { command: program, args } = command()
    const child = spawn(program, args)
    child.stdin.end()
    expect(await new Promise(resolve => child.on('exit', resolve))).toBe(0)
  })
})

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
