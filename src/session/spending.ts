import * as v from 'valibot'
import { totalTokens, usageIn } from '../base/usage.ts'
import type { Stored, Usage } from '../event.ts'
import { isDelegated } from './outcomes.ts'

/** What one session used on one day (UTC) with one model and one agent, between two times. */
export const Spent = v.object({
  day: v.string(),
  model: v.string(),
  agent: v.string(),
  from: v.string(),
  to: v.string(),
  turns: v.number(),
  /** Turns, and titles, of which a price is not known. */
  unpriced_turns: v.number(),
  input_tokens: v.number(),
  output_tokens: v.number(),
  cache_read_tokens: v.number(),
  cache_write_tokens: v.number(),
  /** Of what has a price; null where nothing has. */
  cost_usd: v.nullable(v.number()),
})
export type Spent = v.InferOutput<typeof Spent>

/** `since` is inclusive, `until` exclusive; both ISO-8601 in UTC with milliseconds. */
export type Period = { since?: string; until?: string }
export const GROUPS = ['model', 'project', 'day', 'agent'] as const
export type Group = (typeof GROUPS)[number]
type Sum = Omit<Spent, 'day' | 'model' | 'agent' | 'from' | 'to'>
export type UsageRow = Sum & { key: string }

const contains = ({ since, until }: Period, at: string): boolean =>
  (since === undefined || at >= since) && (until === undefined || at < until)

/**
 * What a log says that it cost, by day, model and agent, rewound turns included; what a fork brought from the session it came
 * from is counted there. A turn counts where its first model call does, those of delegated agents within it.
 */
export function spentIn(log: readonly Stored[], period: Period = {}): Spent[] {
  const parts = new Map<string, Spent>()
  const counted = new Set<string>()
  const unpriced = new Set<string>()
  let model = ''
  let agent = ''
  let inherited = 0

  const partOf = (event: Stored, model: string, agent: string): Spent => {
    const day = event.at.slice(0, 10)
    const key = `${day}\n${model}\n${agent}`
    const part = parts.get(key) ?? { day, model, agent, from: event.at, to: event.at, ...nothing() }
    part.to = event.at
    parts.set(key, part)
    return part
  }

  for (const event of log) {
    const usage = usageIn(event)
    if (event.type === 'session.created') {
      model = event.model
      agent = event.agent
      inherited = event.inherited_to ?? 0
    } else if (event.type === 'session.updated' && !event.usage) {
      model = event.model ?? model
      agent = event.agent ?? agent
    } else if (event.type === 'prompt' && event.source === 'user' && event.agent) agent = event.agent
    else if (event.type === 'message') model = event.parent_tool_call_id ? model : event.model

    if (event.id <= inherited || !contains(period, event.at)) continue
    const isTurn = event.type === 'turn.end' && !event.parent_tool_call_id
    if (!usage && !isTurn) continue
    const by = 'agent' in event && event.agent && 'parent_tool_call_id' in event ? event.agent : agent
    const part = partOf(event, 'model' in event && event.model ? event.model : model, by)
    const turn_id = 'turn_id' in event ? event.turn_id : undefined
    if (turn_id && !isDelegated(event) && !counted.has(turn_id)) {
      counted.add(turn_id)
      part.turns++
    }
    if (!usage) continue
    const key = turn_id ?? `event ${event.id}`
    if (usage.cost_usd === undefined && totalTokens(usage) > 0 && !unpriced.has(key)) {
      unpriced.add(key)
      part.unpriced_turns++
    }
    addTokens(part, { ...usage, cost_usd: usage.cost_usd ?? null })
  }
  return [...parts.values()]
}

const nothing = (): Sum => ({
  turns: 0,
  unpriced_turns: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  cost_usd: null,
})

function addTokens(sum: Sum, part: Omit<Usage, 'cost_usd'> & { cost_usd: number | null }): void {
  sum.input_tokens += part.input_tokens
  sum.output_tokens += part.output_tokens
  sum.cache_read_tokens += part.cache_read_tokens
  sum.cache_write_tokens += part.cache_write_tokens
  if (part.cost_usd !== null) sum.cost_usd = (sum.cost_usd ?? 0) + part.cost_usd
}

/** Whether all of it, or none of it, lies in the period; undefined where the log has to be read again. */
export const isWithin = ({ from, to }: Spent, period: Period): boolean | undefined => {
  const [begins, ends] = [contains(period, from), contains(period, to)]
  if (begins && ends) return true
  const { since = '', until = '~' } = period
  return to < since || from >= until ? false : undefined
}

/** One row for each key, days in order and all else the dearest first, with their sum. */
export function tabulate(parts: Iterable<Spent & { project: string }>, by: Group): { rows: UsageRow[]; total: Sum } {
  const rows = new Map<string, UsageRow>()
  const total = nothing()
  for (const part of parts) {
    const key = part[by]
    const row = rows.get(key) ?? { key, ...nothing() }
    rows.set(key, row)
    for (const sum of [row, total]) {
      sum.turns += part.turns
      sum.unpriced_turns += part.unpriced_turns
      addTokens(sum, part)
    }
  }
  const sorted = [...rows.values()].sort((a, b) =>
    by === 'day' ? (a.key < b.key ? -1 : 1) : (b.cost_usd ?? 0) - (a.cost_usd ?? 0) || totalTokens(b) - totalTokens(a),
  )
  return { rows: sorted, total }
}
