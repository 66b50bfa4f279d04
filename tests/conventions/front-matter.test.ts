import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { isProblem, readFrontMatter } from '../../src/conventions/front-matter.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'

const read = async (text: string) => {
  const found = await readFrontMatter(text, 'F')
  if (isProblem(found)) throw new Error(`${found.file}:${found.line} ${found.message}`)
  return found
}

describe('front matter', () => {
  test('texts, lists, tables, and where the body begins', async () => {
    const found = await read(
      '---\nname: x\ncount: 3\ndescription: Use when: it rains\ntools: Read, Bash(git log:*), Grep\nother:\n  a: true\n---\n\nBody\n---\n',
    )
    expect([found.text('name'), found.text('count'), found.text('description')]).toEqual([
      'x',
      '3',
      'Use when: it rains',
    ])
    expect(found.list('tools')).toEqual(['Read', 'Bash(git log:*)', 'Grep'])
    expect(found.table('other')).toEqual({ a: true })
    expect([found.lineOf('tools'), found.bodyLine, found.body]).toEqual([5, 9, '\nBody\n---\n'])
  })

  test.each([
    ['---\nname: x\n\tother: y\n---\n', 3],
    ['---\na: 1\nb: "open\n---\n', 3],
    ['---\na: &x 1\nb: *x\n---\n', 2],
    ['---\n- a\n---\n', 2],
    ['---\na: 1\n', 1],
    [`---\na: ${'['.repeat(50_000)}\n---\n`, 1],
    [`---\na: ${'x'.repeat(70_000)}\n---\n`, 1],
  ])('what is broken is a problem that names its line (%#)', async (text, line) => {
    const found = await readFrontMatter(text, 'F')
    expect(isProblem(found) && found.file === 'F' && found.line >= 1).toBe(true)
    if (isProblem(found) && line > 1) expect(found.line).toBe(line)
  })

  test('whatever stands there: what it says, or a problem; keys of every object are none', async () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('a: b', 'a:', '- x', '\tx: y', '__proto__: 1', 'a: &b c', '? x', '---', '<<: {}'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line), async lines => {
        const found = await readFrontMatter(`---\n${lines.join('\n')}\n---\nBody`, 'F')
        if (isProblem(found)) return found.line >= 1
        return found.text('constructor') === undefined && typeof found.body === 'string'
      }),
      { seed: FUZZ_SEED, numRuns: 300 },
    )
  })
})
