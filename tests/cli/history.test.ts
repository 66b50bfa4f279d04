import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHistory } from '../../src/cli/history.ts'
import { tempDir } from '../support/temp.ts'

const always = () => true

test('prompts are kept for the next run, one a line, for the owner only', async () => {
  const state = join(tempDir(), 'state')
  const history = await openHistory(state, always)
  for (const prompt of ['first', 'two\nlines', 'two lines', ' ', 'a\x1b[2Jb']) history.add(prompt)
  await history.saved()
  const path = join(state, 'history')
  expect(readFileSync(path, 'utf8')).toBe('first\ntwo lines\na\\u{1b}[2Jb\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect((await openHistory(state, always)).entries).toEqual(['first', 'two lines', 'a\\u{1b}[2Jb'])
})

test('two runs at once add to one file; the newest thousand stay', async () => {
  const state = tempDir()
  writeFileSync(join(state, 'history'), Array.from({ length: 1500 }, (_, i) => `${i}\n`).join(''))
  const [one, two] = [await openHistory(state, always), await openHistory(state, always)]
  one.add('of one')
  await one.saved()
  two.add('of two')
  await two.saved()
  const { entries } = await openHistory(state, always)
  expect(entries).toHaveLength(1000)
  expect([entries[0], ...entries.slice(-3)]).toEqual(['502', '1499', 'of one', 'of two'])
})

test('a session without a transcript leaves none; a file that cannot be used is no failure', async () => {
  const state = tempDir()
  const history = await openHistory(state, () => false)
  history.add('secret')
  await history.saved()
  expect(history.entries).toEqual(['secret'])
  expect(existsSync(join(state, 'history'))).toBe(false)
  mkdirSync(join(state, 'history'))
  const broken = await openHistory(state, always)
  broken.add('x')
  await broken.saved()
  expect(broken.entries).toEqual(['x'])
})
