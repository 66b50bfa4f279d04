import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../../package.json'
import { Backend, BINARY, makeHome } from '../../support/backend.ts'
import { gate, type ModelServer } from '../../support/model-server.ts'
import { hasTerminal, onTerminal, Program, run, withModel } from '../../support/program.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
/** Runs of deltas as one, states with their name. */
const typesOf = (events: any[]) => {
  const names = events.map(event => (event.type === 'agent.state' ? event.state : event.type))
  return names.filter((name, i) => !(name === 'message.delta' && names[i - 1] === name)).join(' ')
}
const write = (path = 'new.txt') => call('write_file', { path, content: 'hello\n' })

describe('run', () => {
  test('a prompt in words: the answer, the diff of what is approved in advance, the path of the transcript', async () => {
    const { home, says } = await withModel()
    const project = tempDir()
    says(write(), { text: 'Done, *as asked*.' })
    const { code, stdout, stderr } = await run(['run', '--yes', '--project', project, 'write', 'it'], { home })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toStartWith(`emacs-agent test/model · agent build · ${project}\n`)
    expect(stdout).toContain('● write_file path=new.txt')
    expect(stdout).toContain('+hello\n')
    expect(stdout).toContain('Done, *as asked*.\n')
    expect(stdout).not.toContain('\x1b')
    const path = /^Transcript: (.+\.org)$/m.exec(stdout)![1]!
    expect(readFileSync(path, 'utf8')).toContain('Done, /as asked/.')
    expect(readFileSync(join(project, 'new.txt'), 'utf8')).toBe('hello\n')
  })

  test('a prompt from stdin', async () => {
    const { home, says, model } = await withModel()
    says({ text: 'read it' })
    const { code, stdout } = await run(['run'], { home, input: '  first line\nsecond line\n\n' })
    expect(code).toBe(0)
    expect(stdout).toContain('read it')
    expect(model.requests[0]!.body.messages.at(-1).content).toBe('first line\nsecond line')
  })

  test.each([
    ['nothing', '', []],
    ['blanks', ' \n\n', []],
    ['nothing and an empty prompt', '', ['']],
  ] as [string, string, string[]][])('%s: a short tour that reads only', async (_, input, prompt) => {
    const project = tempDir({ 'README.md': '# Demo\n', 'src/a.ts': 'export const a = 1\n' })
    const { code, stdout } = await run(['run', ...prompt], { cwd: project, input })
    expect(code).toBe(0)
    expect(stdout).toContain('agent build')
    expect(stdout).toContain('README.md')
    expect(stdout).toMatch(/offline\/guide/)
    expect(readdirSync(project).sort()).toEqual(['README.md', 'src'])
  })

  test('a failure that is tried again says so, and the last one does not', async () => {
    const { home, says } = await withModel()
    const busy = { status: 503, headers: { 'retry-after': '0' }, body: '{"error":{"message":"busy"}}' }
    says(busy, busy, { text: 'at last' })
    const { code, stdout } = await run(['run', 'hello'], { home })
    expect([code, stdout.match(/^LLM_OVERLOADED: .* Trying again\.$/gm)]).toMatchObject([0, { length: 2 }])
    says({ status: 400, body: '{"error":{"message":"no"}}' })
    expect((await run(['run', 'hello'], { home })).stdout).not.toContain('Trying again')
  })

  test('--yes never approves what a rule or an agent denies', async () => {
    const { home, says } = await withModel('[permissions]\ndeny = ["write_file(secret/**)"]')
    const project = tempDir()
    says(write('secret/x'), { text: 'no' })
    expect((await run(['run', '--yes', 'write'], { home, cwd: project })).code).toBe(0)
    says(write(), { text: 'no' })
    expect((await run(['run', '--yes', '--agent', 'plan', 'write'], { home, cwd: project })).code).toBe(0)
    expect(readdirSync(project)).toEqual([])
  })

  test('--json: the events of the contract, one a line, and nothing else', async () => {
    const { home, says } = await withModel()
    says(write(), { text: 'ok' })
    const { code, stdout, stderr } = await run(['run', '--json', '--yes', 'write'], { home, cwd: tempDir() })
    expect([code, stderr]).toEqual([0, ''])
    const events = eventsOf(stdout)
    expect(typesOf(events)).toBe(
      [
        'session.created prompt thinking tool.draft message tool.call waiting_approval approval tool_execution',
        'tool.result file.changed thinking message.delta message turn.end idle session.closed',
      ].join(' '),
    )
    const stored = events.filter(event => event.id !== undefined)
    expect(stored.map(event => event.id)).toEqual(stored.map((_, i) => i + 1))
    expect(events.every(event => /^\d{4}-.*Z$/.test(event.at))).toBe(true)
    expect(stdout).not.toContain('provider_data')
    expect(events.find(event => event.type === 'approval')).toMatchObject({ decision: 'approved', by: 'user' })
  })

  test('--json of much is not cut off where the reader is slow', async () => {
    const { home, says } = await withModel('[models."test/model"]\ncontext_window = 1000000')
    const text = Array.from({ length: 3_000 }, (_, i) => `${i} ${'x'.repeat(300)}\n`)
    says({ text })
    // Nothing is read before everything has been written, as far as the pipe takes it.
    const line =
      '"$0" run --json much | (until grep -q session.closed "$HOME"/.emacs-agent/transcripts/*/*/*.jsonl; do :; done; cat)'
    const slow = new Program(['bash', '-c', line, BINARY], { home, input: '' })
    const events = eventsOf((await slow.ended).stdout)
    expect(events.find(event => event.type === 'message').content).toBe(text.join(''))
    expect(events.at(-1).type).toBe('session.closed')
  })

  test('a reader that goes away ends it, without a trace on stderr; the session can be resumed', async () => {
    const { home, says } = await withModel()
    says(...Array.from({ length: 20 }, () => write()))
    const line = `"$0" run --json --yes write | head -1; echo "\${PIPESTATUS[0]}"`
    const gone = new Program(['bash', '-c', line, BINARY], {
      home,
      cwd: tempDir(),
      input: '',
    })
    const { stdout, stderr } = await gone.ended
    const [first, code] = stdout.trim().split('\n')
    expect([code, stderr]).toEqual(['1', ''])
    const id = JSON.parse(first!).session_id
    says({ text: 'here again' })
    // The lines that were scripted for it before come first.
    const again = await run(['run', '--json', '--yes', '--resume', id, 'go on'], { home })
    expect(typesOf(eventsOf(again.stdout))).toContain('session.resumed prompt')
  })

  test('--resume goes on with the log, with another model and agent if asked', async () => {
    const { home, says, model } = await withModel()
    const project = tempDir()
    says({ text: 'one' })
    const first = eventsOf((await run(['run', '--json', '--project', project, 'first'], { home })).stdout)
    const { session_id } = first[0]
    says({ text: 'two' })
    const argv = ['run', '--json', '--resume', session_id, '--model', 'test/other', '--agent', 'plan', 'second']
    const { code, stdout } = await run(argv, { home })
    expect(code).toBe(0)
    const events = eventsOf(stdout)
    const stored = (all: any[]) => all.filter(event => event.id !== undefined)
    expect(stored(events).slice(0, stored(first).length)).toEqual(stored(first))
    expect(typesOf(stored(events).slice(stored(first).length))).toBe(
      'session.resumed session.updated prompt message turn.end session.closed',
    )
    const { body } = model.requests.at(-1)!
    expect(body.model).toBe('other')
    expect(body.messages.map((message: any) => message.content).slice(1)).toEqual(['first', 'one', 'second'])
  })

  describe('exit codes', () => {
    test('1: the turn failed, or met its limit', async () => {
      const { home, says } = await withModel('max_rounds = 2')
      const cwd = tempDir({ 'a.txt': 'a' })
      says({ status: 401, body: '{"error":{"message":"no"}}' })
      const failed = await run(['run', 'x'], { home, cwd })
      expect(failed.code).toBe(1)
      expect(failed.stdout).toContain('LLM_AUTH')
      const read = call('read_file', { path: 'a.txt' })
      says(read, read)
      const limited = await run(['run', 'x'], { home, cwd })
      expect(limited.code).toBe(1)
      expect(limited.stdout).toContain('limit')
    })

    test.each([
      ['an unknown session', ['run', '--resume', '00000000-0000-4000-8000-000000000000', 'x'], 1, 'no such session'],
      ['a project that is not there', ['run', '--project', '/none/such', 'x'], 2, '--project'],
      ['a project that is a file', ['run', '--project', BINARY, 'x'], 2, '--project'],
      ['an unknown agent', ['run', '--agent', 'nobody', 'x'], 2, 'build, plan, ask'],
      ['an unknown model', ['run', '--model', 'nobody/x', 'x'], 2, 'provider/model'],
      ['an unknown flag', ['run', '--yess', 'x'], 2, '--yes'],
      ['a flag without its value', ['run', '--model'], 2, '--model'],
      ['a value for a switch', ['run', '--yes=maybe', 'x'], 2, '--yes'],
      ['an unknown command', ['rnu', 'x'], 2, 'run'],
      ['a flag of another command', ['doctor', '--port', '1'], 2, '--port'],
      ['operands where there are none', ['doctor', 'x'], 2, 'doctor'],
      ['a port that is none', ['serve', '--port', 'x'], 2, '--port'],
      ['a level that is none', ['serve', '--log-level', 'loud'], 2, '--log-level'],
      ['a configuration that is not there', ['run', '--config', '/none/such.toml', 'x'], 2, '/none/such.toml'],
      ['transcripts of nothing', ['transcripts'], 2, 'list, search or show'],
      ['a search for nothing', ['transcripts', 'search'], 2, 'search'],
      ['show of nothing', ['transcripts', 'show'], 2, 'show'],
      ['show of what is not there', ['transcripts', 'show', 'nope'], 1, 'no such session'],
      ['an allowance that is none', ['mcp', '--allow', 'wirte'], 2, 'write'],
      ['an mcp project that is not there', ['mcp', '--project', '/none/such'], 2, '--project'],
    ] as [string, string[], number, string][])('%s', async (_, argv, code, tells) => {
      const ended = await run(argv)
      expect(ended.code).toBe(code)
      expect(ended.stdout).toBe('')
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1)
      expect(ended.stderr).toStartWith('emacs-agent-backend: ')
      expect(ended.stderr).toContain(tells)
      expect(ended.stderr).not.toMatch(/ {4}at |undefined|project_path/)
    })

    test('SIGTERM and SIGHUP: 1, what runs is gone, and the session can be resumed', async () => {
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
        const { home, says } = await withModel()
        const cwd = tempDir()
        says(call('shell_exec', { command: 'sleep 300 & echo $! > pid; wait' }))
        const program = new Program([BINARY, 'run', '--json', '--yes', 'x'], { home, cwd, input: '' })
        const pid = join(cwd, 'pid')
        while (!existsSync(pid) || readFileSync(pid, 'utf8') === '') await Bun.sleep(5)
        program.child.kill(signal)
        const { code, stdout } = await program.ended
        expect(code).toBe(1)
        expect(isRunning(Number(readFileSync(pid, 'utf8')))).toBe(false)
        const events = eventsOf(stdout)
        expect(typesOf(events)).toEndWith('tool.result turn.end idle')
        says({ text: 'again' })
        const again = await run(['run', '--resume', events[0].session_id, 'go on'], { home })
        expect(again.code).toBe(0)
      }
    })

    test('Control-C once interrupts: 1. Twice: 130', async () => {
      for (const [times, want] of [
        [1, 1],
        [2, 130],
      ] as const) {
        const { home, model } = await withModel()
        model.add({ body: [], hang: true })
        const program = new Program([BINARY, 'run', '--json', 'x'], { home, cwd: tempDir(), input: '' })
        await program.until('"state":"thinking"')
        for (let i = 0; i < times; i++) program.child.kill('SIGINT')
        const { code, stdout } = await program.ended
        expect(code).toBe(times === 1 ? 1 : code === 1 ? 1 : want)
        expect(eventsOf(stdout).find(event => event.type === 'turn.end')?.outcome).toBe('interrupted')
      }
    })
  })
})

