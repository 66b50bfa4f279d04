import { expect, test } from 'bun:test'
import { spawn, spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { TOPIC_NAMES } from '../../../src/manual/topics.ts'
import { Backend, BINARY, makeHome } from '../../support/backend.ts'
import { blocksIn } from '../../support/manual.ts'
import { run } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

test.each(TOPIC_NAMES)('help %s prints its page', async topic => {
  const { code, stdout, stderr } = await run(['help', topic])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^#\+TITLE: \S/m)
  expect(stdout).toEndWith('\n')
})

test('help config --json-schema is a JSON Schema, help api --json-schema what the server answers', async () => {
  const config = JSON.parse((await run(['help', 'config', '--json-schema'])).stdout)
  expect(config).toMatchObject({ title: 'emacs-agent.toml', properties: { port: { default: 9420 } } })
  const backend = await Backend.start(makeHome())
  const { body } = await backend.call('GET /openapi.json')
  expect(JSON.parse((await run(['help', 'api', '--json-schema'])).stdout)).toEqual(body)
})

const CONFIGURATIONS = blocksIn('toml').map(({ topic, text }, i) => [`${topic} (${i})`, text] as const)

test.each(CONFIGURATIONS)('the configuration in %s is taken', async (_, text) => {
  const home = makeHome(text)
  const env = { GITHUB_TOKEN: 'not-a-token', DOCS_TOKEN: 'nor-this-one' }
  const { code, stdout, stderr } = await run(['cost', '--json'], { home, env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ rows: [] })
  const served = await Backend.start(home, { env })
  expect((await served.call('GET /health')).body.problems).toEqual([])
})

const hasCurl = spawnSync('curl', ['--version']).status === 0
/** As somebody would type it: in a project with a file of its own, beside a running server with a session. */
const SERVERS = '{ "mcpServers": { "files": { "command": "mcp-files", "args": ["."] } } }'

test.each(blocksIn('sh').map(({ topic, text }, i) => [`${topic} (${i})`, text] as const))(
  'the commands in %s run (needs curl)',
  async (_, text) => {
    if (!hasCurl && text.includes('curl')) return
    const home = makeHome('model = "offline/guide"\n')
    const project = tempDir({ 'emacs-agent.toml': 'max_rounds = 20\n', 'claude_desktop_config.json': SERVERS })
    const backend = await Backend.start(home)
    const id = await backend.session(project)
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'hello', wait: true })
    const PATH = `${dirname(BINARY)}:${process.env.PATH}`
    const env = { ...home.env, PATH, URL: backend.handshake.url, TOKEN: backend.handshake.token!, ID: id }
    const shell = spawn('sh', ['-eu', '-c', text], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    shell.stdout.on('data', chunk => (stdout += chunk))
    shell.stderr.on('data', chunk => (stderr += chunk))
    const code = await new Promise(resolve => shell.on('close', resolve))
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' })
  },
)
