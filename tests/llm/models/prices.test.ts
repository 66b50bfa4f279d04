import { expect, test } from 'bun:test'
import type { Usage } from '../../../src/event.ts'
import { loadCatalogue } from '../../../src/llm/models/catalogue.ts'
import { costOf, pricesOn } from '../../../src/llm/models/prices.ts'

const catalogue = await loadCatalogue(undefined)
const usage = (input: number, output: number, read = 0, write = 0): Usage => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_tokens: read,
  cache_write_tokens: write,
})
const NOW = new Date('2026-11-23T12:00:00Z')
const cost = (id: string, used: Usage, now = NOW) => costOf(catalogue.find(id)?.prices, used, now)

test.each<[string, Usage, number | undefined]>([
  ['anthropic/claude-sonnet-5-5', usage(1_000_000, 1_000_000), 12],
  ['anthropic/claude-sonnet-5-5', usage(0, 0, 1_000_000, 1_000_000), 2.6],
  ['anthropic/claude-sonnet-5-5-20261001', usage(1_000_000, 0), 2],
  ['anthropic/claude-sonnet-4-5', usage(100_000, 0), 0.3],
  ['anthropic/claude-sonnet-4-5', usage(150_000, 0, 100_000), 0.96],
  ['anthropic/claude-haiku-5-5', usage(100_000, 1_000), 0.0105],
  ['anthropic/claude-haiku-5-5', usage(60_000, 1_000, 40_001), 0.03 + 0.0025 + 0.00200005],
  ['anthropic/claude-fable-5-2', usage(1_000_000, 100_000, 1_000_000), 12.2],
  ['openai/gpt-6-astra', usage(100_000, 10_000), 1.5],
  ['openai/gpt-6-astra', usage(300_000, 10_000), 6.75],
  ['openai/gpt-6.1-terra', usage(200_000, 100_000), 0.7],
  ['openai/gpt-6.1-terra', usage(1_000, 1_000, 5_000, 1_000), 0.0075],
  ['openai/gpt-6.1-terra', usage(272_000, 0), 0.272],
  ['openai/gpt-6.1-terra', usage(272_000, 0, 1), 0.5440001],
  ['openai/gpt-6.2-sol', usage(100_000, 0, 100_000), 0.21],
  ['openai/gpt-6.2-astra', usage(100_000, 0, 100_000), 0.84],
  ['gemini/gemini-4-argon', usage(1_000_000, 0, 1_000_000), 2.1],
  ['gemini/gemini-3.8-flash', usage(1_000_000, 0, 1_000_000), 0.825],
  ['openai/gpt-6-luna', usage(0, 0), 0],
])('%s %j costs %p', (id, used, dollars) => {
  const got = cost(id, used)
  if (dollars === undefined) expect(got).toBeUndefined()
  else expect(got).toBeCloseTo(dollars, 9)
})

test('an announced price counts from its day on', () => {
  const used = usage(1_000_000, 1_000_000, 1_000_000)
  expect(cost('gemini/gemini-4-argon', used, new Date('2026-11-30T23:59:59Z'))).toBeCloseTo(12.1, 9)
  expect(cost('gemini/gemini-4-argon', used, new Date('2026-12-01T00:00:00Z'))).toBeCloseTo(24.2, 9)
  expect(cost('gemini/gemini-3.8-flash', used, new Date('2027-01-01T00:00:00Z'))).toBeCloseTo(9.15, 9)
})

test('what a change does not name stays, and of several the last that is due counts', () => {
  const prices = {
    input: 1,
    output: 2,
    cache_read: 0.1,
    tiers: [{ above: 10, input: 3, output: 4 }],
    changes: [
      { from: '2026-06-01', input: 5 },
      { from: '2026-03-01', input: 9, output: 9 },
    ],
  }
  expect(pricesOn(prices, NOW)).toEqual({ ...prices, input: 5, output: 9 })
  expect(pricesOn(prices, new Date('2026-01-01'))).toEqual(prices)
  expect(costOf(prices, usage(1, 0), NOW)).toBeCloseTo(5e-6, 12)
  expect(costOf(prices, usage(11, 0, 1), NOW)).toBeUndefined() // the tier has no price for what is cached
})

test('nothing is known of other models', () => {
  for (const id of ['openai/gpt-4-imaginary', 'anthropic/claude-x', 'constructor', 'toString', 'openai/constructor'])
    expect(catalogue.find(id)).toBeUndefined()
  expect(costOf(undefined, usage(1, 1), NOW)).toBeUndefined()
})
