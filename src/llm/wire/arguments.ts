import { isDeepStrictEqual } from 'node:util'
import type { Params } from '../../event.ts'
import { literalAt } from './pythonic.ts'

/**
 * The arguments of a call: a JSON object. Nothing at all, and `null`, are a call without arguments; an object in a JSON string
 * or alone in a list is what some servers send. Undefined for anything else, cut ones included.
 *
 * `starts` are the places where a later piece of the stream began with `{`. Servers send the arguments twice, ever longer from
 * their beginning, behind an empty `{}` or `null`, or with a brace too many (ollama, vLLM, gateways); what says the same thing
 * again is read once, and what contradicts itself is nothing. Models put the object in a fence, or write it as Python would.
 */
export function parseArguments(args: string, starts: readonly number[] = []): Params | undefined {
  const whole = objectOf(args)
  if (whole) return whole
  const runs = [0, ...starts]
    .map((from, at) => args.slice(from, starts[at]))
    .filter(run => !PLACEHOLDER.test(run.trim()))
  const joined = runs.join('')
  const last = runs.at(-1) ?? ''
  const earlier = runs.slice(0, -1)
  return (
    objectOf(joined) ??
    (earlier.every(run => last.startsWith(run.trim())) ? objectOf(last) : undefined) ??
    firstOf(joined) ??
    loose(joined)
  )
}

function loose(args: string): Params | undefined {
  const text = args.trim().replace(/^```\w*\s*([\s\S]*?)\s*```$/, '$1')
  const literal = text[0] === '{' ? literalAt(text, 0) : undefined
  return literal?.to === text.length ? (literal.value as Params) : undefined
}

/** What some servers put where the arguments will come. */
export const PLACEHOLDER = /^(\{\s*\}|null)?$/

function objectOf(args: string, depth = 0): Params | undefined {
  if (args.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(args)
    if (value === null) return {}
    if (typeof value === 'string' && depth === 0 && value.trim()) return objectOf(value, 1)
    const alone = Array.isArray(value) && value.length === 1 ? value[0] : value
    return typeof alone === 'object' && alone !== null && !Array.isArray(alone) ? (alone as Params) : undefined
  } catch {
    return undefined // kept as raw arguments, for an error result to the model
  }
}

/** The object at the beginning, where nothing follows but closing brackets or the same once more; or the one behind a placeholder. */
function firstOf(args: string): Params | undefined {
  const text = args.trimStart().replace(/^(\{\s*\}|null)\s*(?=\{)/, '')
  const to = endOfObject(text, 0)
  if (to === undefined) return undefined
  const first = objectOf(text.slice(0, to))
  const rest = text.slice(to).trim()
  if (!first || /^[}\]\s]*$/.test(rest)) return first
  const again = endOfObject(rest, 0)
  if (again === undefined || !PLACEHOLDER.test(rest.slice(again).trim().replaceAll('}', ''))) return undefined
  return isDeepStrictEqual(first, objectOf(rest.slice(0, again))) ? first : undefined
}

/** Where the JSON object or list that begins at `from` ends; undefined where there is none, or it does not end. */
export function endOfObject(text: string, from: number): number | undefined {
  if (text[from] !== '{' && text[from] !== '[') return undefined
  const marks = /["\\{}[\]]/g
  let depth = 0
  let inside = false
  marks.lastIndex = from
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    const mark = found[0]
    if (mark === '"') inside = !inside
    else if (mark === '\\') marks.lastIndex++
    else if (inside) continue
    else if (mark === '{' || mark === '[') depth++
    else if (--depth === 0) return marks.lastIndex
  }
  return undefined
}
