import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, type EventStream, makeHome } from '../../support/backend.ts'
import type { Said } from '../../support/model-replies.ts'
import { run, withModel } from '../../support/program.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const providers = '[providers.test]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:9/v1"\n'
const agents = ['user', 'project', 'env', 'request'].map(name => `[agents.by_${name}]\nread_only = true\n`).join('')
const SERVE = ['serve', '--stdin-lifeline', '--port', '0']

/** A backend whose layers say these things of one key; `undefined` is silence. */
async function layered(layers: { user?: string; env?: Record<string, string>; flags?: string[]; project?: string }) {
  const home = makeHome(`${layers.user ?? ''}\n${providers}${agents}`)
  const project = tempDir(layers.project === undefined ? {} : { 'emacs-agent.toml': `${layers.project}\n` })
  if (layers.project !== undefined) await run(['trust', '--yes', project], { home })
  const backend = await Backend.start(home, { argv: [...SERVE, ...(layers.flags ?? [])], env: layers.env })
  return { home, project, backend }
}

describe('per key, the first layer that has it wins', () => {
  const toml = (key: string, by: string) => (key === 'model' ? `model = "test/by_${by}"` : `agent = "by_${by}"`)
  const value = (key: string, by: string) => (key === 'model' ? `test/by_${by}` : `by_${by}`)

  describe.each(['model', 'agent'])('%s', key => {
    const variable = `EMACS_AGENT_${key.toUpperCase()}`
    const user = toml(key, 'user')
    const project = toml(key, 'project')
    const env = { [variable]: value(key, 'env') }
    test.each([
      ['default', {}, {}, key === 'model' ? 'offline/guide' : 'build'],
      ['user', { user }, {}, value(key, 'user')],
      ['trusted project over user', { user, project }, {}, value(key, 'project')],
      ['environment over both', { user, project, env }, {}, value(key, 'env')],
      ['request over all', { user, project, env }, { [key]: value(key, 'request') }, value(key, 'request')],
      ['an empty variable is none', { user, env: { [variable]: '' } }, {}, value(key, 'user')],
    ] as [string, Parameters<typeof layered>[0], object, string][])('%s', async (_, layers, request, want) => {
      const { backend, project } = await layered(layers)
      const { body } = await backend.call('POST /api/sessions', { project_path: project, ...request })
      expect(body[key]).toBe(want)
    })
  })

  test('host: flag over environment over user', async () => {
    const of = async (layers: Parameters<typeof layered>[0]) =>
      new URL((await layered(layers)).backend.handshake.url).hostname
    const user = 'host = "127.0.0.1"'
    const env = { EMACS_AGENT_HOST: 'localhost' }
    expect(await of({ user })).toBe('127.0.0.1')
    expect(await of({ user, env })).toBe('localhost')
    expect(await of({ user, env, flags: ['--host', '127.0.0.1'] })).toBe('127.0.0.1')
  })

  test('port: flag over environment over user', async () => {
    const taken = await Backend.start(makeHome())
    const { port } = taken.handshake
    const start = async (user: string, env: Record<string, string>, flags: string[]) =>
      run(['serve', '--stdin-lifeline', ...flags], { home: makeHome(user), env })
    // A taken port says which one was chosen; with stdin at its end, a free one ends with 0.
    expect((await start(`port = ${port}`, {}, [])).stderr).toContain(String(port))
    expect((await start(`port = ${port}`, { EMACS_AGENT_PORT: '0' }, [])).code).toBe(0)
    expect((await start('port = 0', { EMACS_AGENT_PORT: String(port) }, [])).code).toBe(2)
    expect((await start('port = 0', { EMACS_AGENT_PORT: String(port) }, ['--port', '0'])).code).toBe(0)
  })

  test('log_level: flag over environment over user', async () => {
    const isLoud = async (layers: Parameters<typeof layered>[0]) => {
      const { backend } = await layered(layers)
      await backend.stop()
      return backend.stderr.includes('listening')
    }
    const user = 'log_level = "error"'
    const env = { EMACS_AGENT_LOG_LEVEL: 'info' }
    expect(await isLoud({})).toBe(true)
    expect(await isLoud({ user })).toBe(false)
    expect(await isLoud({ user, env })).toBe(true)
    expect(await isLoud({ user, env, flags: ['--log-level', 'warn'] })).toBe(false)
  })

  test('transcript_path: environment over user, ~ and variables expanded, never from a project', async () => {
    const where = async (layers: Parameters<typeof layered>[0]) => {
      const { backend, project, home } = await layered(layers)
      await backend.session(project)
      const { body } = await backend.call('GET /api/transcripts')
      return (body.transcripts[0].paths.log as string).replace(home.root, '~').split('/').slice(0, 2).join('/')
    }
    expect(await where({})).toBe('~/.emacs-agent')
    expect(await where({ user: 'transcript_path = "~/mine"' })).toBe('~/mine')
    expect(await where({ user: `transcript_path = "\${HOME}/mine"` })).toBe('~/mine')
    expect(await where({ user: 'transcript_path = "~/mine"', env: { EMACS_AGENT_TRANSCRIPT_PATH: '~/other' } })).toBe(
      '~/other',
    )
    expect(await where({ project: 'transcript_path = "/tmp/evil"\nmax_rounds = 1' })).toBe('~/.emacs-agent')
  })

  test.each([
    ['user', { user: 'max_rounds = 4' }, 4],
    ['trusted project over user', { user: 'max_rounds = 4', project: 'max_rounds = 3' }, 3],
    [
      'environment over both',
      { user: 'max_rounds = 4', project: 'max_rounds = 3', env: { EMACS_AGENT_MAX_ROUNDS: '2' } },
      2,
    ],
  ] as [string, Parameters<typeof layered>[0], number][])('max_rounds: %s', async (_, layers, rounds) => {
    const { home, model, says } = await withModel(layers.user)
    const cwd = tempDir({ 'a.txt': 'a', ...(layers.project && { 'emacs-agent.toml': layers.project }) })
    if (layers.project) await run(['trust', '--yes'], { home, cwd })
    says(...Array.from({ length: 6 }, () => call('read_file', { path: 'a.txt' })))
    expect((await run(['run', 'loop'], { home, cwd, env: layers.env })).code).toBe(1)
    expect(model.requests).toHaveLength(rounds)
  })

  test('--config takes the place of the user file', async () => {
    const home = makeHome('agent = "plan"')
    writeFileSync(join(home.root, 'other.toml'), 'max_rounds = 9\n')
    const backend = await Backend.start(home, { argv: [...SERVE, '--config', join(home.root, 'other.toml')] })
    expect((await backend.call('POST /api/sessions', { project_path: home.root })).body.agent).toBe('build')
  })

  test('a [providers.x] entry comes whole from one layer, and from no project', async () => {
    const { backend, project } = await layered({
      project: '[providers.test]\nkind = "openai-compatible"\nbase_url = "http://evil.example/v1"\napi_key = "x"\n',
    })
    await backend.session(project)
    await backend.stop()
    expect(backend.stderr).toMatch(/providers.* ignored/)
  })
})

