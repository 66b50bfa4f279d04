import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isForeign, keepLines, openForeign } from '../../src/tools/foreign.ts'
import { decodeText, openText, textLike } from '../../src/tools/text.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const hex = (...bytes: number[]) => String.fromCharCode(...bytes)
const keep = (content: string, file: string, proposed?: string) =>
  Buffer.from(keepLines(content, latin1(file), proposed === undefined ? null : latin1(proposed))).toString('latin1')

/** 表 ends in the byte of a backslash, 本 in that of a brace. */
const SHIFT_JIS = `${hex(0x95, 0x5c)} = \\\n${hex(0x93, 0xfa, 0x96, 0x7b)} = {\n`

describe('a whole new text keeps the bytes of lines that stay', () => {
  test.each([
    ['as they are shown', '// caf\uFFFD\nx = 2\n', '// caf\xe9\nx = 1\n', '// caf\xe9\nx = 2\n'],
    ['as an editor reads Latin-1', '// café\nx = 2\n', '// caf\xe9\nx = 1\n', '// caf\xe9\nx = 2\n'],
    [
      'as an editor reads Shift-JIS',
      '日本 = {\n表 = \\\n',
      SHIFT_JIS,
      `${SHIFT_JIS.split('\n').slice(0, 2).reverse().join('\n')}\n`,
    ],
    ['in order, where they look the same', '\uFFFD\n\n\uFFFD', '\xe8\n\xe9', '\xe8\n\n\xe9'],
    ['more often than before', '\uFFFD\n\uFFFD', '\xe9', '\xe9\n\xe9'],
    ['with Windows line ends', '\uFFFD\na\n', '\xe9\r\nb\r\n', '\xe9\r\na\r\n'],
    ['with mixed line ends', '\uFFFD\na\n', '\xe9\r\nb\n', '\xe9\r\na\n'],
    ['behind a byte order mark', '\uFFFD\na', '\xef\xbb\xbf\xe9\nb', '\xef\xbb\xbf\xe9\na'],
    ['with a stray byte in UTF-8', 'ä\nö\n\uFFFD\nü', '\xc3\xa4\n\xc3\xb6\n\xe9', '\xc3\xa4\n\xc3\xb6\n\xe9\n\xc3\xbc'],
  ])('%s', (_, content, file, expected) => {
    expect(keep(content, file)).toBe(expected)
  })

  test('a changed line keeps them by what it was to become', () => {
    expect(keep('\uFFFD = 2\nb', '\xe9 = 1\na\nb', '\xe9 = 2\nA\nb')).toBe('\xe9 = 2\nb')
  })

  test.each([
    ['a new line that is not ASCII', 'caf\uFFFD\nü', 'caf\xe9\n', 'Line 2'],
    ['a changed line with bytes in it', 'a\ncaf\uFFFD!', 'a\ncaf\xe9', 'Line 2'],
    ['one of two that look the same', '\uFFFD', '\xe8\n\xe9', 'Line 1'],
    ['half a character', 'caf\ud83d', 'caf\xe9', 'Line 1'],
  ])('refused: %s', (_, content, file, words) => {
    expect(() => keep(content, file)).toThrow(words)
  })
})

describe('where a match begins', () => {
  test.each([
    ['inside a character of Shift-JIS', SHIFT_JIS, 1, true],
    ['inside another', SHIFT_JIS, SHIFT_JIS.indexOf('{'), true],
    ['a backslash of its own', SHIFT_JIS, 5, false],
    ['behind a letter of Latin-1, which no such encoding has', 'caf\xe9 a\xe9\n', 4, false],
  ])('%s', (_, text, at, doubtful) => {
    expect(openForeign(latin1(text)).isDoubtful(at)).toBe(doubtful)
  })
})

describe('UTF-16', () => {
  const little = Buffer.from('\uFEFFa\r\nü\r\n', 'utf16le')
  const big = Buffer.from(little).swap16()

  test.each([little, big])('is read and written as it is', bytes => {
    const file = openText(bytes)!
    expect(file.text).toBe('a\nü\n')
    expect(Buffer.from(file.close(file.text))).toEqual(bytes)
    expect(decodeText(textLike('😀\n', bytes))).toBe('\uFEFF😀\r\n')
  })

  test('what is none is not opened', () => {
    expect(openText(Buffer.concat([little, Buffer.from('x')]))).toBeNull()
    expect(openText(Buffer.from('\uFEFF\ud83d', 'utf16le'))).toBeNull()
  })
})

test('half a character is written nowhere', () => {
  expect(() => textLike('a\ud83d', null)).toThrow('half of a character')
  expect(() => openText(Buffer.from('a'))!.close('\udc00')).toThrow('half of a character')
})

/** What comes back unchanged costs no byte, whatever the file. */
test('the text as it is shown, written back, is the file', () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes.filter(byte => byte !== 0)).toString('latin1')),
    fc.constantFrom('\r', '', 'a', '\xc3\xa9', '\x95\\'),
  )
  const file = fc.array(
    line.map(text => text.replaceAll('\n', '')),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(file, lines => {
      const bytes = latin1(`a${lines.join('\n')}`)
      const shown = decodeText(bytes)
      if (!isForeign(bytes) || shown.includes('\r')) return
      expect(Buffer.from(textLike(shown, bytes))).toEqual(bytes)
    }),
    { numRuns: 2_000 },
  )
})
