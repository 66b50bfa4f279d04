import { expect, test } from 'bun:test'
import { outcomeOf } from '../../src/cli/outcome.ts'
import { isSlash } from '../../src/cli/slash.ts'
import { statusLine } from '../../src/cli/spinner.ts'

test.each([
  ['', {}, 'no output'],
  ['one', {}, 'one'],
  ['a\nb\n', {}, '2 lines'],
  ['a:1: x', { matches: 1, files: 1 }, '1 match in 1 file'],
  ['…', { matches: 1234, files: 2 }, '1,234 matches in 2 files'],
  ['a\nb\n', { exit_code: 2 }, 'exit 2, 2 lines'],
  ['', { exit_code: 0 }, 'exit 0'],
  ['\u001b[2J', {}, '\\u{1b}[2J'],
])('%j with %j: %s', (content, metadata, expected) => {
  expect(outcomeOf({ result: { content, metadata } })).toBe(expected)
})

test('the status line: elapsed time, tokens and cost, each where it is known', () => {
  expect(statusLine('thinking', 900, { input: 0, output: 0, cost: 0 })).toBe('thinking 0 s')
  expect(statusLine('grep', 61_500, { input: 1234, output: 56, cost: 0.01234 })).toBe(
    'grep 61 s · 1,234 tokens in, 56 out · $0.0123',
  )
})

test.each([
  ['/help', true],
  ['/modle x', true],
  ['/etc/hosts is odd', false],
  ['// a comment', false],
  ['/', false],
])('%j is meant as a command: %p', (typed, expected) => expect(isSlash(typed)).toBe(expected))
