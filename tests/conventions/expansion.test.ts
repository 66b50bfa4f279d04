import { describe, expect, test } from 'bun:test'
import { expand, splitArguments } from '../../src/conventions/expansion.ts'
import { referencesIn, withoutComments } from '../../src/conventions/references.ts'

test.each([
  ['a b  c', ['a', 'b', 'c']],
  ['"a b" c\'d e\'f', ['a b', 'cd ef']],
  ['a\\ b "c \\" d" \'e\\\'', ['a b', 'c " d', 'e\\']],
  ['"open end', ['open end']],
  ['back\\', ['back']],
  ['"" x', ['', 'x']],
  ['', []],
])('%p splits as a shell does', (given, words) => expect(splitArguments(given)).toEqual(words))

describe('a command', () => {
  const text = (body: string, given: string) =>
    expand(body, given)
      .map(segment => ('text' in segment ? segment.text : `<${segment.command}>`))
      .join('')
  test.each([
    ['$1-$2-$3', 'a b', 'a-b-'],
    ['$10 $ARGUMENTS $ARGUMENTSX', 'a', '$10 a $ARGUMENTSX'],
    ['no place', ' x ', 'no place\n\nx'],
    ['$1', '$2 $ARGUMENTS', '$2'],
    ['!echo $1\n!![x]\n! no\n![img](x)', 'hi', '<echo hi>\n<![x]>\n! no\n![img](x)'],
    ['see !`date` and x!`no`', '', 'see <date> and x!`no`'],
    ['$ARGUMENTS', 'a\n!rm x', 'a\n!rm x'],
    ['~~~\n!rm\n~~~\n!ls', '', '~~~\n!rm\n~~~\n<ls>'],
  ])('%p with %p', (body, given, wanted) => expect(text(body, given)).toBe(wanted))
})

test('references are words after @, outside of code', () => {
  const found = referencesIn('See @a.md, (@b/c.md) and @d\\ e.txt; not `@f.md` or x@g.md\n```\n@h.md\n```\n@~/i.md')
  expect(found.map(({ written, line }) => [written, line])).toEqual([
    ['a.md', 1],
    ['b/c.md', 1],
    ['d e.txt', 1],
    ['~/i.md', 5],
  ])
})

test('comments go, line ends and code stay; many of them take no longer than few', () => {
  expect(withoutComments('a <!-- x\ny --> b\n`<!-- c -->`\n```\n<!-- d -->\n```\n<!-- open')).toBe(
    'a \n b\n`<!-- c -->`\n```\n<!-- d -->\n```\n<!-- open',
  )
  expect(withoutComments('<!--'.repeat(200_000))).toHaveLength(800_000)
})
