import type { ModelConfig, PriceChange } from '../../config/config.ts'

/**
 * What the data sets do not have, from the providers' own price lists (November 2026). A change counts only where its day is
 * later than the data: from then on the data has it.
 */
export const CHANGES: Record<string, PriceChange[]> = {
  'gemini/gemini-4-argon': [{ from: '2026-12-01', input: 4, output: 20, cache_read: 0.2 }],
  'gemini/gemini-3.8-flash': [{ from: '2027-01-01', input: 1.5, output: 7.5, cache_read: 0.15 }],
}

export const FACTS: Record<string, Partial<ModelConfig>> = {
  // With its window of a million tokens in use.
  'anthropic/claude-sonnet-4-5': {
    prices: {
      input: 3,
      output: 15,
      cache_read: 0.3,
      cache_write: 3.75,
      tiers: [{ above: 200_000, input: 6, output: 22.5, cache_read: 0.6, cache_write: 7.5 }],
    },
  },
}
