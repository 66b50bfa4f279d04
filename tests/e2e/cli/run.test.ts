import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY } from '../../support/backend.ts'
import { eventsOf, isRunning, write } from '../../support/cli.ts'
import { Program, run, withModel } from '../../support/program.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/** Runs of deltas as one, states with their name. */
const typesOf = (events: any[]) => {
  const names = events.map(event => (event.type === 'agent.state' ? event.state : event.type))
  return names.filter((name, i) => !(name === 'message.delta' && names[i - 1] === name)).join(' ')
}

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

  test('--mode: edits are not asked, and a wrong one is wrong use', async () => {
    const { home, says } = await withModel()
    const project = tempDir()
    says(write(), { text: 'Done.' })
    const { code, stdout } = await run(['run', '--mode', 'accept-edits', '--project', project, 'go'], { home })
    expect(code).toBe(0)
    expect(stdout).toStartWith(`emacs-agent test/model · agent build · mode accept-edits · ${project}\n`)
    expect(readFileSync(join(project, 'new.txt'), 'utf8')).toBe('hello\n')
    const wrong = await run(['run', '--mode', 'root', '--project', project, 'go'], { home })
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toContain('mode: expected ask, accept-edits, sandboxed or plan.')
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
