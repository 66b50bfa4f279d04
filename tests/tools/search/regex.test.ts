import { describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { compile, matchingLines } from '../../../src/tools/search/automaton.ts'
import { parseRegex, requiredText, rustSource } from '../../../src/tools/search/regex.ts'

const lines = (pattern: string, text: string, fold = false) =>
  matchingLines(compile(parseRegex(pattern, fold)), text, 1_000).map(match => match.line)

const refusal = (pattern: string): string => {
  try {
    compile(parseRegex(pattern, false))
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test.each([
  ['literal', 'foo', 'a foo\nbar\nfoo', [1, 3]],
  ['any', 'f.o', 'f\no\nfxo', [3]],
  ['alternatives', 'cat|dog', 'dog\ncow\ncat', [1, 3]],
  ['an empty alternative', 'x(a|)y', 'xy\nxay\nxby', [1, 2]],
  ['repetition', '^a{2,3}$', 'a\naa\naaa\naaaa', [2, 3]],
  ['open repetition', '^a{2,}$', 'a\naa\naaaaa', [2, 3]],
  ['no repetition', '^a{0}b$', 'b\nab', [1]],
  ['lazy and possessive', '^a+?b*+$', 'ab\nb', [1]],
  ['nested repetition', '^(a*)*b$', 'aaab\nb\na', [1, 2]],
  ['classes', '^[a-c_-]+$', 'a-b_c\nabd', [1]],
  ['negated class', '^[^a-z]+$', 'A1\nab', [1]],
  ['a bracket first', '^[]a]+$', ']a]\nb', [1]],
  ['an open bracket in brackets', '[[(]x', '[x\n(x\nx', [1, 2]],
  ['posix class', '^[[:alpha:]]+$', 'abc\nab1', [1]],
  ['shorthands', '^\\w+\\s\\d+$', 'ab 12\nab12', [1]],
  ['negated shorthands', '^\\W\\S\\D$', '-aa\naaa', [1]],
  ['shorthand in a class', '^[\\W_]+$', '-_\na', [1]],
  ['word ends', '\\bcat\\b', 'cat\nconcat\na cat.', [1, 3]],
  ['words as grep writes them', '\\<cat\\>', 'cat\nconcat\ncats\na cat.', [1, 4]],
  ['where words begin', '\\<cat', 'concat\ncats\n-cat', [2, 3]],
  ['where words end', 'cat\\>', 'concat\ncats', [1]],
  ['inside words', '\\Bcat', 'cat\nconcat', [2]],
  ['umlauts are letters', '^\\w+$', 'Grüße\n-', [1]],
  ['unicode classes', '^\\p{Lu}\\p{Greek}\\P{L}$', 'Ωα1\nωα1', [1]],
  ['astral characters are one', '^.$', '😀\nab', [1]],
  ['escapes', '\\x41\\u{1F600}\\t', 'A😀\t\nA', [1]],
  ['escaped operators', 'a\\.b\\*\\/\\"', 'a.b*/"\naxb*/"', [1]],
  ['a brace that repeats nothing', 'func\\(\\) {', 'func() {\nfunc()', [1]],
  ['interface{}', 'interface{}', 'interface{}\ninterface', [1]],
  ['groups with names', '(?P<x>a)(?<y>b)(?:c)', 'abc', [1]],
  ['flags for all', '(?i)ABC', 'abc', [1]],
  ['flags for a group', 'a(?i:B)c', 'abc\naBc\nABC', [1, 2]],
  ['empty lines', '^$', 'a\n\nb\n', [2]],
  ['every line', '', 'a\n\nb\n', [1, 2, 3]],
  ['windows line ends', 'o$', 'foo\r\nbar\r\nfo\r', [1, 3]],
  ['anchors in the middle', 'a^b|c$d', 'ab\ncd', []],
])('%s', (_, pattern, text, expected) => expect(lines(pattern, text)).toEqual(expected))

test.each([
  ['ABC', 'abc', true],
  ['straße', 'STRAßE', true],
  ['[a-c]+$', 'ABC', true],
  ['É', 'é', true],
])('ignores case: %s finds %s', (pattern, text) => expect(lines(pattern, text, true)).toEqual([1]))

test.each([
  ['(?=a)', 'look-around'],
  ['(?<!a)b', 'look-around'],
  ['(a)\\1', 'back-references'],
  ['a\\nb', 'line end'],
  ['*a', 'nothing before'],
  ['(a', '`)` is missing'],
  ['a)', '`)` too many'],
  ['[a', '`]` is missing'],
  ['[z-a]', 'not in order'],
  ['a\\', 'ends in a backslash'],
  ['\\q', 'not supported'],
  ['a{5,2}', 'out of range'],
  ['a{2000}', 'out of range'],
  ['\\p{Nonsense}', 'unknown Unicode class'],
  ['(a{1000}){1000}', 'too large'],
  ['(((){1000}){1000}){1000}', 'too large'],
  ['('.repeat(500), 'nested too deeply'],
  ['a'.repeat(3_000), 'too long'],
])('refuses %p, and says why', (pattern, why) => expect(refusal(pattern)).toContain(why))

test('the end of the match that ends first', () => {
  const [match] = matchingLines(compile(parseRegex('b+c', false)), 'x\naabbbc c', 10)
  expect(match).toEqual({ line: 2, start: 2, end: 10, matchEnd: 8 })
})

test.each([
  ['foo.*barbaz', 'barbaz'],
  ['(abc)+x', 'abc'],
  ['a|b', null],
  ['x?', null],
  ['^import (foo)$', 'import foo'],
])('what %p requires: %p', (pattern, text) => expect(requiredText(parseRegex(pattern, false))).toBe(text))

describe('hostile patterns end soon', () => {
  const text = `${'a'.repeat(100_000)}!`
  test.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    'a*a*a*a*a*a*a*a*[bc]',
    '(.*)(.*)(.*)(.*)(.*)[xy]$',
    '^(a{0,30}){0,30}$',
  ])('%s', pattern => expect(lines(pattern, text)).toEqual([]))

  test('one that is made to need too many states is given up', () => {
    let seed = 1
    const noise = Array.from({ length: 1_000_000 }, () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return seed & 0x10000 ? 'a' : 'b'
    }).join('')
    expect(() => lines('(a|b)*a(a|b){200}[cd]', noise)).toThrow('takes too long')
  })
})

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\w',
  '\\b',
  '^',
  '$',
  '(a|b)',
  '(ab|)',
  '(?:ba)',
  'ü',
  ' ',
)
const pattern = fc
  .array(fc.tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '*?')), {
    minLength: 1,
    maxLength: 6,
  })
  .map(parts => parts.map(([atom, times]) => (/^(\\b|\^|\$)$/.test(atom) ? atom : atom + times)).join(''))
