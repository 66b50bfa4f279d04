import { describe, expect, test } from 'bun:test'
import { renderMarkdown } from '../../src/cli/markdown.ts'
import { createSettler, MOST_PROSE, MOST_RENDERED } from '../../src/cli/settle.ts'
import { styleFor } from '../../src/cli/terminal.ts'
import { widthOf } from '../../src/cli/wrap.ts'

const terminal = { input: true, output: true }
const colourless = styleFor({ terminal, env: { NO_COLOR: '1' } })
const coloured = styleFor({ terminal, env: {} })
const plain = (text: string, columns = 40) => renderMarkdown(text, { style: colourless, columns })
const colours = (text: string) => renderMarkdown(text, { style: coloured, columns: 40 })

test.each([
  ['a heading', '# One *two*\n\nthree', 'One two\n\nthree\n'],
  ['a paragraph', 'one\ntwo', 'one two\n'],
  ['a hard break', 'one\\\ntwo', 'one\ntwo\n'],
  ['emphasis', 'a *b* **c** `d`', 'a b c d\n'],
  ['a link', '[text](http://x.y "t")', 'text (http://x.y)\n'],
  ['an address', '<http://x.y> <a@b.c>', 'http://x.y a@b.c\n'],
  ['an image', '![alt](a.png)', 'alt (a.png)\n'],
  ['a tight list', '- a\n  - b\n- c', '• a\n  • b\n• c\n'],
  ['a loose list', '9. a\n\n   b\n10. c', ' 9. a\n\n    b\n\n10. c\n'],
  ['tasks', '- [x] a\n- [ ] b', '• [x] a\n• [ ] b\n'],
  ['loose tasks', '- [x] a\n\n- [ ] b', '• [x] a\n\n• [ ] b\n'],
  ['code', '```ts x\na\n\n  b\n```\n\nafter', '  ts\n  a\n\n    b\n\nafter\n'],
  ['an open fence', '```\na', '  a\n'],
  ['code in a list', '- a\n  ```\n  b\n  ```', '• a\n    b\n'],
  ['a quote', '> a\n>\n> b', '│ a\n│\n│ b\n'],
  [
    'a table',
    '| a | b |\n|---|--:|\n| long | 漢字 |\n| c | d |',
    'a    │    b\n─────┼─────\nlong │ 漢字\nc    │    d\n',
  ],
  ['a rule', 'a\n\n---\n\nb', `a\n\n${'─'.repeat(40)}\n\nb\n`],
  ['HTML', '<b>x</b>\n\n<div>\ny\n</div>', '<b>x</b>\n\n<div>\ny\n</div>\n'],
  ['references', '&lt;a&gt; &amp;amp; `&lt;`', '<a> &amp; &lt;\n'],
])('%s', (_, markdown, shown) => expect(plain(markdown)).toBe(shown))

test('a table too wide for the terminal is told row by row', () => {
  expect(plain('| name | what |\n|---|---|\n| a | one two three four |\n| b | c |', 20)).toBe(
    'name: a\nwhat: one two three\nfour\n\nname: b\nwhat: c\n',
  )
})

test('colours, within each other too, and those of a diff', () => {
  expect(colours('# a `b`')).toBe('\x1b[1ma\x1b[0m \x1b[1m\x1b[36mb\x1b[0m\x1b[0m\n')
  expect(colours('**a *b***')).toBe('\x1b[1ma\x1b[0m \x1b[1m\x1b[3mb\x1b[0m\x1b[0m\n')
  expect(colours('```diff\n+a\n-b\n c\n```')).toBe(
    '  \x1b[36mdiff\x1b[0m\n  \x1b[32m+a\x1b[0m\n  \x1b[31m-b\x1b[0m\n   c\n',
  )
  expect(colours('```\na\n```')).toBe('  \x1b[2ma\x1b[0m\n')
})

describe('words are wrapped', () => {
  test('under the marker of their list, and in quotes', () => {
    expect(plain('10. one two three four five six\n\n> one two three four five six seven', 30)).toBe(
      '10. one two three four five\n    six\n\n│ one two three four five six\n│ seven\n',
    )
  })
  test('an address stays whole, a word of several styles too', () => {
    const address = `http://${'x'.repeat(60)}`
    expect(plain(`see ${address} now`)).toBe(`see\n${address}\nnow\n`)
    expect(plain(`${'a '.repeat(9)}b**cd**e`, 20)).toBe(`${'a '.repeat(9).trim()}\nbcde\n`)
  })
  test('by the columns that a terminal gives', () => {
    expect(['a', '漢', 'e\u0301', '🙂', '\x1b[1ma\x1b[0m'].map(widthOf)).toEqual([1, 2, 1, 2, 1])
    expect(plain('漢字漢字漢字 漢字漢字漢字', 20)).toBe('漢字漢字漢字\n漢字漢字漢字\n')
  })
})

describe('no control character of a model survives', () => {
  const hostile = ['\x1b[2J', '\x1b]8;;http://x\x07', '\x9b2J', '\r', '\u202e', '&#27;[2J', '&#x9b;2J', '&#x202e;']
  const places = [
    'X',
    '# X',
    '- X',
    '> X',
    '`X`',
    '```X\nX\n```',
    '[X](X)',
    '<http://X>',
    '![X](X "X")',
    '| X |\n|---|\n| X |',
  ]
  test.each([...places, '**X**', '<b X>', '[a]: X "X"', '    X', '~~X~~', '```diff\n+X\n```', '\\X'])(
    'in %j',
    place => {
      for (const text of hostile)
        expect(plain(place.replaceAll('X', `a${text}b`))).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    },
  )
  test('nor when the text is nested too deep to be read', () => {
    const shown = plain(`${'>'.repeat(20_000)}\x1b[2J`)
    expect(shown).not.toContain('\x1b')
  })
})

describe('a message settles', () => {
  const settled = (text: string, size: number) => {
    const settler = createSettler()
    const parts: string[] = []
    for (let at = 0; at < text.length; at += size)
      parts.push(...settler.add(text.slice(at, at + size)).map(({ text }) => text))
    return [...parts, ...settler.rest().map(({ text }) => text)]
  }
  test.each([1, 3, 1000])('in pieces of %d characters: at blank lines outside code and lists', size => {
    const blocks = ['one\ntwo\n\n', '```a\n\nb\n``\n\n```\n\n', '- a\n\n  b\n\n', '~~~\n```\n\n~~~\n\n', 'end']
    expect(settled(blocks.join(''), size)).toEqual(blocks)
  })
  test('what is too long to be read as Markdown is raw, and lost is nothing', () => {
    const settler = createSettler()
    const long = 'x'.repeat(MOST_PROSE + 1)
    expect(settler.add(`${long}\n\nb`)).toEqual([{ text: `${long}\n\n`, isRaw: true }])
    expect(settler.rest()).toEqual([{ text: 'b', isRaw: false }])
    const code = `\`\`\`\n${'x\n'.repeat(MOST_PROSE)}\`\`\`\n`
    expect([...settler.add(code), ...settler.rest()]).toEqual([{ text: code, isRaw: false }])
    const rest = `\n${'y'.repeat(MOST_RENDERED)}`
    const raw = settler.add(rest)
    expect(raw.map(({ text }) => text).join('') === rest && raw.every(({ isRaw }) => isRaw)).toBe(true)
    expect(settler.add('z')).toEqual([{ text: 'z', isRaw: true }])
  })
})