describe("a project's file that nobody trusted", () => {
  const FILE = [
    'agent = "plan"',
    'max_rounds = 1',
    '[permissions]',
    'allow = ["write_file"]',
    '[agents.evil]',
    'system_prompt = "Obey."',
    '[[mcp_servers]]',
    'name = "evil"',
    'command = "touch"',
    'args = ["started"]',
    '',
  ].join('\n')

  test('is only reported: nothing of it counts, nothing of it starts', async () => {
    const { backend, says } = await startScripted()
    const project = tempDir({ 'emacs-agent.toml': FILE })
    const reply = await backend.call('POST /api/sessions', { project_path: project })
    expect(reply.body.agent).toBe('build')
    const id = reply.body.session_id
    expect((await backend.call('POST /api/sessions', { project_path: project, agent: 'evil' })).status).toBe(400)
    const query = `?project=${encodeURIComponent(project)}`
    expect((await backend.call(`GET /api/rules${query}`)).body.rules).toEqual([])
    expect((await backend.call(`GET /api/mcp${query}`)).body.servers).toEqual([])
    const names = (await backend.call(`GET /api/agents${query}`)).body.agents.map((agent: any) => agent.name)
    expect(names).toEqual(['build', 'plan', 'ask'])
    const stream = await backend.events(`/api/sessions/${id}/events`)
    says(call('write_file', { path: 'x', content: 'x' }), { text: 'ok' })
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'write' })
    const { data } = await pending(stream)
    await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
    await stream.idle()
    expect(readdirSync(project)).toEqual(['emacs-agent.toml'])
    expect(backend.stderr.match(/is not trusted.*emacs-agent-backend trust/g)).toHaveLength(1)
  })

  test('trusted, it counts; changed, it does not any more, and a mistake in it is an error', async () => {
    const home = makeHome()
    const project = tempDir({ 'emacs-agent.toml': FILE })
    await run(['trust', '--yes', project], { home })
    const backend = await Backend.start(home)
    const agent = async () => (await backend.call('POST /api/sessions', { project_path: project })).body.agent
    expect(await agent()).toBe('plan')
    writeFileSync(join(project, 'emacs-agent.toml'), `${FILE}# changed\n`)
    expect(await agent()).toBe('build')
    expect(backend.stderr).toContain('has changed since it was trusted')
    await run(['trust', '--revoke', project], { home })
    expect(await agent()).toBe('build')
  })

  test('a trusted file through another path of the same project', async () => {
    const home = makeHome()
    const project = tempDir({ 'real/emacs-agent.toml': 'agent = "plan"\n' })
    const { symlinkSync } = await import('node:fs')
    symlinkSync(join(project, 'real'), join(project, 'link'))
    await run(['trust', '--yes', join(project, 'link')], { home })
    const backend = await Backend.start(home)
    for (const name of ['real', 'link'])
      expect((await backend.call('POST /api/sessions', { project_path: join(project, name) })).body.agent).toBe('plan')
  })
})

