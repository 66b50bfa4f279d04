import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, write } from '../../support/cli.ts'
import type { ModelServer } from '../../support/model-server.ts'
import { hasTerminal, onTerminal, type Program, run, withModel } from '../../support/program.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

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
