import { describe, expect, test } from 'bun:test'
import { decode } from '@toon-format/toon'
import fc from 'fast-check'
import { encodeToon, renderData, tabularShare } from '../../src/base/toon.ts'

const rows = <T>(count: number, row: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => row(i))
const files = rows(20, i => ({ name: `file${i}.ts`, size: i * 100, type: 'file' }))

describe('renderData', () => {
  const table: [string, unknown, 'toon' | 'json'][] = [
    ['a listing', files, 'toon'],
    ['a listing inside', { path: '/', entries: files }, 'toon'],
    ['rows by key', Object.fromEntries(files.map(file => [file.name, { size: file.size, type: file.type }])), 'toon'],
    ['rows with groups', rows(9, i => ({ id: i, at: { line: i, column: i } })), 'toon'],
    ['one row', files.slice(0, 1), 'json'],
    ['rows of different shape', rows(9, i => ({ [`key${i}`]: i, other: 'x' })), 'json'],
    ['rows that hold lists', rows(9, i => ({ id: i, tags: [i] })), 'json'],
    ['few rows beside much else', { rows: files.slice(0, 2), log: rows(80, i => ({ [`k${i}`]: i })) }, 'json'],
    [
      'a JSON Schema',
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string', enum: ['x'] } } },
      'json',
    ],
    ['a number', 5, 'json'],
    ['nothing', null, 'json'],
    ['an empty list', [], 'json'],
  ]
  for (const [name, value, expected] of table)
    test(`${name}: ${expected}`, async () => {
      const text = await renderData(value, true)
      if (expected === 'json') expect(text).toBe(JSON.stringify(value))
      else {
        expect(text.length).toBeLessThanOrEqual(0.85 * JSON.stringify(value).length)
        expect(decode(text)).toEqual(value as never)
      }
      expect(await renderData(value, false)).toBe(JSON.stringify(value))
    })

  test('leaves text alone, and undefined is null', async () => {
    expect(await renderData('name  size\na  1', true)).toBe('name  size\na  1')
    expect(await renderData(undefined, true)).toBe('null')
  })

  test('what is read back is what was written, and never longer than JSON', async () => {
    const cell = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    )
    const table = fc
      .uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 })
      .chain(keys =>
        fc.array(fc.record(Object.fromEntries(keys.map(key => [key, cell])) as Record<string, typeof cell>), {
          maxLength: 12,
        }),
      )
    await fc.assert(
      fc.asyncProperty(fc.oneof(table, fc.jsonValue(), fc.dictionary(fc.string(), table)), async value => {
        const plain = JSON.parse(JSON.stringify(value))
        const json = JSON.stringify(plain)
        const text = await renderData(plain, true)
        expect(text.length).toBeLessThanOrEqual(Math.max(json.length, typeof plain === 'string' ? plain.length : 0))
        if (text !== json && typeof plain !== 'string') expect(JSON.stringify(decode(text))).toBe(json)
      }),
      { numRuns: 400 },
    )
  })

  /** Differential: the library's encoder against its own decoder on any JSON there is, both indentations and delimiters. */
  test('the library reads back any value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), async value => {
        const plain = JSON.parse(JSON.stringify(value))
        expect(JSON.stringify(decode(await encodeToon(plain)))).toBe(JSON.stringify(plain))
      }),
      { numRuns: 400 },
    )
  })
})

describe('tabularShare', () => {
  test.each([
    [files, 1],
    [{ a: 1, rows: rows(3, i => ({ i })) }, 0.75],
    [
      [
        [1, 2],
        [3, 4],
      ],
      0,
    ],
    [{}, 0],
    [rows(2, () => ({})), 0],
  ])('%#', (value, share) => expect(tabularShare(value)).toBe(share))
})
