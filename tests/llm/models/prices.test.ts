import { expect, test } from 'bun:test'
import type { Usage } from '../../../src/event.ts'
import { costOf, KNOWN, knownModel, pricesFor } from '../../../src/llm/models/prices.ts'

const usage = (input: number, output: number, read = 0, write = 0): Usage => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_tokens: read,
  cache_write_tokens: write,
})
const NOW = new Date('2026-11-23T12:00:00Z')
const cost = (id: string, used: Usage, now = NOW) => costOf(pricesFor(knownModel(id)!, used, now), used)

test.each<[string, Usage, number | undefined]>([
  ['anthropic/claude-sonnet-5-5', usage(1_000_000, 1_000_000), 12],
  ['anthropic/claude-sonnet-5-5', usage(0, 0, 1_000_000, 1_000_000), 2.7],
  ['anthropic/claude-sonnet-5-5-20261001', usage(1_000_000, 0), 2],
  ['anthropic/claude-sonnet-4-5', usage(100_000, 0), 0.3],
  ['anthropic/claude-sonnet-4-5', usage(150_000, 0, 100_000), 0.96],
  ['openai/gpt-6-astra', usage(100_000, 10_000), 1.5],
  ['openai/gpt-6-astra', usage(300_000, 10_000), 6.75],
  ['openai/gpt-6.1-terra', usage(1_000_000, 100_000), 1.5],
  ['openai/gpt-6.1-terra', usage(1_000, 1_000, 5_000), undefined], // the price of its cache is not known
  ['gemini/gemini-3.8-flash', usage(1_000_000, 0, 1_000_000), 0.825],
  ['openai/gpt-6-luna', usage(0, 0), 0],
])('%s %j costs %p', (id, used, dollars) => {
  const got = cost(id, used)
  if (dollars === undefined) expect(got).toBeUndefined()
  else expect(got).toBeCloseTo(dollars, 9)
})

test('an announced price counts from its day on', () => {
  const used = usage(1_000_000, 0)
  expect(cost('gemini/gemini-3.8-flash', used, new Date('2026-12-31T23:59:59Z'))).toBe(0.75)
  expect(cost('gemini/gemini-3.8-flash', used, new Date('2027-01-01T00:00:00Z'))).toBe(1.5)
})

test('nothing is known of other models', () => {
  for (const id of ['openai/gpt-4', 'anthropic/claude-x', 'constructor', 'toString'])
    expect(knownModel(id)).toBeUndefined()
  expect(costOf(undefined, usage(1, 1))).toBeUndefined()
})

test('every model has a window that its output fits in', () => {
  for (const { facts } of Object.values(KNOWN)) expect(facts.max_output!).toBeLessThan(facts.context_window!)
})
