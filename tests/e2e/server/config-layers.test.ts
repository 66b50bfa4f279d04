import { describe, expect, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { run, withModel } from '../../support/program.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'
import { agents } from '../../support/working-session.ts'

const providers = '[providers.test]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:9/v1"\n'

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
