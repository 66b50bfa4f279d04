import { beforeEach, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { limitOutput } from '../../src/tools/output.ts'
import { tempDir } from '../support/temp.ts'

let directory: string
let spill: string
beforeEach(() => {
  directory = tempDir()
  spill = join(directory, 'tc_a')
})

test('short results stay as they are and leave nothing behind', async () => {
  expect(await limitOutput('short', 'tc_a', spill, 5)).toBe('short')
  expect(() => statSync(spill)).toThrow()
})

test('long ones keep both ends in whole lines, and the whole for the owner alone', async () => {
  const content = Array.from({ length: 1_000 }, (_, i) => `line ${i + 1}`).join('\n')
  const shown = await limitOutput(content, 'tc_a', spill, 1_000)
  expect(shown).toStartWith('line 1\nline 2\n')
  expect(shown).toEndWith('\nline 999\nline 1000')
  expect(readFileSync(spill, 'utf8')).toBe(content)
  expect(statSync(spill).mode & 0o777).toBe(0o600)
  const offset = Number(/"path":"spill:tc_a","offset":(\d+)/.exec(shown)![1])
  const lines = shown.split('\n')
  expect(lines[offset - 2]).toBe(`line ${offset - 1}`)
  expect(lines[offset - 1]).toMatch(/^\[[\d,]+ characters of [\d,]+ left out here\. /)
})

test('without a place to keep it, it says so', async () => {
  expect(await limitOutput('x'.repeat(2_000), 'tc_a', null, 1_000)).toContain('The rest was not kept')
})

test('one endless line: the offset counts the pieces in which it is read back', async () => {
  const shown = await limitOutput('x'.repeat(100_000), 'tc_a', spill, 10_000)
  expect(shown).toContain('"offset":3}')
})

test('never longer than the limit, never a broken character', async () => {
  const text = fc
    .array(fc.constantFrom('a', '😀', '\n', 'ü', 'word '), { minLength: 300, maxLength: 1_500 })
    .map(parts => parts.join(''))
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 250, max: 700 }), async (text, limit) => {
      const shown = await limitOutput(text, 'tc_a', null, limit)
      expect(shown.length).toBeLessThanOrEqual(Math.max(limit, text.length <= limit ? text.length : 0))
      expect(shown.isWellFormed()).toBe(true)
    }),
    { numRuns: 300 },
  )
})
