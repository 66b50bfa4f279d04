import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { posixSource } from '../../../src/tools/host/posix-regex.ts'
import { compile, matchingLines } from '../../../src/tools/search/automaton.ts'
import { parseRegex } from '../../../src/tools/search/regex.ts'
import { random } from '../../support/figures.ts'

const PARTS = [
  'a',
  'b',
  '-',
  '\\]',
  '\\^',
  '\\[',
  '\\\\',
  'é',
  '\\t',
  '.',
  '\\d',
  '\\W',
  '[a-c]',
  '[^a]',
  '[]^-]',
  '[^\\]]',
  '(?:a|b)',
  '(?:a|)',
  'a*',
  'b+',
  'é?',
  'a{2}',
  '\\b',
  '^',
  '$',
  '\\s',
  '\\$',
  '"',
  "'",
  '\\x{1F600}',
  '\\p{Lu}',
]
const LINES = [
  '',
  'a',
  'b-',
  ']',
  '^',
  '[',
  '\\',
  'é',
  '\t',
  'ab',
  'aab',
  'ba',
  'A1 b',
  'aé',
  'x]y',
  '-^-',
  '$a',
  '"\'',
  '😀',
  'É',
  'bbb',
  'a b',
  '1',
  '\x01',
  'ſ',
  'K',
  'k',
  'ß',
]

test('grep -E finds every line that the pattern matches', () => {
  const pick = random(7)
  const text = `${LINES.join('\n')}\n`
  for (let round = 0; round < 400; round++) {
    const source = Array.from({ length: 1 + pick(3) }, () => pick.of(PARTS)).join('')
    const node = parseRegex(source, pick(2) === 0)
    const matched = matchingLines(compile(node), text, 1000).map(({ line }) => line)
    const { stdout, status, stderr } = spawnSync('grep', ['-nE', '-a', '-e', posixSource(node)], {
      input: text,
      env: { ...process.env, LC_ALL: 'C' },
      encoding: 'utf8',
    })
    expect([source, status! <= 1, stderr]).toEqual([source, true, ''])
    const found = new Set(stdout.split('\n').map(line => Number(line.split(':', 1)[0])))
    expect([source, posixSource(node), matched.filter(line => !found.has(line))]).toEqual([
      source,
      posixSource(node),
      [],
    ])
  }
})
