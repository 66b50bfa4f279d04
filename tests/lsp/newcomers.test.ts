import { expect, test } from 'bun:test'
import type { Diagnostic } from '../../src/lsp/answers.ts'
import { newcomers } from '../../src/lsp/newcomers.ts'

/** A text whose lines `!NAME …` are errors that say NAME, and `?NAME …` warnings. */
const read = (text: string) => ({
  text,
  items: text.split('\n').flatMap((line, at): Diagnostic[] => {
    const found = /([!?])(\w+)/.exec(line)
    if (!found) return []
    const severity = found[1] === '!' ? 'error' : 'warning'
    return [{ path: '/a', line: at + 1, severity, message: found[2]! }]
  }),
})

test.each([
  ['nothing before', '', '!a\n!b', [1, 2]],
  ['nothing new', '!a\n!b', '!a\n!b', []],
  ['moved down', 'x\n!a', 'x\ny\nz\n!a', []],
  ['one mended, another made', '!a', '!b', [1]],
  ['a second one that says the same', '!a one', '!a one\n!a two', [2]],
  ['the second stands before the first', '!a one', '!a two\n!a one', [1]],
  ['its line changed, and it still says the same', '!a (x)', '!a (y)', []],
  ['two of three are left, one with another line', '!a 1\n!a 2\n!a 3', '!a 1\n!a 4', []],
  ['a warning is no error', '', '?a', []],
])('%s', (_, before, after, lines) => {
  expect(newcomers(read(before), read(after)).map(({ line }) => line)).toEqual(lines)
})
