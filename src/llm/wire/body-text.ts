import { commonLength } from '../../base/lists.ts'
import { once } from '../../base/once.ts'
import { wellFormed } from './well-formed.ts'

/** The fields of bodies that grow with a conversation, in all APIs. */
const GROWING = new Set(['messages', 'input', 'contents'])

/** A body as JSON. Messages that are the same objects as in the request before are not written anew. */
export function bodyText(body: object): string {
  let text = ''
  for (const [key, value] of Object.entries(body)) {
    if (value === undefined) continue
    text += `${text ? ',' : '{'}${JSON.stringify(key)}:`
    text += GROWING.has(key) && Array.isArray(value) ? listText(value) : textOf(value)
  }
  return `${text || '{'}}`
}

const textOf = (value: unknown): string => wellFormed(JSON.stringify(value))
const messageText = once((message: object) => textOf(message))

/**
 * The text of the messages that a list had in common with the one before it, `count` of them without the first, each with a
 * comma before it. By the second message: the first may hold the system's text, and is another object each time.
 */
const kept = new WeakMap<object, { list: readonly object[]; count: number; text: string }>()

function listText(list: readonly object[]): string {
  const [first, ...rest] = list
  if (!first) return '[]'
  if (!rest[0]) return `[${textOf(first)}]`
  const before = kept.get(rest[0]) ?? { list: [], count: 0, text: '' }
  const same = commonLength(before.list, rest)
  const start = same >= before.count ? before : { count: 0, text: '' }
  const text = start.text + written(rest.slice(start.count, same))
  kept.set(rest[0], { list: rest, count: same, text })
  return `[${textOf(first)}${text}${written(rest.slice(same))}]`
}

const written = (messages: readonly object[]): string => messages.map(message => `,${messageText(message)}`).join('')
