import { expect, test } from 'bun:test'
import { parseArgs } from 'node:util'
import * as fc from 'fast-check'
import { tokensOf } from '../../src/cli/tokens.ts'

const VALUED = ['port', 'host', 'a']
const word = fc.oneof(
  fc.constantFrom(
    '--',
    '-',
    '--port',
    '--port=1',
    '--port=',
    '--host',
    '--yes',
    '--yes=1',
    '--=x',
    '--no',
    'serve',
    '',
  ),
  fc.string({ unit: fc.constantFrom('-', '=', 'a', 'b', 'p'), maxLength: 5 }),
)

test('a line is read as node:util reads it', () => {
  const options = Object.fromEntries(VALUED.map(name => [name, { type: 'string' as const }]))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), args => {
      // No letter of ours has a value, and odd characters in a name are wrong either way.
      fc.pre(!args.some(each => /^-[^-]*a|^-[^-].*[-=]|^-=|^--=/.test(each)))
      const { tokens } = parseArgs({ args, options, strict: false, tokens: true, allowPositionals: true })
      const seen = tokens.map(token =>
        Object.fromEntries(Object.entries(token).filter(([, value]) => value !== undefined)),
      )
      expect(tokensOf(args, name => VALUED.includes(name))).toEqual(seen as never)
    }),
    { numRuns: 3000 },
  )
})
