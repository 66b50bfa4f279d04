import type { Stored, Usage } from '../event.ts'

export const noUsage = (): Usage => ({ input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 })

export const totalTokens = (usage: Omit<Usage, 'cost_usd'>): number =>
  usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens

/** The sum; with a cost only when every part that used tokens has one: an understated cost would be a guess. */
export function addUsage(parts: readonly Usage[]): Usage {
  const sum = noUsage()
  let cost: number | undefined
  let isKnown = true
  for (const part of parts) {
    sum.input_tokens += part.input_tokens
    sum.output_tokens += part.output_tokens
    sum.cache_read_tokens += part.cache_read_tokens
    sum.cache_write_tokens += part.cache_write_tokens
    if (part.cost_usd !== undefined) cost = (cost ?? 0) + part.cost_usd
    else if (totalTokens(part) > 0) isKnown = false
  }
  return isKnown && cost !== undefined ? { ...sum, cost_usd: cost } : sum
}

/** What the model call behind an event used: an answer, a summary that made room, or a title. */
export const usageIn = (event: Stored): Usage | undefined =>
  event.type === 'message' || event.type === 'context.compacted' || event.type === 'session.updated'
    ? event.usage
    : undefined

/** What a whole log cost: also what was rewound, but not what a fork brought from the session it came from. */
export function usageOf(log: readonly Stored[]): Usage {
  const [created] = log
  const from = (created?.type === 'session.created' && created.inherited_to) || 0
  return addUsage(log.flatMap(event => (event.id > from ? (usageIn(event) ?? []) : [])))
}