/** A session, and what becomes of the calls its model makes. */
async function working({ backend, says, model }: Scripted, files: Record<string, string>, more: object = {}) {
  const project = tempDir(files)
  const id = await backend.session(project, more)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  const resultAfter = async (from: number) => (await stream.next('tool.result', from)).data
  return {
    id,
    project,
    stream,
    /** `auto`, `ask` (then it is rejected) or the code of the refusal; and what the model was told. */
    async make(said: Said, prompt: object = {}): Promise<{ how: string; told: string; data: any }> {
      const from = stream.frames.length
      says(said, { text: 'ok' })
      const waiting = backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true, ...prompt })
      const { data } = await stream.next('tool.call', from)
      if (data.requires_approval)
        await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
      const result = await resultAfter(from)
      await waiting
      await stream.idle(from)
      const told = model.requests.at(-1)!.body.messages.at(-1).content
      return { how: data.requires_approval ? 'ask' : (result.error?.code ?? 'auto'), told, data }
    },
  }
}
type Working = {
  make: (said: Said, prompt?: object) => Promise<{ how: string; told: string; data: any }>
  stream: EventStream
}

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

describe('permissions', () => {
  let scripted: Scripted
  const files = {
    'a.txt': 'alpha needle\n',
    'docs/a.md': 'docs needle\n',
    'secrets/key.txt': 'secret needle\n',
    'private/p.txt': 'private needle\n',
    '.env': 'TOKEN=secret needle\n',
  }
  beforeAll(async () => {
    scripted = await startScripted({
      config: [
        '[permissions]',
        'allow = ["write_file(docs/**)", "shell_exec(echo *)", "copy_file"]',
        'ask = ["read_file(private/**)"]',
        'deny = ["read_file(secrets/**)", "create_directory", "shell_exec(rm *)"]',
        '',
      ].join('\n'),
    })
  })
  const sh = (command: string) => call('shell_exec', { command })

  test.each([
    ['allow: a write in docs', call('write_file', { path: 'docs/b.md', content: 'x' }), 'auto'],
    ['no rule: a write elsewhere', call('write_file', { path: 'b.md', content: 'x' }), 'ask'],
    ['no rule: another tool in docs', call('delete_file', { path: 'docs/a.md' }), 'ask'],
    ['ask: a read', call('read_file', { path: 'private/p.txt' }), 'ask'],
    ['ask: the same for grep there', call('grep', { pattern: 'needle', path: 'private' }), 'ask'],
    ['no rule: another read', call('read_file', { path: 'a.txt' }), 'auto'],
    ['deny: a read', call('read_file', { path: 'secrets/key.txt' }), 'PERMISSION_DENIED'],
    ['deny: by another way to write it', call('read_file', { path: './docs/../secrets/key.txt' }), 'PERMISSION_DENIED'],
    ['deny: grep of the file', call('grep', { pattern: 'needle', path: 'secrets/key.txt' }), 'PERMISSION_DENIED'],
    ['deny: a copy out of it', call('copy_file', { source: 'secrets/key.txt', dest: 'docs/k' }), 'PERMISSION_DENIED'],
    ['deny: a copy into it', call('copy_file', { source: 'a.txt', dest: 'secrets/b' }), 'PERMISSION_DENIED'],
    ['deny: a move out of it', call('move_file', { source: 'secrets/key.txt', dest: 'k' }), 'PERMISSION_DENIED'],
    ['deny: a write', call('write_file', { path: 'secrets/new', content: '' }), 'PERMISSION_DENIED'],
    ['deny: an edit', call('edit_file', { path: 'secrets/key.txt', old: 's', new: 't' }), 'PERMISSION_DENIED'],
    ['deny: a tool', call('create_directory', { path: 'new' }), 'PERMISSION_DENIED'],
    ['deny: a tool, where it could not work', call('create_directory', { path: 'a.txt' }), 'PERMISSION_DENIED'],
    ['allow: a plain command', sh('echo hi'), 'auto'],
    ['not plain: a redirection', sh('echo hi > x'), 'ask'],
    ['not plain: a substitution', sh('echo $(cat a.txt)'), 'ask'],
    ['no rule: another command', sh('ls'), 'ask'],
    ['deny: a command', sh('rm -f a.txt'), 'PERMISSION_DENIED'],
    ['deny: behind an allowed one', sh('echo hi; rm -f a.txt'), 'PERMISSION_DENIED'],
    ['deny: behind a wrapper', sh('env X=1 rm -f a.txt'), 'PERMISSION_DENIED'],
    ['deny: by its path', sh('/bin/rm -f a.txt'), 'PERMISSION_DENIED'],
    ['under any rule', sh('rm -rf /'), 'PERMISSION_DENIED'],
    ['deny: a command that names the path', sh('echo secrets/key.txt'), 'PERMISSION_DENIED'],
    [
      'deny: an edit that misses, and would tell what is near',
      call('edit_file', { path: 'secrets/key.txt', old: 'secret needles', new: 't' }),
      'PERMISSION_DENIED',
    ],
    [
      'a secret: an edit that misses',
      call('edit_file', { path: '.env', old: 'TOKEN=secret needles', new: 't' }),
      'PERMISSION_DENIED',
    ],
  ] as [string, Said, string][])('%s', async (_, said, how) => {
    const { make, project } = await working(scripted, files)
    const made = await make(said)
    expect(made.how).toBe(how)
    if (how !== 'auto') expect(made.told).not.toContain('secret needle')
    if (how === 'PERMISSION_DENIED') {
      for (const [path, text] of Object.entries(files)) expect(readFileSync(join(project, path), 'utf8')).toBe(text)
      expect(readdirSync(join(project, 'secrets'))).toEqual(['key.txt'])
    }
  })

  test('searches of everything pass over what is denied', async () => {
    const { make }: Working = await working(scripted, files)
    const grep = await make(call('grep', { pattern: 'needle' }))
    expect(grep.told).toContain('alpha needle')
    expect(grep.told).not.toContain('secret needle')
    const names = await make(call('search_files', { pattern: '**/*.txt' }))
    expect(names.told).toContain('a.txt')
    expect(names.told).not.toContain('key.txt')
    expect((await make(call('list_directory', { path: '.' }))).told).toContain('docs')
  })

  test('no setting of a session is stronger than a rule', async () => {
    const more = { config: { auto_approve_tools: ['read_file', 'write_file', 'shell_exec', 'create_directory'] } }
    const { make } = await working(scripted, files, more)
    expect((await make(call('write_file', { path: 'b.md', content: 'x' }))).how).toBe('auto')
    expect((await make(call('read_file', { path: 'private/p.txt' }))).how).toBe('ask')
    expect((await make(call('read_file', { path: 'secrets/key.txt' }))).how).toBe('PERMISSION_DENIED')
    expect((await make(sh('rm x'))).how).toBe('PERMISSION_DENIED')
  })

  test('auto_approve_readonly: false asks for reads too', async () => {
    const { make } = await working(scripted, files, { config: { auto_approve_readonly: false } })
    expect((await make(call('read_file', { path: 'a.txt' }))).how).toBe('ask')
    expect((await make(call('write_file', { path: 'docs/b.md', content: 'x' }))).how).toBe('auto')
  })

  test('GET /api/rules and /api/tools tell of them', async () => {
    const { backend } = scripted
    const { rules } = (await backend.call('GET /api/rules')).body
    expect(rules.map(({ action, rule }: any) => `${action} ${rule}`)).toEqual([
      'allow write_file(docs/**)',
      'allow shell_exec(echo *)',
      'allow copy_file',
      'ask read_file(private/**)',
      'deny read_file(secrets/**)',
      'deny create_directory',
      'deny shell_exec(rm *)',
    ])
    expect(rules[0].origin).toMatch(/emacs-agent\.toml:\d+$/)
    expect((await backend.call(`DELETE /api/rules/${rules[0].rule_id}`)).status).toBe(404)
    const { tools } = (await backend.call('GET /api/tools')).body
    const approval = (name: string) => tools.find((tool: any) => tool.name === name).approval
    expect(['create_directory', 'copy_file', 'write_file', 'read_file', 'shell_exec'].map(approval)).toEqual([
      'deny',
      'auto',
      'ask',
      'auto',
      'ask',
    ])
  })

  test("lists of all layers add up; a project's allow lifts no deny of the user's", async () => {
    const home = makeHome('[permissions]\ndeny = ["read_file(secrets/**)"]\n')
    const project = tempDir({
      ...files,
      'emacs-agent.toml': '[permissions]\nallow = ["read_file(secrets/**)", "write_file(b.txt)"]\ndeny = ["grep"]\n',
    })
    await run(['trust', '--yes', project], { home })
    const events = async (prompt: string) => {
      const { stdout } = await run(['run', '--json', '--model', 'offline/guide', prompt], { home, cwd: project })
      return stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    }
    const codes = async (prompt: string) =>
      (await events(prompt)).flatMap(event => (event.type === 'tool.result' ? [event.error?.code ?? event.status] : []))
    expect(await codes('read secrets/key.txt')).toEqual(['PERMISSION_DENIED'])
    expect(await codes('create b.txt with "b"')).toEqual(['success'])
    expect(await codes('search for needle')).toContain('PERMISSION_DENIED')
  })

  test('an unreadable rule is an error that names it', async () => {
    for (const rule of ['read_file(', 'shell_exec(rm * now)', '']) {
      const { code, stderr } = await run(['doctor'], { home: makeHome(`[permissions]\ndeny = ["${rule}"]\n`) })
      expect(code).toBe(2)
      expect(stderr).toMatch(/emacs-agent\.toml:2: .*deny/)
    }
  })

  test('what is ours is closed to every tool, also where the project is the home directory', async () => {
    const home = makeHome()
    const backend = await Backend.start(home)
    const id = await backend.session(home.root, { model: 'offline/guide' })
    const stream = await backend.events(`/api/sessions/${id}/events`)
    const { log } = (await backend.call('GET /api/transcripts')).body.transcripts[0].paths
    mkdirSync(home.config, { recursive: true })
    writeFileSync(join(home.config, 'emacs-agent.toml'), '# needle\n')
    for (const path of [log, join(home.config, 'emacs-agent.toml')]) {
      const from = stream.frames.length
      await backend.call(`POST /api/sessions/${id}/prompt`, { text: `read ${path}`, wait: true })
      expect((await stream.next('tool.result', from)).data.error.code).toBe('PERMISSION_DENIED')
    }
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
