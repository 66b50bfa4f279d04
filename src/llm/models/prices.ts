import type { ModelConfig, Prices } from '../../config/config.ts'
import type { Usage } from '../../event.ts'

/** What is known of a model. Prices in dollars per million tokens. */
export type KnownModel = {
  facts: ModelConfig & { prices: Prices }
  /** Prices of a request whose whole input is over `above` tokens. */
  long?: { above: number; prices: Prices }
  /** Announced prices, in force from `from` (a UTC date). */
  next?: { from: string; prices: Prices }
}

/** Claude: writing the cache costs 1.25 times the input, reading it a tenth or less. */
const claude = (input: number, output: number, cache_read = input / 10): KnownModel => ({
  facts: {
    context_window: 1_000_000,
    max_output: 64_000,
    prices: { input, output, cache_read, cache_write: input * 1.25 },
    images: true,
  },
})
const gpt = (prices: Prices, long?: Prices): KnownModel => ({
  facts: { context_window: 1_050_000, max_output: 128_000, prices, images: true },
  ...(long && { long: { above: 272_000, prices: long } }),
})
const gemini = (prices: Prices, next?: KnownModel['next']): KnownModel => ({
  facts: { context_window: 1_000_000, max_output: 65_536, prices, images: true },
  ...(next && { next }),
})

/**
 * Models current in November 2026, with the list prices of their makers; those of the cache from `@pydantic/genai-prices`
 * 0.1.8 (MIT), and absent where it has none. `max_output` is a cautious choice: what every one of the family takes.
 */
export const KNOWN: Record<string, KnownModel> = {
  'anthropic/claude-opus-5-5': claude(4, 20, 0.2),
  'anthropic/claude-sonnet-5-5': claude(2, 10),
  'anthropic/claude-haiku-5-5': claude(0.1, 0.5),
  'anthropic/claude-fable-5-1': claude(10, 50, 0.25),
  'anthropic/claude-sonnet-4-5': {
    facts: { ...claude(3, 15).facts, context_window: 200_000 },
    long: { above: 200_000, prices: { input: 6, output: 22.5, cache_read: 0.6, cache_write: 7.5 } },
  },
  'openai/gpt-6-astra': gpt(
    { input: 10, output: 50, cache_read: 1, cache_write: 12.5 },
    { input: 20, output: 75, cache_read: 2, cache_write: 25 },
  ),
  'openai/gpt-6.1-terra': gpt({ input: 1, output: 5 }),
  'openai/gpt-6-luna': gpt(
    { input: 0.1, output: 0.5, cache_read: 0.01, cache_write: 0.125 },
    { input: 0.2, output: 0.75, cache_read: 0.02, cache_write: 0.25 },
  ),
  'gemini/gemini-4-argon': gemini({ input: 2, output: 10 }),
  'gemini/gemini-3.8-flash': gemini(
    { input: 0.75, output: 3.75, cache_read: 0.075 },
    { from: '2027-01-01', prices: { input: 1.5, output: 7.5, cache_read: 0.15 } },
  ),
}

/** What is known of `id`, undefined where nothing is. Models' names often end in a date, which changes no price. */
export function knownModel(id: string): KnownModel | undefined {
  if (Object.hasOwn(KNOWN, id)) return KNOWN[id]
  const undated = id.replace(/-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, '')
  return Object.hasOwn(KNOWN, undated) ? KNOWN[undated] : undefined
}

/** The prices of one request to a known model: by its date, and by the length of its input where that matters. */
export function pricesFor(model: KnownModel, usage: Usage, now: Date): Prices {
  if (model.next && now.toISOString().slice(0, 10) >= model.next.from) return model.next.prices
  const input = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
  return model.long && input > model.long.above ? model.long.prices : model.facts.prices
}

/**
 * Dollars for the usage of one request. Undefined where a price is not known for tokens that were used, those of the
 * cache included: tokens only, not a guess.
 */
export function costOf(prices: Prices | undefined, usage: Usage): number | undefined {
  if (!prices) return undefined
  const parts: [number, number | undefined][] = [
    [usage.input_tokens, prices.input],
    [usage.output_tokens, prices.output],
    [usage.cache_read_tokens, prices.cache_read],
    [usage.cache_write_tokens, prices.cache_write],
  ]
  let cost = 0
  for (const [tokens, price] of parts) {
    if (tokens === 0) continue
    if (price === undefined) return undefined
    cost += tokens * price
  }
  return cost / 1_000_000
}
