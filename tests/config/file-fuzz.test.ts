import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { EVERYTHING, entry, odd, problems } from './problems.ts'

const documents = fc.dictionary(
  fc.constantFrom(
    'port',
    'host',
    'model',
    'log_level',
    'providers',
    'mcp_servers',
    'permissions',
    'agents',
    'models',
    'wait_for_reset',
    'toon',
    'zzz',
    'valueOf',
  ),
  fc.oneof(
    odd,
    entry,
    fc.array(entry),
    fc.dictionary(fc.constantFrom('anthropic', 'local', 'plan', 'a/b', 'X'), fc.oneof(odd, entry)),
  ),
)

test('whatever a file says: data or problems with a line, never a throw', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async document => {
      const text = stringify(document)
      const lines = text.split('\n').length
      for (const problem of await problems(text)) {
        expect(problem).toMatch(/^F:\d+: [a-zA-Z]/)
        expect(Number(problem.split(':')[1])).toBeLessThanOrEqual(lines)
      }
    }),
    { numRuns: 500 },
  )
})

test('every cut of a file is data or problems', async () => {
  for (let length = 0; length < EVERYTHING.length; length += 3)
    expect(await problems(EVERYTHING.slice(0, length))).toBeArray()
})
