import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { BINARY, makeHome } from '../../support/backend.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/** Only an entry of `[[mcp_servers]]` says that these hold keys: the names of the variables do not. */
const CONFIG = `[[mcp_servers]]
name = "weather"
command = "false"
enabled = false
env = { WEATHER_TOKEN = "\${SKY}", MODE = "\${PLAIN}" }
[[mcp_servers]]
name = "far"
url = "https://far.invalid/mcp"
enabled = false
headers = { Authorization = "Bearer \${FAR}" }
`
const ENV = {
  SKY: 'sky-key-0123456789',
  FAR: 'far-key-0123456789',
  COPY: 'x=sky-key-0123456789',
  PLAIN: 'plain-0123456789',
}
const SHOWN = /PLAIN=plain-0123456789/
const HIDDEN = /(sky|far)-key-0123456789|^(SKY|FAR|COPY)=/m

test('the keys of MCP servers reach no shell of serve', async () => {
  const project = tempDir()
  const { backend, says } = await startScripted({ config: CONFIG, env: ENV })
  const session = await backend.session(project)
  says(call('shell_exec', { command: 'printenv > seen.txt' }), { text: 'Done.' })
  const stream = await backend.events(`/api/sessions/${session}/events`)
  const prompt = backend.call(`POST /api/sessions/${session}/prompt`, { text: 'Look', wait: true })
  const { data } = await pending(stream)
  await backend.call(`POST /api/sessions/${session}/approve`, { tool_call_id: data.tool_call_id })
  await prompt
  const seen = readFileSync(join(project, 'seen.txt'), 'utf8')
  expect(seen).toMatch(SHOWN)
  expect(seen).not.toMatch(HIDDEN)
})

test('nor of mcp', async () => {
  const home = makeHome(CONFIG)
  const client = new Client({ name: 'inspector', version: '1.0.0' })
  const args = ['mcp', '--project', tempDir(), '--allow', 'shell']
  await client.connect(new StdioClientTransport({ command: BINARY, args, env: { ...home.env, ...ENV } }))
  const result = (await client.callTool({ name: 'shell_exec', arguments: { command: 'env' } })) as {
    content: { text: string }[]
  }
  await client.close()
  expect(result.content[0]!.text).toMatch(SHOWN)
  expect(result.content[0]!.text).not.toMatch(HIDDEN)
})