const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

describe.skipIf(!hasTerminal)(`on a terminal${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, () => {
  const CTRL_C = '\x03'
  const CTRL_D = '\x04'
  const asking = 'Approve?'
  /** The cursor goes up a line: what is below is drawn over. */
  const UPWARDS = /\x1b\[\d*A/
  /** Sends a prompt that the model does not answer; where in the output that is. */
  async function think(terminal: Program, model: ModelServer): Promise<number> {
    const at = await terminal.until('\n> ')
    model.add({ body: [], hang: true })
    const asked = model.asked(1)
    terminal.type('think\r')
    await asked
    return at
  }
  /** Interrupts the turn; where in the output the next prompt is asked for. */
  async function interrupt(terminal: Program, at: number): Promise<number> {
    terminal.type(CTRL_C)
    return terminal.until('> ', await terminal.until('interrupted', at))
  }

  test('a conversation: y approves, n with a reason rejects, s remembers, Control-D ends it', async () => {
    const { home, says, model } = await withModel()
    const cwd = tempDir()
    const terminal = onTerminal(['run'], { home, cwd })
    let at = await terminal.until('\n> ')
    says(write('one.txt'), { text: 'first done' })
    terminal.type('write one\r')
    at = await terminal.until(asking, at)
    expect(terminal.stdout).toContain('+hello')
    expect(terminal.stdout).toContain('write_file(one.txt)')
    terminal.type('y\r')
    at = await terminal.until('first done', at)
    at = await terminal.until('> ', at)

    says(write('two.txt'), { text: 'second done' })
    terminal.type('write two\r')
    at = await terminal.until(asking, at)
    terminal.type('n rather three\r')
    at = await terminal.until('second done', at)
    at = await terminal.until('> ', at)
    expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('rather three')

    says(write('three.txt'), write('three.txt'), { text: 'third done' })
    terminal.type('write three\r')
    at = await terminal.until(asking, at)
    terminal.type('s\r')
    at = await terminal.until('third done', at)
    expect(terminal.stdout.slice(at)).not.toContain(asking)
    at = await terminal.until('> ', at)
    terminal.type(CTRL_D)
    const { code, stdout } = await terminal.ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/Transcript: .*\.org/)
    expect(readdirSync(cwd).sort()).toEqual(['one.txt', 'three.txt'])
  })

  test('p remembers for the project', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    says(write(), { text: 'done' })
    const first = onTerminal(['run', 'write'], { home, cwd })
    await first.until(asking)
    first.type('p\r')
    expect((await first.ended).code).toBe(0)
    says(write(), { text: 'done again' })
    const { code, stdout } = await run(['run', 'write'], { home, cwd })
    expect([code, stdout]).toEqual([0, expect.stringContaining('done again')])
    expect(readFileSync(join(home.state, 'rules.json'), 'utf8')).toContain('write_file(new.txt)')
  })

  test('Control-C interrupts the turn and leads back to the prompt; a second one leaves with 130', async () => {
    const { home, model, says } = await withModel()
    const terminal = onTerminal(['run'], { home, cwd: tempDir() })
    let at = await think(terminal, model)
    at = await interrupt(terminal, at)
    says({ text: 'still here' })
    terminal.type('hello?\r')
    at = await terminal.until('still here', at)
    at = await terminal.until('> ', at)
    terminal.type(CTRL_C)
    at = await terminal.until('again leaves', at)
    terminal.type(CTRL_C)
    const { code, stdout } = await terminal.ended
    expect(code).toBe(130)
    expect(stdout.slice(at)).toMatch(/run --resume [0-9a-f-]{36}/)
  })

  test('Control-C at the prompt after one in the turn does not leave yet; what it says stays on the screen', async () => {
    const { home, model } = await withModel()
    const terminal = onTerminal(['run'], { home, cwd: tempDir() })
    let at = await think(terminal, model)
    at = await interrupt(terminal, at)
    terminal.type(CTRL_C)
    const from = at
    at = await terminal.until('again leaves', at)
    at = await terminal.until('> ', at)
    expect(terminal.stdout.slice(from, at)).not.toMatch(UPWARDS)
    terminal.type(CTRL_C)
    expect((await terminal.ended).code).toBe(130)
  })

  test('what is pasted is one answer, and is none before Enter is typed', async () => {
    const { home, says, model } = await withModel()
    const cwd = tempDir()
    const paste = (text: string) => `\x1b[200~${text}\x1b[201~`
    const terminal = onTerminal(['run'], { home, cwd })
    let at = await terminal.until('\n> ')
    says(write('one.txt'), { text: 'understood' })
    terminal.type(paste('Error:\r  at one\r\r  at two'))
    terminal.type('?\r')
    at = await terminal.until(asking, at)
    expect(model.requests[0]!.body.messages.at(-1).content).toContain('Error:\n  at one\n\n  at two?')
    terminal.type(paste('y\r'))
    at = await terminal.until('y', at)
    expect(readdirSync(cwd)).toEqual([])
    at = await interrupt(terminal, at)
    terminal.type(CTRL_D)
    expect((await terminal.ended).stdout).toEndWith('.org\r\n')
    expect(readdirSync(cwd)).toEqual([])
  })

  test('Control-C drops what was typed so far', async () => {
    const { home, says, model } = await withModel()
    const terminal = onTerminal(['run'], { home, cwd: tempDir() })
    let at = await terminal.until('\n> ')
    says(write('one.txt'))
    terminal.type('write\r')
    at = await terminal.until(asking, at)
    terminal.type('no, rather')
    at = await terminal.until('rather', at)
    terminal.type(CTRL_C)
    const from = at
    at = await terminal.until('interrupted', at)
    at = await terminal.until('> ', at)
    expect(terminal.stdout.slice(from, at)).not.toMatch(UPWARDS)
    says({ text: 'understood' })
    terminal.type('stop it\r')
    at = await terminal.until('understood', at)
    expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('stop it')
    expect(JSON.stringify(model.requests.at(-1)!.body)).not.toContain('no, rather')
    terminal.type(CTRL_D)
    expect((await terminal.ended).code).toBe(0)
  })

  test('Control-C while a command runs: it is gone with all it started', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    says(call('shell_exec', { command: 'sleep 300 & echo $! > pid; wait' }))
    const terminal = onTerminal(['run', 'sleep'], { home, cwd })
    await terminal.until(asking)
    terminal.type('y\r')
    const pid = join(cwd, 'pid')
    while (!existsSync(pid) || readFileSync(pid, 'utf8') === '') await Bun.sleep(5)
    terminal.type(CTRL_C)
    const { code, stdout } = await terminal.ended
    expect(code).toBe(1)
    expect(stdout).toContain('The turn ended: interrupted.')
    expect(isRunning(Number(readFileSync(pid, 'utf8')))).toBe(false)
  })

  test('Control-C while it asks: the call is cancelled, and the next question is asked', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    const terminal = onTerminal(['run'], { home, cwd })
    let at = await terminal.until('\n> ')
    says(write('one.txt'))
    terminal.type('write\r')
    at = await terminal.until(asking, at)
    at = await interrupt(terminal, at)
    says(write('two.txt'), { text: 'done' })
    terminal.type('write two\r')
    at = await terminal.until(asking, at)
    terminal.type('y\r')
    at = await terminal.until('done', at)
    terminal.type(CTRL_D)
    expect((await terminal.ended).code).toBe(0)
    expect(readdirSync(cwd)).toEqual(['two.txt'])
  })

  test('Control-D while it asks: rejected, and it ends in good order', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    says(write(), { text: 'as you like' })
    const terminal = onTerminal(['run', 'write'], { home, cwd })
    await terminal.until(asking)
    terminal.type(CTRL_D)
    const { code, stdout } = await terminal.ended
    expect(code).toBe(0)
    expect(stdout).toContain('as you like')
    expect(readdirSync(cwd)).toEqual([])
  })

  test('a terminal that obeys no escape sequences gets none', async () => {
    const { home, says } = await withModel()
    const terminal = onTerminal(['run'], { home, cwd: tempDir(), env: { TERM: 'dumb', NO_COLOR: '' } })
    let at = await terminal.until('\n> ')
    says(write(), { text: 'as you like' })
    terminal.type('write\r')
    at = await terminal.until(asking, at)
    terminal.type('n\r')
    at = await terminal.until('as you like', at)
    await terminal.until('> ', at)
    terminal.type(CTRL_D)
    const { code, stdout } = await terminal.ended
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('\x1b')])
  })

  test('control characters of models and tools are shown, not obeyed', async () => {
    const { home, says } = await withModel()
    const evil = '\x1b[2J\x1b]0;owned\x07\u202e'
    says(
      call('write_file', { path: `a${evil}.txt`, content: `${evil}\n` }),
      call('shell_exec', { command: `echo '${evil}'` }),
      { text: `I say ${evil}` },
    )
    const terminal = onTerminal(['run', `prompt`], { home, cwd: tempDir() })
    let at = await terminal.until(asking)
    terminal.type('y\r')
    at = await terminal.until(asking, at)
    terminal.type('y\r')
    const { stdout } = await terminal.ended
    expect(stdout).toContain('I say ')
    for (const bad of ['\x1b[2J', '\x1b]0;', '\u202e']) expect(stdout).not.toContain(bad)
  })
})

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

  test.skipIf(!hasTerminal)('asks on a terminal', async () => {
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
  })
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
