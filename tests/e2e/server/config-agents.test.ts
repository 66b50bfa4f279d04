import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import type { Said } from '../../support/model-replies.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { working } from '../../support/working-session.ts'

describe('agents of the configuration', () => {
  let scripted: Scripted
  beforeAll(async () => {
    scripted = await startScripted({
      config: [
        '[agents.tester]',
        'description = "Writes tests."',
        'model = "test/small"',
        'max_tokens = 321',
        'effort = "low"',
        'system_prompt = "You write tests and nothing else."',
        'allowed_tools = ["read_file", "write_file", "shell_exec(echo *)"]',
        'write_paths = ["tests/**"]',
        '[agents.reader]',
        'read_only = true',
        '[agents.plan]',
        'system_prompt = "Plan in verse."',
        'allowed_tools = ["read_file", "write_file"]',
        '',
      ].join('\n'),
    })
  })
  const files = { 'src/a.ts': 'a\n', 'tests/a.test.ts': 'test\n' }
  const write = (path: string) => call('write_file', { path, content: 'x\n' })

  test.each([
    ['reads', call('read_file', { path: 'src/a.ts' }), 'auto'],
    ['a tool it does not have', call('grep', { pattern: 'x' }), 'UNKNOWN_TOOL'],
    ['a write where it may', write('tests/b.test.ts'), 'ask'],
    ['a write where it may not', write('src/b.ts'), 'PERMISSION_DENIED'],
    ['a write that only looks like it', write('tests/../src/b.ts'), 'PERMISSION_DENIED'],
    ['a command it may ask for', call('shell_exec', { command: 'echo hi' }), 'ask'],
    ['another command', call('shell_exec', { command: 'ls' }), 'PERMISSION_DENIED'],
    ['a command behind one', call('shell_exec', { command: 'echo hi; ls' }), 'PERMISSION_DENIED'],
  ] as [string, Said, string][])('tester: %s', async (_, said, how) => {
    const { make, project } = await working(scripted, files, { agent: 'tester' })
    expect((await make(said)).how).toBe(how)
    expect(existsSync(join(project, 'src/b.ts'))).toBe(false)
  })

  test('allowed_tools never pre-approves, and no setting of the session lifts a limit', async () => {
    const more = { agent: 'tester', config: { auto_approve_tools: ['write_file', 'shell_exec', 'grep'] } }
    const { make, project } = await working(scripted, files, more)
    expect((await make(write('tests/b.test.ts'))).how).toBe('auto')
    expect((await make(write('src/b.ts'))).how).toBe('PERMISSION_DENIED')
    expect((await make(call('shell_exec', { command: 'ls' }))).how).toBe('PERMISSION_DENIED')
    expect(readFileSync(join(project, 'tests/b.test.ts'), 'utf8')).toBe('x\n')
  })

  test.each([
    ['reader', write('tests/b.test.ts')],
    ['plan', write('tests/b.test.ts')],
  ] as [string, Said][])('%s changes nothing', async (agent, said) => {
    const more = { agent, config: { auto_approve_tools: ['write_file'] } }
    const { make, project } = await working(scripted, files, more)
    expect((await make(said)).how).toMatch(/UNKNOWN_TOOL|PERMISSION_DENIED/)
    expect(readdirSync(join(project, 'tests'))).toEqual(['a.test.ts'])
  })

  test('its prompt, model, limits and tools reach the request', async () => {
    const { make } = await working(scripted, files, { agent: 'tester' })
    await make(call('read_file', { path: 'src/a.ts' }))
    const { body } = scripted.model.requests.at(-1)!
    expect({ ...body }).toMatchObject({ model: 'small', max_tokens: 321, reasoning_effort: 'low' })
    expect(body.messages[0].content).toContain('You write tests and nothing else.')
    expect(body.tools.map((tool: any) => tool.function.name)).toEqual(['read_file', 'write_file', 'shell_exec'])
  })

  test('an agent for one prompt: its model and limits for that turn alone', async () => {
    const { make, stream } = await working(scripted, files)
    await make(call('read_file', { path: 'src/a.ts' }), { agent: 'tester' })
    expect({ ...scripted.model.requests.at(-1)!.body }).toMatchObject({ model: 'small', max_tokens: 321 })
    expect((await make(write('src/b.ts'))).how).toBe('ask')
    const { body } = scripted.model.requests.at(-1)!
    expect(body.model).toBe('model')
    expect(body.max_tokens).toBeUndefined()
    expect(body.messages[0].content).not.toContain('You write tests')
    expect(stream.stored.flatMap(event => (event.type === 'prompt' ? [event.agent] : []))).toEqual(['tester', 'build'])
  })

  test('GET /api/agents tells of them', async () => {
    const { body } = await scripted.backend.call('GET /api/agents')
    const of = (name: string) => body.agents.find((agent: any) => agent.name === name)
    expect({ ...of('tester') }).toMatchObject({
      description: 'Writes tests.',
      model: 'test/small',
      read_only: false,
      tools: ['read_file', 'write_file', 'shell_exec'],
    })
    expect(of('tester').origin).toEndWith('emacs-agent.toml')
    expect({ ...of('plan') }).toMatchObject({ read_only: true, tools: ['read_file'] })
    expect({ ...of('ask') }).toMatchObject({ read_only: true, tools: [], origin: 'built in' })
  })

  test('ask has no tools and leaves nothing behind', async () => {
    const { backend, says, model } = scripted
    const project = tempDir(files)
    const id = await backend.session(project, { agent: 'ask' })
    says({ text: 'feat: a' })
    expect((await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'name it', wait: true })).body.text).toBe(
      'feat: a',
    )
    expect(model.requests.at(-1)!.body.tools).toBeUndefined()
    expect((await backend.call(`DELETE /api/sessions/${id}`)).body.transcript_path).toBeNull()
    const { transcripts } = (await backend.call(`GET /api/transcripts?project=${encodeURIComponent(project)}`)).body
    expect(transcripts).toEqual([])
  })
})

describe('MCP servers of the configuration', () => {
  const own = join(import.meta.dir, '../../support/mcp-own.ts')

  test('are listed for a project that no session was opened on, and can be restarted there', async () => {
    const project = tempDir({ 'a.txt': 'alpha\n' })
    const home = makeHome(
      `[[mcp_servers]]\nname = "demo"\ncommand = "${process.execPath}"\nargs = ["${own}", "${project}"]\n`,
    )
    const backend = await Backend.start(home)
    const query = `?project=${encodeURIComponent(project)}`
    const server = async () => (await backend.call(`GET /api/mcp${query}`)).body.servers
    expect(await server()).toMatchObject([{ name: 'demo', status: 'idle', transport: 'stdio', project_path: project }])
    expect((await backend.call(`POST /api/mcp/demo/restart${query}`)).status).toBe(200)
    expect(await server()).toMatchObject([{ name: 'demo', status: 'ready', tool_count: expect.any(Number) }])
    const { tools } = (await backend.call(`GET /api/tools${query}`)).body
    expect(tools.find((tool: any) => tool.name === 'demo/read_file')).toMatchObject({
      category: 'demo',
      approval: 'ask',
    })
    expect((await backend.call(`POST /api/mcp/nope/restart${query}`)).status).toBe(404)
  })
})
