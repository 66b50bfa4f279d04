import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'

const COMMAND = join(import.meta.dir, '../support/mcp-command.ts')
let home: string
let project: string
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-command-')))
  project = join(home, 'project')
  mkdirSync(project)
  mkdirSync(join(home, 'config'))
  writeFileSync(
    join(home, 'config', 'emacs-agent.toml'),
    '[permissions]\ndeny = ["write_file(secret/**)"]\nask = ["create_directory"]\n',
  )
})
afterAll(() => rmSync(home, { recursive: true }))

type Result = { content: { text: string }[]; isError?: boolean }

async function withServer(allow: string, work: (client: Client) => Promise<void>) {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [COMMAND, project, allow, home] }))
  try {
    await work(client)
  } finally {
    await client.close()
  }
}
const call = async (client: Client, name: string, args: Record<string, unknown>) => {
  const { content, isError } = (await client.callTool({ name, arguments: args })) as Result
  return `${isError ? 'error' : 'ok'} ${content[0]!.text}`
}

describe('the mcp command', () => {
  test('only reads unless more is allowed', async () => {
    await withServer('', async client => {
      const names = (await client.listTools()).tools.map(tool => tool.name)
      expect(names).toContain('read_file')
      expect(names).not.toContain('write_file')
      expect(names).not.toContain('shell_exec')
      expect(client.callTool({ name: 'write_file', arguments: { path: 'x', content: '' } })).rejects.toThrow(
        'Unknown tool',
      )
    })
  })

  test('writes and runs when allowed, within the rules', async () => {
    await withServer('write,shell', async client => {
      expect(await call(client, 'write_file', { path: 'a.txt', content: 'hello' })).toStartWith('ok')
      expect(existsSync(join(project, 'a.txt'))).toBe(true)
      expect(await call(client, 'shell_exec', { command: 'cat a.txt' })).toContain('hello')
      const refused: [string, Record<string, unknown>][] = [
        ['write_file', { path: 'secret/x', content: '' }],
        ['write_file', { path: '../outside', content: '' }],
        ['write_file', { path: '.envrc', content: 'rm -rf ~' }],
        ['create_directory', { path: 'asked' }],
        ['read_file', { path: join(home, 'config', 'emacs-agent.toml') }],
        ['shell_exec', { command: 'rm -rf /' }],
      ]
      for (const [name, args] of refused) expect(await call(client, name, args)).toMatch(/^error PERMISSION_DENIED/)
    })
  })
})