const subject = fc.array(fc.constantFrom('a', 'b', ' ', 'ü', '-', '\n'), { maxLength: 30 }).map(chars => chars.join(''))

test('finds the same lines as the regular expressions of JavaScript', () => {
  // There, \w and \b know ASCII only.
  const unicode = (source: string) =>
    source.replaceAll('\\w', '[\\wü]').replaceAll('\\b', '(?:(?<=[\\wü])(?![\\wü])|(?<![\\wü])(?=[\\wü]))')
  fc.assert(
    fc.property(fc.tuple(pattern, pattern), subject, ([left, right], text) => {
      const both = `${left}|${right}`
      for (const source of [left, both, `(?:${both})+`]) {
        const expression = new RegExp(unicode(source), 'u')
        const all = text.split('\n')
        if (all.at(-1) === '') all.pop()
        const expected = all.flatMap((line, i) => (expression.test(line) ? [i + 1] : []))
        expect(lines(source, text)).toEqual(expected)
      }
    }),
    { numRuns: 3_000 },
  )
})

test.skipIf(spawnSync('rg', ['--version']).error !== undefined)('ripgrep finds all that we find (needs rg)', () => {
  fc.assert(
    fc.property(pattern, subject, (source, text) => {
      const node = parseRegex(source, true)
      const command = ['--no-config', '--crlf', '--quiet', '--regexp', rustSource(node), '-']
      const { status, stderr } = spawnSync('rg', command, { input: text })
      expect(stderr.toString()).toBe('')
      if (matchingLines(compile(node), text, 1).length > 0) expect(status).toBe(0)
    }),
    { numRuns: 150 },
  )
})
