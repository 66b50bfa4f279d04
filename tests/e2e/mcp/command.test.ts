import { describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { startTimeOf } from '../../../src/base/processes.ts'
import { BINARY, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

const home = makeHome('[permissions]\ndeny = ["write_file(secret/**)"]\nask = ["create_directory"]\n')
const project = tempDir({ 'hello.txt': 'Hello from a file.\n' })
const command = (allow = '') => ({
  command: BINARY,
  args: ['mcp', '--project', project, ...(allow ? ['--allow', allow] : [])],
  env: home.env,
})
const clientInfo = { name: 'inspector', version: '1.0.0' }
type Result = { content: { text: string }[]; isError?: boolean }

describe('the mcp command serves', () => {
  test("the SDK's 1.x client", async () => {
    const client = new OldClient(clientInfo)
    await client.connect(new OldStdio(command()))
    expect(client.getServerVersion()?.name).toBe('emacs-agent-backend')
    const { tools } = await client.listTools()
    expect(tools.map(tool => tool.name)).toContain('read_file')
    expect(tools.every(tool => tool.annotations?.readOnlyHint)).toBe(true)
    const read = (await client.callTool({ name: 'read_file', arguments: { path: 'hello.txt' } })) as Result
    expect(read.content[0]!.text).toContain('Hello from a file.')
    const outside = (await client.callTool({ name: 'read_file', arguments: { path: '/etc/passwd' } })) as Result
    expect(outside.isError).toBe(true)
    expect(outside.content[0]!.text).toStartWith('PERMISSION_DENIED: ')
    const wrong = (await client.callTool({ name: 'read_file', arguments: {} })) as Result
    expect(wrong.content[0]!.text).toStartWith('INVALID_PARAMS: path')
    await expect(client.callTool({ name: 'no_such' })).rejects.toThrow('Unknown tool')
    await client.ping()
    await client.close()
  })

  test.each([
    ['legacy', '2025-11-25'],
    ['auto', '2026-07-28'],
  ] as const)('the 2.x client, %s', async (mode, protocol) => {
    const client = new ModernClient(clientInfo, { versionNegotiation: { mode } })
    await client.connect(new ModernStdio(command()))
    expect(client.getNegotiatedProtocolVersion()).toBe(protocol)
    expect((await client.listTools()).tools.map(tool => tool.name)).toContain('read_file')
    const read = (await client.callTool({ name: 'read_file', arguments: { path: 'hello.txt' } })) as Result
    expect(read.content[0]!.text).toContain('Hello from a file.')
    await client.close()
  })

  test('no one any more at the end of stdin', async () => {
    const { command: program, args, env } = command()
    const child = spawn(program, args, { env })
    child.stdin.end()
    expect(await new Promise(resolve => child.on('exit', resolve))).toBe(0)
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'no one any more after %s, nor does what it started run on',
    async signal => {
      const { command: program, args, env } = command('shell')
      const child = spawn(program, args, { env })
      const params = { name: 'shell_exec', arguments: { command: 'sleep 300 & echo $! > pid; wait' } }
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })}\n`)
      const file = join(project, 'pid')
      while (!existsSync(file) || readFileSync(file, 'utf8') === '') await Bun.sleep(5)
      const pid = Number(readFileSync(file, 'utf8'))
      rmSync(file)
      child.kill(signal)
      expect(await new Promise(resolve => child.on('exit', resolve))).toBe(0)
      expect(startTimeOf(pid)).toBeNull()
    },
  )
})

describe('it', () => {
  const connected = async (allow: string) => {
    const client = new OldClient(clientInfo)
    await client.connect(new OldStdio(command(allow)))
    const call = async (name: string, args: Record<string, unknown>) => {
      const { content, isError } = (await client.callTool({ name, arguments: args })) as Result
      return `${isError ? 'error' : 'ok'} ${content[0]!.text}`
    }
    return { client, call }
  }

  test('only reads unless more is allowed', async () => {
    const { client } = await connected('')
    const names = (await client.listTools()).tools.map(tool => tool.name)
    expect(names).toContain('read_file')
    expect(names).not.toContain('write_file')
    expect(names).not.toContain('shell_exec')
    const write = client.callTool({ name: 'write_file', arguments: { path: 'x', content: '' } })
    await expect(write).rejects.toThrow('Unknown tool')
    await client.close()
  })

  test('writes and runs when allowed, within the rules', async () => {
    const { client, call } = await connected('write,shell')
    expect(await call('write_file', { path: 'a.txt', content: 'hello' })).toStartWith('ok')
    expect(existsSync(join(project, 'a.txt'))).toBe(true)
    expect(await call('shell_exec', { command: 'cat a.txt' })).toContain('hello')
    const refused: [string, Record<string, unknown>][] = [
      ['write_file', { path: 'secret/x', content: '' }],
      ['write_file', { path: '../outside', content: '' }],
      ['write_file', { path: '.envrc', content: 'rm -rf ~' }],
      ['create_directory', { path: 'asked' }],
      ['read_file', { path: join(home.config, 'emacs-agent.toml') }],
      ['shell_exec', { command: 'rm -rf /' }],
    ]
    for (const [name, args] of refused) expect(await call(name, args)).toMatch(/^error PERMISSION_DENIED/)
    await client.close()
  })
})
