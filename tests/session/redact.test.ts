import { expect, test } from 'bun:test'
import { createRedactor } from '../../src/session/redact.ts'

const KEY = 'sk-ant-0123456789'
const redactor = createRedactor(() => [KEY, 'short', 'token-abcdefgh'])

test('every string of a value, keys of objects too; values without a secret stay the same object', () => {
  const clean = { a: ['b', { c: 1 }], d: null, short: 'short' }
  expect(redactor.value(clean)).toBe(clean)
  expect(redactor.value({ a: [`x${KEY}y`, { [KEY]: 1 }] })).toEqual({
    a: ['x[redacted]y', { '[redacted]': 1 }],
  } as never)
})

test('a secret split at every point over two and three deltas', () => {
  const text = `before ${KEY} sk-ant-01 after`
  for (let first = 0; first <= text.length; first++)
    for (let second = first; second <= text.length; second += 3) {
      const stream = redactor.stream()
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)].map(stream.push)
      expect(pieces.join('') + stream.flush()).toBe('before [redacted] sk-ant-01 after')
    }
})

test('one character at a time shows no part of a secret', () => {
  const stream = redactor.stream()
  const shown = Array.from(`a${KEY}b`, stream.push).join('') + stream.flush()
  expect(shown).toBe('a[redacted]b')
})

test('a secret that becomes known later is masked from then on', () => {
  const secrets: string[] = []
  const growing = createRedactor(() => secrets)
  expect(growing.value(KEY)).toBe(KEY)
  secrets.push(KEY)
  expect(growing.value(KEY)).toBe('[redacted]')
})

test('a character split at every point over deltas arrives whole, with and without secrets; a half alone is U+FFFD', () => {
  const text = `x😀${KEY}👍🏽`
  for (const secrets of [[], [KEY]])
    for (let first = 0; first <= text.length; first++)
      for (let second = first; second <= text.length; second++) {
        const stream = createRedactor(() => secrets).stream()
        const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)].map(stream.push)
        for (const piece of pieces) expect(piece.isWellFormed()).toBe(true)
        expect(pieces.join('') + stream.flush()).toBe(secrets.length > 0 ? 'x😀[redacted]👍🏽' : text)
      }
  const stream = redactor.stream()
  expect([stream.push('a\ud83d'), stream.push('b\udc00'), stream.push('\ud83d'), stream.flush()]).toEqual([
    'a',
    '\ufffdb\ufffd',
    '',
    '\ufffd',
  ])
})
