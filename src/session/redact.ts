import { endsInHalf, wellFormed } from '../base/text.ts'
import { SHORTEST_SECRET } from '../config/environment.ts'
import type { Redaction } from '../tools/tool.ts'

/**
 * Replaces known secrets (keys, our token, OAuth tokens) before an event is appended or broadcast, also where a secret
 * arrives split over deltas. Nothing more is promised: a secret nobody told us is not recognised.
 */
export type Redactor = Redaction

const MASK = '[redacted]'
export function createRedactor(secrets: () => readonly string[]): Redactor {
  const known = () => secrets().filter(secret => secret.length >= SHORTEST_SECRET)
  const text = (input: string, list: string[]) =>
    list.reduce((result, secret) => (result.includes(secret) ? result.replaceAll(secret, MASK) : result), input)

  const deep = (value: unknown, list: string[]): unknown => {
    if (typeof value === 'string') return text(value, list)
    if (Array.isArray(value)) return mapped(value, item => deep(item, list))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value)
    const changed = entries.map(([key, item]) => [text(key, list), deep(item, list)] as const)
    return changed.every(([key, item], i) => key === entries[i]![0] && item === entries[i]![1])
      ? value
      : Object.fromEntries(changed)
  }

  return {
    value<T>(value: T): T {
      const list = known()
      return list.length === 0 ? value : (deep(value, list) as T)
    },
    stream() {
      let held = ''
      return {
        push(piece) {
          const list = known()
          const whole = text(held + piece, list)
          const keep = Math.max(longestBeginning(whole, list), endsInHalf(whole) ? 1 : 0)
          held = whole.slice(whole.length - keep)
          return wellFormed(whole.slice(0, whole.length - keep))
        },
        flush() {
          const rest = held
          held = ''
          return wellFormed(rest)
        },
      }
    },
  }
}

function mapped(list: unknown[], change: (item: unknown) => unknown): unknown[] {
  const next = list.map(change)
  return next.every((item, i) => item === list[i]) ? list : next
}

/** How many characters at the end of `text` are the beginning of a secret. */
function longestBeginning(text: string, secrets: string[]): number {
  let longest = 0
  for (const secret of secrets)
    for (let length = Math.min(secret.length - 1, text.length); length > longest; length--)
      if (text.endsWith(secret.slice(0, length))) longest = length
  return longest
}
