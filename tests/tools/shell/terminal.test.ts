import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { escapeInvisible } from '../../../src/base/controls.ts'
import { createStripper, plain } from '../../../src/tools/shell/terminal.ts'

describe('plain', () => {
  const table: [string, string, string][] = [
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['cursor movement', 'a\x1b[2K\x1b[1Gb', 'ab'],
    ['titles', '\x1b]0;title\x07text', 'text'],
    ['links', '\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['device strings', '\x1bPq#0\x1b\\after', 'after'],
    ['charsets', '\x1b(Bx', 'x'],
    ['bells and backspaces', 'a\x07b\x08c', 'abc'],
    ['8-bit controls', 'a\x9bb', 'ab'],
    ['tabs and lines', 'a\tb\nc', 'a\tb\nc'],
    ['DOS lines', 'a\r\nb\r\n', 'a\nb\n'],
    ['progress bars', ' 10%\r 50%\r100%\ndone', '100%\ndone'],
    ['a progress bar at the end', '10%\r20%\r', '20%'],
    ['an unfinished sequence', 'a\x1b[3', 'a'],
    ['everything else', 'äöü 😀 [31m', 'äöü 😀 [31m'],
  ]
  test.each(table)('%s', (_, input, expected) => expect(plain(input)).toBe(expected))
})

test.each(['x', '\r', '\x1b', '\x1b]', '\x1b[1;', 'x\r', '\n'])('a megabyte of %j is no trouble', piece => {
  expect(plain(piece.repeat(1 << 20)).length).toBeLessThanOrEqual(piece.length << 20)
})

const pieces = fc.array(
  fc.constantFrom('\x1b', '[', ']', '1;31', 'm', '\x07', '\\', 'P', '(', 'B', 'text', '\r', '\n', 'é', '\x1b[0m'),
  { maxLength: 30 },
)

test('stripping does not depend on where a stream is cut', () => {
  fc.assert(
    fc.property(pieces, parts => {
      const whole = parts.join('')
      const expected = createStripper()(whole)
      for (let at = 0; at <= whole.length; at++) {
        const strip = createStripper()
        expect(strip(whole.slice(0, at)) + strip(whole.slice(at))).toBe(expected)
      }
    }),
  )
})

test('a flood of unfinished sequences is not kept for ever', () => {
  const strip = createStripper()
  let length = 0
  for (let n = 0; n < 100; n++) length += strip(n === 0 ? '\x1b]' : 'x'.repeat(1000)).length
  expect(length).toBeGreaterThan(0)
})

describe('escapeInvisible', () => {
  const table: [string, string][] = [
    ['ls -la', 'ls -la'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['\x1b[2K', '\\u{1b}[2K'],
    ['rm \u202etxt', 'rm \\u{202e}txt'],
    ['a\u200bb', 'a\\u{200b}b'],
    ['a\u00a0b', 'a\\u{a0}b'],
    ['a\u3164b', 'a\\u{3164}b'],
    ['x\u{e0041}', 'x\\u{e0041}'],
    ['Käse 😀', 'Käse 😀'],
  ]
  test.each(table)('%j', (input, expected) => expect(escapeInvisible(input)).toBe(expected))
})
