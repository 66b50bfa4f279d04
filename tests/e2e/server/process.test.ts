import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

const health = (backend: Backend, headers: Record<string, string> = {}) =>
  fetch(`${backend.handshake.url}/health`, { headers })

describe('the handshake', () => {
  test('under the lifeline: the token is in the line, and in no file', async () => {
    const home = makeHome()
    const backend = await Backend.start(home)
    expect({ ...backend.handshake }).toMatchObject({
      url: `http://127.0.0.1:${backend.handshake.port}`,
      pid: backend.process.pid,
      protocol: 1,
      token_file: null,
      token: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(Object.keys(backend.handshake)).toEqual(['url', 'port', 'pid', 'version', 'protocol', 'token_file', 'token'])
    expect(await (await health(backend)).json()).toEqual({ status: 'ok' })
    expect(Object.keys(await (await health(backend, backend.headers)).json())).toEqual([
      'status',
      'version',
      'protocol',
      'pid',
      'uptime_ms',
      'sessions',
      'problems',
    ])
    expect(existsSync(home.state)).toBe(false)
    await backend.stop()
    expect(backend.stdout.trim().split('\n')).toHaveLength(1)
  })

  test('without it: in a file for its owner alone, gone at exit', async () => {
    const backend = await Backend.start(makeHome(), { argv: ['serve', '--port', '0'] })
    const { token, token_file } = backend.handshake
    expect(token).toBeNull()
    expect(statSync(token_file!).mode & 0o777).toBe(0o600)
    backend.handshake.token = readFileSync(token_file!, 'utf8')
    expect((await backend.call('GET /api/sessions')).status).toBe(200)
    expect(await backend.stop()).toBe(0)
    expect(existsSync(token_file!)).toBe(false)
  })

  test('what a killed backend left is taken away by the next', async () => {
    const home = makeHome()
    const start = () => Backend.start(home, { argv: ['serve', '--port', '0'] })
    const killed = await start()
    killed.process.kill('SIGKILL')
    await killed.exited
    const next = await start()
    const { pid, token_file } = next.handshake
    expect(readdirSync(home.state).sort()).toEqual([`serve-${pid}.json`, basename(token_file!)])
  })

  test('EMACS_AGENT_TOKEN sets it', async () => {
    const backend = await Backend.start(makeHome(), { env: { EMACS_AGENT_TOKEN: 'chosen-by-me' } })
    expect(backend.handshake.token).toBe('chosen-by-me')
  })

  test('the token is in no log', async () => {
    const backend = await Backend.start(makeHome(), {
      argv: ['serve', '--stdin-lifeline', '--port', '0', '--log-level', 'debug'],
    })
    await backend.call('GET /api/sessions')
    await backend.call('GET /nothing')
    await backend.stop()
    expect(backend.stderr).not.toContain(backend.handshake.token!)
  })
})

describe('the end', () => {
  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s: exit code 0', async signal => {
    const backend = await Backend.start(makeHome())
    backend.process.kill(signal)
    expect(await backend.exited).toBe(0)
  })

  test('end of stdin, under the lifeline', async () => {
    const backend = await Backend.start(makeHome())
    backend.process.stdin.end()
    expect(await backend.exited).toBe(0)
  })

  test('while a command and a stream are open: the command is gone with all it started', async () => {
    const project = tempDir()
    const backend = await Backend.start(makeHome())
    const id = await backend.session(project, { config: { auto_approve_tools: ['shell_exec'] } })
    const stream = await backend.events(`/api/sessions/${id}/events`, 0)
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'run `sh -c "sleep 300 & echo $! > pid; wait"`' })
    const call = await stream.next('tool.call')
    if (call.data.requires_approval)
      await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: call.data.tool_call_id })
    await stream.until(({ data }) => data.state === 'tool_execution')
    while (!existsSync(join(project, 'pid')) || readFileSync(join(project, 'pid'), 'utf8') === '') await Bun.sleep(5)
    const pid = Number(readFileSync(join(project, 'pid'), 'utf8'))
    backend.process.stdin.end()
    expect(await backend.exited).toBe(0)
    expect(isRunning(pid)).toBe(false)
  })
})

const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

