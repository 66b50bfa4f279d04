import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { many } from '../../support/model-session.ts'
import { hasTerminal, onTerminal, run, withModel } from '../../support/program.ts'
import { tempDir } from '../../support/temp.ts'

const ASKS = /\[\?\]: /
const LINES = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`)
const before = `${LINES.join('\n')}\n`
const edits = many(
  ['edit_file', { path: 'a.txt', old: 'line 2\n', new: 'line two\n' }],
  ['edit_file', { path: 'a.txt', old: 'line 28\n', new: 'line twenty-eight\n' }],
  ['edit_file', { path: 'b.txt', old: 'keep', new: 'lose' }],
  ['write_file', { path: 'c.txt', content: 'new\n' }],
)

async function proposing() {
  const { home, says, model } = await withModel('review_edits = true')
  const cwd = tempDir({ 'a.txt': before, 'b.txt': 'keep\n' })
  says(edits, { text: 'done' })
  const text = (name: string) => (existsSync(join(cwd, name)) ? readFileSync(join(cwd, name), 'utf8') : null)
  return { home, cwd, says, model, text }
}

test('--yes approves the review; without it and a terminal nothing is written', async () => {
  const yes = await proposing()
  expect((await run(['run', '--yes', 'edit'], yes)).code).toBe(0)
  expect([yes.text('b.txt'), yes.text('c.txt')]).toEqual(['lose\n', 'new\n'])
  const nobody = await proposing()
  nobody.says({ text: 'I see.' })
  const { code, stderr } = await run(['run', 'edit'], nobody)
  expect(code).toBe(1)
  expect(stderr).toContain('rejected, for there is no terminal to ask on: review_edits')
  expect([nobody.text('a.txt'), nobody.text('b.txt'), nobody.text('c.txt')]).toEqual([before, 'keep\n', null])
})

describe.skipIf(!hasTerminal)(`in the terminal${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, () => {
  test('one diff of all files is decided hunk by hunk', async () => {
    const { home, cwd, text } = await proposing()
    const terminal = onTerminal(['run', 'edit'], { home, cwd })
    let at = await terminal.until(ASKS)
    for (const shown of ['+line two', '+line twenty-eight', '+lose', '+new', '[h]unks'])
      expect(terminal.stdout).toContain(shown)
    terminal.type('h\r')
    for (const [question, answer] of [
      [/a\.txt[\s\S]*Hunk 1 of 2\?/, 'n'],
      ['Hunk 2 of 2?', 'y'],
      [/b\.txt[\s\S]*Hunk 1 of 1\?/, 'n'],
      [/c\.txt[\s\S]*Hunk 1 of 1\?/, 'y'],
    ] as const) {
      at = await terminal.until(question, at)
      terminal.type(`${answer}\r`)
    }
    expect((await terminal.ended).code).toBe(0)
    expect(text('a.txt')).toBe(`${LINES.with(27, 'line twenty-eight').join('\n')}\n`)
    expect([text('b.txt'), text('c.txt')]).toEqual(['keep\n', 'new\n'])
  })

  test('the chosen file is edited', async () => {
    const { home, cwd, text } = await proposing()
    const editor = join(tempDir({ edit: '#!/bin/sh\necho by hand > "$1"\n' }), 'edit')
    const terminal = onTerminal(['run', 'edit'], { home, cwd, env: { EDITOR: `sh ${editor}` } })
    let at = await terminal.until(ASKS)
    terminal.type('e\r')
    at = await terminal.until(/Which file\? 1 a\.txt, 2 b\.txt, 3 c\.txt: /, at)
    terminal.type('7\r')
    at = await terminal.until('That is the number of no file.', at)
    at = await terminal.until(ASKS, at)
    terminal.type('e\r')
    await terminal.until('Which file?', at)
    terminal.type('2\r')
    expect((await terminal.ended).code).toBe(0)
    expect([text('b.txt'), text('c.txt')]).toEqual(['by hand\n', 'new\n'])
  })
})
