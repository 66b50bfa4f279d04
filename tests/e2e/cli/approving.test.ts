import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasTerminal, onTerminal, run, withModel } from '../../support/program.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

const write = (path = 'new.txt', content = 'hello\n') => call('write_file', { path, content })
const asking = 'Approve?'
const ASKS = /\[\?\]: /

const LINES = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`)
/** A change in two hunks, in the style of the file. */
const twoHunks = () => {
  const changed = LINES.with(1, 'line two').with(27, 'line twenty-eight')
  return { before: `${LINES.join('\n')}\n`, after: `${changed.join('\n')}\n` }
}

describe.skipIf(!hasTerminal)(`approving${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, () => {
  test.each(['Y', 'yes', 'YES'])('%s approves', async word => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    says(write(), { text: 'done' })
    const terminal = onTerminal(['run', 'write'], { home, cwd })
    await terminal.until(ASKS)
    terminal.type(`${word}\r`)
    expect((await terminal.ended).code).toBe(0)
    expect(readdirSync(cwd)).toEqual(['new.txt'])
  })

  test('an empty line, an unknown word and ? decide nothing: it asks again', async () => {
    const { home, says, model } = await withModel()
    const cwd = tempDir()
    says(write(), { text: 'done' })
    const terminal = onTerminal(['run', 'write'], { home, cwd })
    let at = await terminal.until(ASKS)
    for (const [typed, told] of [
      ['', 'Nothing is decided by an empty line'],
      ['put it into docs please', 'Nothing is decided yet'],
      ['?', 'y, yes'],
    ] as const) {
      terminal.type(`${typed}\r`)
      at = await terminal.until(told, at)
      at = await terminal.until(ASKS, at)
    }
    expect(model.requests.length).toBe(1)
    terminal.type('no, put it into docs\r')
    expect((await terminal.ended).code).toBe(0)
    expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('rejected this call: put it into docs')
    expect(readdirSync(cwd)).toEqual([])
  })

  test('hunks: those that are refused are not written, in the way the file writes its lines', async () => {
    const { home, says, model } = await withModel()
    const { before, after } = twoHunks()
    const cwd = tempDir({ 'a.txt': before.replaceAll('\n', '\r\n') })
    says(call('read_file', { path: 'a.txt' }), write('a.txt', after), { text: 'done' })
    const terminal = onTerminal(['run', 'write'], { home, cwd })
    const at = await terminal.until(ASKS)
    expect(terminal.stdout).toContain('[h]unks')
    terminal.type('h\r')
    await terminal.until('Hunk 1 of 2?', at)
    terminal.type('\r') // decides nothing
    await terminal.until(/Hunk 1 of 2\?[\s\S]*Hunk 1 of 2\?/, at)
    terminal.type('n\r')
    await terminal.until('Hunk 2 of 2?', at)
    terminal.type('y\r')
    expect((await terminal.ended).code).toBe(0)
    const expected = `${LINES.with(27, 'line twenty-eight').join('\r\n')}\r\n`
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe(expected)
    expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('edited this call')
  })

  test('every hunk refused: rejected; q: back to the whole call', async () => {
    const { home, says, model } = await withModel()
    const { before, after } = twoHunks()
    const cwd = tempDir({ 'a.txt': before })
    says(call('read_file', { path: 'a.txt' }), write('a.txt', after), { text: 'done' })
    const terminal = onTerminal(['run', 'write'], { home, cwd })
    let at = await terminal.until(ASKS)
    terminal.type('h\r')
    at = await terminal.until('Hunk 1 of 2?', at)
    terminal.type('q\r')
    at = await terminal.until(ASKS, at)
    terminal.type('h\r')
    await terminal.until('Hunk 1 of 2?', at)
    terminal.type('n\r')
    await terminal.until('Hunk 2 of 2?', at)
    terminal.type('n\r')
    expect((await terminal.ended).code).toBe(0)
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe(before)
    expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('Every hunk was refused')
  })

  test('a file that is not UTF-8 is not approved in parts', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    const bytes = Buffer.from('caf\xe9\nold\n', 'latin1')
    writeFileSync(join(cwd, 'a.txt'), bytes)
    says(call('edit_file', { path: 'a.txt', old: 'old', new: 'new' }), { text: 'done' })
    const terminal = onTerminal(['run', 'edit'], { home, cwd })
    const at = await terminal.until(ASKS)
    terminal.type('h\r')
    await terminal.until('not UTF-8', at)
    await terminal.until(ASKS, await terminal.until('not UTF-8', at))
    terminal.type('n\r')
    await terminal.ended
    expect(readFileSync(join(cwd, 'a.txt'))).toEqual(bytes)
  })

  test('e edits the text of the one file; the editor has the terminal meanwhile', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    says(write(), { text: 'done' })
    const editor = 'sh -c \'echo "editing $(basename "$1")"; read line; echo "$line" >>"$1"\' editor'
    const terminal = onTerminal(['run', 'write'], { home, cwd, env: { VISUAL: editor } })
    let at = await terminal.until(ASKS)
    terminal.type('e\r')
    at = await terminal.until('editing new.txt', at)
    terminal.type('added by hand\n')
    expect((await terminal.ended).code).toBe(0)
    expect(readFileSync(join(cwd, 'new.txt'), 'utf8')).toBe('hello\nadded by hand\n')
  })

  test('e edits the parameters of other calls; what is no JSON, or a failing editor, decides nothing', async () => {
    const { home, says } = await withModel()
    const cwd = tempDir()
    const script = join(tempDir(), 'editor.sh')
    writeFileSync(script, 'exit 3\n')
    says(call('shell_exec', { command: 'touch one' }), { text: 'done' })
    const terminal = onTerminal(['run', 'touch'], { home, cwd, env: { VISUAL: '', EDITOR: `sh ${script}` } })
    let at = await terminal.until(ASKS)
    for (const [body, told] of [
      ['exit 3', 'ended with 3'],
      ['true', 'Nothing was changed'],
      ['echo "{" >"$1"', 'not JSON'],
    ] as const) {
      writeFileSync(script, `${body}\n`)
      terminal.type('e\r')
      at = await terminal.until(ASKS, await terminal.until(told, at))
    }
    writeFileSync(script, 'sed -i s/one/two/ "$1"\n')
    terminal.type('e\r')
    expect((await terminal.ended).code).toBe(0)
    expect(readdirSync(cwd)).toEqual(['two'])
  })
})

describe('without a terminal', () => {
  test('the model and the person are told which call was rejected, why, and of --yes; the exit code is 1', async () => {
    const { home, says, model } = await withModel()
    const cwd = tempDir()
    for (const flags of [[], ['--json']]) {
      says(write(), { text: 'so be it' })
      const { code, stdout, stderr } = await run(['run', 'write', ...flags], { home, cwd })
      expect(code).toBe(1)
      expect(stderr).toMatch(/rejected.*no terminal to ask on: write_file path=new\.txt.*--yes/)
      expect(stdout).toContain('Nobody was asked')
      const told = model.requests.at(-1)!.body.messages.at(-1).content
      expect(told).toContain('no terminal to ask on')
      expect(told).not.toContain('The user')
      expect(stdout).not.toContain(asking)
    }
    expect(existsSync(join(cwd, 'new.txt'))).toBe(false)
  })
})
