import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { createJsonBounds } from '../../src/server/json-bounds.ts'

/** Whether it is let through when it comes in pieces of so many bytes. */
function passes(json: string, pieces = Number.POSITIVE_INFINITY): boolean {
  const bounds = createJsonBounds()
  const bytes = Buffer.from(json)
  try {
    for (let at = 0; at < bytes.length; at += pieces) bounds.feed(bytes.subarray(at, at + pieces))
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_REQUEST' })
    return false
  }
}

const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`
const list = (values: number) => `{"a":[${Array(values).fill('1').join(',')}]}`

test.each([
  ['64 deep', nested(64), true],
  ['66 deep', nested(66), false],
  ['eight million brackets', '['.repeat(8_000_000), false],
  ['as many in a string', `"${'['.repeat(1_000_000)}"`, true],
  ['behind an escaped quote', `"\\"${'['.repeat(100)}"`, true],
  ['behind a string that ends in a backslash', `["\\\\",${'['.repeat(70)}`, false],
  ['100,000 values', list(99_998), true],
  ['one more', list(99_999), false],
  ['100,000 empty lists', `[${Array(99_999).fill('[ ]').join(' , ')}]`, true],
  ['commas in strings', `["${','.repeat(200_000)}"]`, true],
  ['fields', `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":{}`).join()}}`, false],
])('%s', (_, json, want) => {
  expect(passes(json)).toBe(want)
  expect(passes(json.slice(0, 400_000), 7)).toBe(passes(json.slice(0, 400_000)))
})

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

test('any JSON within the bounds passes, however it is cut and spaced', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 8 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      (value, pieces, spaced) => {
        expect(depthOf(value)).toBeLessThan(64)
        expect(passes(JSON.stringify(value, null, spaced ? '\t ' : ''), pieces)).toBe(true)
      },
    ),
  )
})
