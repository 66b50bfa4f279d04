import type { Prices, Tier } from '../../config/config.ts'
import type { Usage } from '../../event.ts'

/**
 * The prices in force on a day (UTC): each change counts from the beginning of its day on, and leaves what it does not name.
 * `changes` stay, those of the past included.
 */
export function pricesOn(prices: Prices, now: Date): Prices {
  const day = now.toISOString().slice(0, 10)
  const due = (prices.changes ?? []).filter(({ from }) => from <= day).sort((a, b) => (a.from < b.from ? -1 : 1))
  return Object.assign({ ...prices }, ...due.map(({ from: _, ...change }) => change))
}

/** What one request is charged by: a tier counts the whole input, cached included, strictly above its limit. */
function rateFor(prices: Prices, usage: Usage, now: Date): Omit<Tier, 'above'> {
  const current = pricesOn(prices, now)
  const input = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
  const tiers = [...(current.tiers ?? [])].sort((a, b) => a.above - b.above)
  return tiers.findLast(({ above }) => input > above) ?? current
}

/**
 * Dollars for the usage of one request. Undefined where a price is not known for tokens that were used, those of the
 * cache included: tokens only, not a guess.
 */
export function costOf(prices: Prices | undefined, usage: Usage, now: Date): number | undefined {
  if (!prices) return undefined
  const rate = rateFor(prices, usage, now)
  const parts: [number, number | undefined][] = [
    [usage.input_tokens, rate.input],
    [usage.output_tokens, rate.output],
    [usage.cache_read_tokens, rate.cache_read],
    [usage.cache_write_tokens, rate.cache_write],
  ]
  let cost = 0
  for (const [tokens, price] of parts) {
    if (tokens === 0) continue
    if (price === undefined) return undefined
    cost += tokens * price
  }
  return cost / 1_000_000
}