describe('a start that is refused is one clear line and exit code 2', () => {
  const refused = async (argv: string[], env: Record<string, string> = {}, config = '') => {
    const home = makeHome(config)
    const backend = new Backend(argv, { ...home.env, ...env }, home.root)
    const code = await backend.exited
    expect(backend.stdout).toBe('')
    expect(backend.stderr.trim().split('\n')).toHaveLength(1)
    return `${code} ${backend.stderr}`
  }

  test('a taken port', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    expect(await refused(['serve', '--port', String(port)])).toMatch(/^2 .*taken.*--port/)
    taken.close()
  })

  test.each([
    [
      'a bind that others can reach, without a token of our own',
      ['serve', '--host', '0.0.0.0', '--port', '0'],
      /EMACS_AGENT_TOKEN/,
    ],
    ['--no-auth there', ['serve', '--host', '0.0.0.0', '--no-auth', '--port', '0'], /loopback/],
    ['an unknown command', ['srve'], /serve/],
    ['an unknown flag', ['serve', '--prot', '1'], /--port/],
    ['a port that is none', ['serve', '--port', '99999'], /port/],
  ])('%s', async (_, argv, message) => {
    const answer = await refused(argv)
    expect(answer).toStartWith('2 ')
    expect(answer).toMatch(message)
  })

  test.each(['two words', 'wörter', 'a\nb'])('a token that is not valid in a header: %j', async token => {
    expect(await refused(['serve', '--port', '0'], { EMACS_AGENT_TOKEN: token })).toMatch(/^2 .*EMACS_AGENT_TOKEN/)
  })

  test('a state directory that cannot be', async () => {
    const answer = await refused(['serve', '--port', '0'], { XDG_STATE_HOME: '/dev/null/state' })
    expect(answer).toMatch(/^2 .*\/dev\/null\/state\/emacs-agent .*XDG_STATE_HOME/)
  })

  test('a mistake in the configuration names file, line and key', async () => {
    expect(await refused(['serve', '--port', '0'], {}, 'host = "127.0.0.1"\nprot = 1\n')).toMatch(
      /^2 .*emacs-agent\.toml:2.*prot/,
    )
  })
})

test('a relative home directory is one all the same', async () => {
  const home = makeHome()
  const backend = await Backend.start({ ...home, env: { ...home.env, HOME: 'at/home' } })
  await backend.session(home.root)
  expect(readdirSync(join(home.root, 'at/home/.emacs-agent/transcripts'))).toHaveLength(1)
})

test('--no-auth skips the token, and warns', async () => {
  const backend = await Backend.start(makeHome(), { argv: ['serve', '--no-auth', '--stdin-lifeline', '--port', '0'] })
  expect(backend.handshake.token).toBeNull()
  expect((await fetch(`${backend.handshake.url}/api/sessions`)).status).toBe(200)
  expect((await fetch(`${backend.handshake.url}/api/sessions`, { headers: { origin: 'null' } })).status).toBe(403)
  expect(backend.stderr).toContain('--no-auth')
})

test('nothing of the directory it is started in is obeyed: no .env, no bunfig.toml', async () => {
  const project = tempDir({
    '.env': 'EMACS_AGENT_TOKEN=from-dotenv\nANTHROPIC_API_KEY=from-dotenv-too\n',
    'bunfig.toml': 'preload = ["./evil.ts"]\n',
    'evil.ts': 'await Bun.write("touched", "")\n',
  })
  const backend = await Backend.start(makeHome(), { cwd: project })
  expect(backend.handshake.token).not.toBe('from-dotenv')
  const { body } = await backend.call('GET /api/models')
  expect(body.models.filter((model: any) => model.provider === 'anthropic' && model.usable)).toEqual([])
  expect(readdirSync(project)).not.toContain('touched')
})

test('children get neither our token nor keys', async () => {
  const project = tempDir()
  const env = { ANTHROPIC_API_KEY: 'sk-ant-secret-0123456789', MY_TOKEN: 'tok-9876543210', PLAIN: 'visible' }
  const backend = await Backend.start(makeHome(), { env })
  const id = await backend.session(project, { model: 'offline/guide', env: { SESSION_VARIABLE: 'from the session' } })
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'run `env`' })
  const { data } = await stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
  await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
  await stream.idle()
  const output: string = (await stream.next('tool.result')).data.result.content
  expect(output).toContain('PLAIN=visible')
  expect(output).toContain('SESSION_VARIABLE=from the session')
  expect(output).not.toMatch(/sk-ant|tok-98|EMACS_AGENT/)
})

test('what is ours is for its owner alone', async () => {
  const home = makeHome()
  const backend = await Backend.start(home)
  const project = tempDir({ 'a.txt': '' })
  const id = await backend.session(project)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'list files', wait: true })
  await backend.call(`DELETE /api/sessions/${id}`)
  const modes = (path: string): string[] =>
    statSync(path).isDirectory()
      ? [`d${(statSync(path).mode & 0o777).toString(8)}`, ...readdirSync(path).flatMap(name => modes(join(path, name)))]
      : [`f${(statSync(path).mode & 0o777).toString(8)}`]
  expect([...new Set(modes(home.transcripts))].sort()).toEqual(['d700', 'f600'])
})

test('a project directory that is deleted in mid-session', async () => {
  const parent = tempDir()
  const project = join(parent, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'a.txt'), 'a')
  const backend = await Backend.start(makeHome())
  const id = await backend.session(project)
  const { rmSync } = await import('node:fs')
  rmSync(project, { recursive: true })
  for (const text of ['read a.txt', 'list files', 'git status', 'search for x'])
    expect((await backend.call(`POST /api/sessions/${id}/prompt`, { text, wait: true })).body).toMatchObject({
      status: 'success',
    })
  expect((await backend.call(`DELETE /api/sessions/${id}`)).status).toBe(200)
})
