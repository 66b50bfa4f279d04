import { describe, expect, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../../package.json'
import { Backend, BINARY, makeHome } from '../../support/backend.ts'
import { eventsOf } from '../../support/cli.ts'
import { gate } from '../../support/model-server.ts'
import { hasTerminal, onTerminal, Program, run, withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

describe('doctor', () => {
  test('with nothing configured: 0, and how to get a model', async () => {
    const { code, stdout, stderr } = await run(['doctor'], { cwd: tempDir() })
    expect([code, stderr]).toEqual([0, ''])
    for (const part of [
      'Configuration',
      'Models',
      'MCP servers',
      'Disk',
      'Programs',
      'offline/guide',
      'ANTHROPIC_API_KEY',
    ])
      expect(stdout).toContain(part)
  })

  test('keys are named, never shown', async () => {
    const home = makeHome(
      '[providers.work]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "sk-in-the-file-0123456789"\nheaders = { X-Key = "header-secret-0123" }\n',
    )
    const env = { ANTHROPIC_API_KEY: 'sk-ant-in-env-0123456789', GEMINI_API_KEY: 'gem-in-env-0123456789' }
    const { stdout, stderr } = await run(['doctor'], { home, env })
    expect(stdout).toContain('ANTHROPIC_API_KEY')
    expect(stdout).toContain('work')
    expect(stdout + stderr).not.toMatch(/0123/)
  })

  test('a broken MCP server: 1, and why', async () => {
    const home = makeHome(
      '[[mcp_servers]]\nname = "broken"\ncommand = "/none/such-server"\n[[mcp_servers]]\nname = "off"\ncommand = "x"\nenabled = false\n[[mcp_servers]]\nname = "dies"\ncommand = "sh"\nargs = ["-c", "echo last words >&2; exit 3"]\n',
    )
    const { code, stdout } = await run(['doctor'], { home })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ broken: failed\n.*such-server/)
    expect(stdout).toMatch(/✗ dies: failed\n/)
    expect(stdout).toMatch(/· off: disabled/)
  })

  test('a mistake in the configuration: 2, one line that names file, line and key', async () => {
    const home = makeHome('port = 1\nprot = 2\n')
    const { code, stderr } = await run(['doctor'], { home })
    expect(code).toBe(2)
    expect(stderr).toMatch(/emacs-agent\.toml:2: .*prot.*port/)
  })

  test("an untrusted project's file is reported, and how to trust it", async () => {
    const cwd = tempDir({ 'emacs-agent.toml': 'max_rounds = 3\n' })
    const { code, stdout } = await run(['doctor'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/not trusted\n.*emacs-agent-backend trust/)
  })

  test('a directory that cannot be used: 1, and the remedy', async () => {
    const home = makeHome('transcript_path = "/dev/null/transcripts"\n')
    const { code, stdout } = await run(['doctor'], { home })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ \/dev\/null\/transcripts.*\n.*transcript_path/)
  })
})

describe('transcripts', () => {
  test('list, search, show', async () => {
    const { home, says } = await withModel()
    const empty = await run(['transcripts', 'list'], { home })
    expect([empty.code, empty.stdout]).toEqual([0, 'No transcripts yet.\n'])
    for (const text of ['first question', 'second \x1b[2J question']) {
      says({ text: `an answer to the ${text.slice(0, 6)}` })
      await run(['run', text], { home })
    }
    const list = await run(['transcripts', 'list'], { home })
    expect(list.code).toBe(0)
    const lines = list.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d {2}[0-9a-f-]{36} {2}second .*question {2}2 messages, \//)
    expect(list.stdout).not.toContain('\x1b')
    const id = lines[1]!.split(/ +/)[2]!

    const found = await run(['transcripts', 'search', 'ANSWER', 'to', 'the first'], { home })
    expect(found.code).toBe(0)
    expect(found.stdout).toContain(`${id}  assistant: an answer to the first`)
    const none = await run(['transcripts', 'search', 'nothing like it'], { home })
    expect([none.code, none.stdout]).toEqual([1, 'Nothing found.\n'])

    const show = await run(['transcripts', 'show', id], { home })
    expect(show.code).toBe(0)
    expect(show.stdout).toContain('first question')
    expect(show.stdout).toContain('an answer to the first')
  })

  test('into a pipe that closes: no stack trace', async () => {
    const { home, says } = await withModel('[models."test/model"]\ncontext_window = 1000000')
    says({ text: Array.from({ length: 2_000 }, () => 'a long line of an answer\n'.repeat(5)) })
    const { stdout } = await run(['run', '--json', 'x'], { home })
    const id = eventsOf(stdout)[0].session_id
    const piped = new Program(
      ['bash', '-c', `"$0" transcripts show ${id} | head -1; echo "\${PIPESTATUS[0]}"`, BINARY],
      { home },
    )
    const ended = await piped.ended
    expect(ended.stderr).toBe('')
    expect(ended.stdout).toEndWith('\n0\n')
  })
})

describe('trust', () => {
  const FILE = 'max_rounds = 3\n[[mcp_servers]]\nname = "tool"\ncommand = "touch"\nargs = ["started"]\n'

  test('shows what the file would do; without a terminal only --yes trusts it, --revoke undoes it', async () => {
    const home = makeHome()
    const project = tempDir({ 'emacs-agent.toml': FILE })
    const trust = (...flags: string[]) => run(['trust', project, ...flags], { home })
    const looked = await trust()
    expect(looked.code).toBe(1)
    expect(looked.stdout).toContain('touch')
    expect(looked.stdout).toContain('--yes')
    expect((await trust('--yes')).code).toBe(0)
    expect((await trust()).stdout).toContain('trusted already')
    writeFileSync(join(project, 'emacs-agent.toml'), `${FILE}# changed\n`)
    expect((await trust()).stdout).toContain('changed since it was trusted')
    expect((await trust('--revoke')).code).toBe(0)
    expect(readdirSync(project)).toEqual(['emacs-agent.toml'])
  })

  test.each([
    ['nothing to trust', {}, 2, 'nothing to trust'],
    ['a file that cannot be used', { 'emacs-agent.toml': 'max_rounds = "many"\n' }, 1, 'max_rounds'],
    ['a file that is no TOML', { 'emacs-agent.toml': '= = =\n' }, 1, 'emacs-agent.toml:1'],
  ] as [string, Record<string, string>, number, string][])('%s', async (_, files, want, tells) => {
    const { code, stderr } = await run(['trust', '--yes'], { cwd: tempDir(files) })
    expect(code).toBe(want)
    expect(stderr).toContain(tells)
  })

  test.skipIf(!hasTerminal)(
    `asks on a terminal${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`,
    async () => {
      const home = makeHome()
      const cwd = tempDir({ 'emacs-agent.toml': FILE })
      for (const [answer, code] of [
        ['n', 1],
        ['y', 0],
      ] as const) {
        const terminal = onTerminal(['trust'], { home, cwd })
        await terminal.until('[y/N]')
        terminal.type(`${answer}\r`)
        expect((await terminal.ended).code).toBe(code)
      }
    },
  )
})

describe('mcp', () => {
  /** One JSON-RPC request after the other, over stdio. */
  const served = (argv: string[], project: string) => {
    const server = new Program([BINARY, 'mcp', '--project', project, ...argv])
    let id = 0
    let at = 0
    return {
      server,
      async ask(method: string, params: object = {}) {
        server.type(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })}\n`)
        const end = await server.until('\n', at)
        const line = server.stdout.slice(at, end)
        at = end
        return JSON.parse(line)
      },
    }
  }
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }

  test('initialize, tools/list, tools/call; ends with stdin', async () => {
    const { server, ask } = served([], tempDir({ 'a.txt': 'alpha\n' }))
    expect((await ask('initialize', hello)).result).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'emacs-agent-backend', version },
      capabilities: { tools: {} },
    })
    server.type('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    const { tools } = (await ask('tools/list')).result
    const names = tools.map((tool: any) => tool.name)
    expect(names).toContain('read_file')
    expect(names).not.toContain('write_file')
    expect(names).not.toContain('shell_exec')
    const read = (await ask('tools/call', { name: 'read_file', arguments: { path: 'a.txt' } })).result
    expect(read.content[0].text).toContain('alpha')
    expect((await ask('tools/call', { name: 'nope', arguments: {} })).error.code).toBe(-32602)
    expect((await ask('tools/call', { name: 'read_file', arguments: { path: '/etc/passwd' } })).result.isError).toBe(
      true,
    )
    expect((await ask('nope/nope')).error.code).toBe(-32601)
    expect((await ask('ping')).result).toEqual({})
    server.type('this is no JSON\n')
    await server.until('-32700')
    server.child.stdin.end()
    const { code, stdout } = await server.ended
    expect(code).toBe(0)
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line).jsonrpc).toBe('2.0')
  })

  test('--allow write,shell', async () => {
    const project = tempDir()
    const { server, ask } = served(['--allow', 'write,shell'], project)
    await ask('initialize', hello)
    const wrote = await ask('tools/call', { name: 'write_file', arguments: { path: 'b.txt', content: 'beta\n' } })
    expect(wrote.result.isError).not.toBe(true)
    const ran = await ask('tools/call', { name: 'shell_exec', arguments: { command: 'cat b.txt' } })
    expect(ran.result.content[0].text).toContain('beta')
    server.child.stdin.end()
    expect((await server.ended).code).toBe(0)
  })
})

describe('help and version', () => {
  test('--version', async () => {
    for (const argv of [['--version'], ['run', '--version']]) {
      const { code, stdout } = await run(argv)
      expect([code, stdout]).toEqual([0, `emacs-agent-backend ${version}\n`])
    }
  })

  test('--help of everything, on stdout, at most 80 columns wide', async () => {
    const commands = ['serve', 'run', 'doctor', 'elisp', 'mcp', 'transcripts', 'trust']
    for (const argv of [
      ['--help'],
      ['help'],
      ...commands.flatMap(name => [
        [name, '--help'],
        ['help', name],
      ]),
    ]) {
      const { code, stdout, stderr } = await run(argv)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain('Usage: emacs-agent-backend')
      expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
    }
    const { stdout } = await run(['--help'])
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })
})

test('a session that is open in one process is locked for another', async () => {
  const { home, model, says } = await withModel()
  const held = gate()
  model.add(async () => {
    await held.wait
    return []
  })
  const first = new Program([BINARY, 'run', '--json', 'x'], { home, cwd: tempDir(), input: '' })
  await first.until('\n')
  const { session_id } = eventsOf(first.stdout.split('\n')[0]!)[0]
  const second = await run(['run', '--resume', session_id, 'y'], { home })
  expect(second.code).toBe(1)
  expect(second.stderr).toContain('open')
  const server = await Backend.start(home)
  expect((await server.call(`POST /api/sessions/${session_id}/resume`)).status).toBe(409)
  first.child.kill('SIGKILL')
  await first.ended
  held.open()
  says({ text: 'ok' })
  expect((await run(['run', '--resume', session_id, 'y'], { home })).code).toBe(0)
})
