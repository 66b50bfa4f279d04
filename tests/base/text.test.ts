import { expect, test } from 'bun:test'
import { cut, head, slice, tail, toJson, wellFormed } from '../../src/base/text.ts'

const TEXT = 'a😀b👍🏽é𝒳'
const HALF = '\ud83d'

test('cut anywhere, no character is parted, and what is kept is what stands there', () => {
  for (let from = 0; from <= TEXT.length; from++) {
    for (let to = from; to <= TEXT.length; to++) {
      const part = slice(TEXT, from, to)
      expect(part.isWellFormed()).toBe(true)
      expect(TEXT.slice(from, to)).toContain(part)
      expect(to - from - part.length).toBeLessThanOrEqual(2)
    }
    expect(TEXT.startsWith(head(TEXT, from)) && head(TEXT, from).isWellFormed()).toBe(true)
    expect(TEXT.endsWith(tail(TEXT, from)) && tail(TEXT, from).isWellFormed()).toBe(true)
    expect(cut(TEXT, from).isWellFormed()).toBe(true)
    expect(cut(TEXT, from + 1).length).toBeLessThanOrEqual(from + 1)
  }
  expect([head('x😀y', 2), tail('x😀y', 2), tail('x', 0), cut('x😀y', 3), cut('x😀', 3)]).toEqual([
    'x',
    'y',
    '',
    'x…',
    'x😀',
  ])
})

test('a value without a half stays the same one; a half is U+FFFD wherever it stands', () => {
  const clean = { a: ['😀', { b: 1, c: null }], d: '\\ud83d' }
  expect(wellFormed(clean)).toBe(clean)
  expect(wellFormed({ [`k${HALF}`]: [`${HALF}x`, { y: `\udc00${HALF}` }] })).toEqual({
    'k\ufffd': ['\ufffdx', { y: '\ufffd\ufffd' }],
  } as never)
  expect(toJson(clean)).toBe(JSON.stringify(clean))
  expect(toJson([HALF, '\\ud83d', '😀'])).toBe('["\ufffd","\\\\ud83d","😀"]')
})
