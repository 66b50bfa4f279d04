import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DecodeOptions, decode, type EncodeOptions, encode } from '@toon-format/toon'

const FIXTURES = join(import.meta.dir, '../../node_modules/@toon-format/spec/tests/fixtures')
const lack = existsSync(FIXTURES) ? '' : ' (needs the package @toon-format/spec)'
/** Folding and expansion of keys, which version 4 took out again. */
const REMOVED = ['path-expansion.json', 'key-folding.json']
/** What version 4 decides otherwise; the fixtures are of 3.3. */
const CHANGED = [
  'treats extra brackets after valid array segment as literal key (non-strict)',
  'treats non-integer bracket content as literal key (non-strict)',
  'treats text between bracket segment and colon as literal key (non-strict)',
  'uses list format for objects with nested values',
]

type Fixture = {
  name: string
  input: unknown
  expected: unknown
  shouldError?: boolean
  options?: EncodeOptions & DecodeOptions
}

/** That the library does what the specification says: it is what every table that a model reads rests on. */
describe('the published fixtures', () => {
  if (lack !== '') test.skip(`of the TOON specification${lack}`, () => {})
  else
    for (const kind of ['encode', 'decode'] as const)
      for (const file of readdirSync(join(FIXTURES, kind)).filter(file => !REMOVED.includes(file)))
        test(`${kind} ${file}`, () => {
          const { tests } = JSON.parse(readFileSync(join(FIXTURES, kind, file), 'utf8')) as { tests: Fixture[] }
          for (const { name, input, expected, shouldError, options = {} } of tests) {
            if (CHANGED.includes(name)) continue
            const work = () => (kind === 'decode' ? decode(input as string, options) : encode(input, options))
            if (shouldError) expect(work).toThrow()
            else expect({ name, is: work() as unknown }).toEqual({ name, is: expected })
          }
        })
})
