import { endsInHalf, wellFormed } from '../base/text.ts'
import { SHORTEST_SECRET } from '../config/environment.ts'
import type { Redaction } from '../tools/tool.ts'
import { encodedForms } from './encoded.ts'

/**
 * Replaces known secrets (keys, our token, OAuth tokens) before an event is appended or broadcast, also where a secret
 * arrives split over deltas. Nothing more is promised: a secret that is not in the list is not recognised.
 */
export type Redactor = Redaction

const MASK = '[redacted]'

/** `secrets` is asked each time; as long as it returns the same array, nothing is made anew. */
export function createRedactor(secrets: () => readonly string[]): Redactor {
  let list: readonly string[] = []
  let count = 0
  let matcher = createMatcher(list)
  const current = (): Matcher => {
    const known = secrets()
    if (known !== list || known.length !== count) {
      list = known
      count = known.length
      matcher = createMatcher(known)
    }
    return matcher
  }

  const deep = (value: unknown, mask: (text: string) => string): unknown => {
    if (typeof value === 'string') return mask(value)
    if (Array.isArray(value)) return mapped(value, item => deep(item, mask))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value)
    const changed = entries.map(([key, item]) => [mask(key), deep(item, mask)] as const)
    return changed.every(([key, item], i) => key === entries[i]![0] && item === entries[i]![1])
      ? value
      : Object.fromEntries(changed)
  }

  return {
    value<T>(value: T): T {
      const { isEmpty, mask } = current()
      return isEmpty ? value : (deep(value, mask) as T)
    },
    stream() {
      let held = ''
      return {
        push(piece) {
          const { mask, beginningIn } = current()
          const whole = mask(held + piece)
          const keep = Math.max(beginningIn(whole), endsInHalf(whole) ? 1 : 0)
          held = keep === 0 ? '' : whole.slice(whole.length - keep)
          return wellFormed(keep === 0 ? whole : whole.slice(0, whole.length - keep))
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

/** The secrets of all with those of one session: the same array as long as those of all are. */
export function withOwn(secrets: () => readonly string[], own: readonly string[]): () => readonly string[] {
  if (own.length === 0) return secrets
  let known: readonly string[] = []
  let both: readonly string[] = own
  return () => {
    const now = secrets()
    if (now !== known || both === own) both = [...now, ...own]
    known = now
    return both
  }
}

type Matcher = {
  isEmpty: boolean
  /** The text with every secret masked; of two that overlap, the longer one first. */
  mask(text: string): string
  /** How many characters at the end of the text are the beginning of a secret. */
  beginningIn(text: string): number
}

function createMatcher(known: readonly string[]): Matcher {
  const long = [...new Set(known)].filter(secret => secret.length >= SHORTEST_SECRET)
  const secrets = [...new Set(long.flatMap(encodedForms))].sort((a, b) => b.length - a.length)
  const shortest = secrets.at(-1)?.length ?? Number.POSITIVE_INFINITY
  const longest = secrets[0]?.length ?? 0
  const firsts = Map.groupBy(secrets, secret => secret.charCodeAt(0))
  return {
    isEmpty: secrets.length === 0,
    mask(text) {
      if (text.length < shortest) return text
      let masked = text
      for (const secret of secrets) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK)
      return masked
    },
    beginningIn(text) {
      for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
        const begun = firsts.get(text.charCodeAt(at))
        if (!begun) continue
        const end = text.slice(at)
        if (begun.some(secret => secret.length > end.length && secret.startsWith(end))) return end.length
      }
      return 0
    },
  }
}

function mapped(list: unknown[], change: (item: unknown) => unknown): unknown[] {
  const next = list.map(change)
  return next.every((item, i) => item === list[i]) ? list : next
}
