import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { find, places } from '../../../src/tools/files/find.ts'

const few = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 200 })

test('finds what the engine finds, however long', () => {
  fc.assert(
    fc.property(few, few, fc.nat(20), fc.integer({ min: 1, max: 70 }), (text, part, from, times) => {
      for (const wanted of [part, text.slice(from, from + 66), 'ab'.repeat(times), 'a'.repeat(times)]) {
        const long = text.repeat(3)
        const all: number[] = []
        for (let at = long.indexOf(wanted); at >= 0 && wanted !== ''; at = long.indexOf(wanted, at + 1)) all.push(at)
        expect(wanted === '' ? [] : [...places(long, wanted)]).toEqual(all)
        if (wanted !== '') expect(find(long, wanted, from)).toBe(long.indexOf(wanted, from))
        if (wanted !== '') expect([...places(long, wanted, { apart: true })].length).toBe(long.split(wanted).length - 1)
      }
    }),
    { numRuns: 500 },
  )
})
