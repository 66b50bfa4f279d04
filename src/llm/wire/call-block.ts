import { ARGUMENTS, NAMES, type Opener } from './call-syntax.ts'

/** A stretch of text that may turn out to be calls. */
export type Block = Opener & {
  kind: 'tag' | 'fence' | 'bare'
  /** The tool, where the tag says it. */
  name?: string
  body: string
  /** The beginning and the end of the body: enough to see whether it may be a call, and whether its closer has come. */
  head: string
  tail: string
  /** The first letter behind a fence that holds a call: only calls may follow. */
  next?: string
}

/** So much of its beginning decides. */
export const HEAD = 256

/** Whether words follow a fence: then the call in it is an example. */
export function isSpoken(block: Block, rest: string): boolean {
  block.next ||= rest.trimStart()[0] ?? ''
  return block.next !== '' && !'`<[{'.includes(block.next)
}

const KEYS: readonly string[] = [...NAMES, ...ARGUMENTS, 'type', 'id']

/** Whether what a block holds may still become a call. Its beginning decides, however long it grows. */
export function isPlausible({ kind, opener, kept, name, head }: Block): boolean {
  const start = head.trimStart()
  if (start === '' || name) return true
  if (kept) return /^<function=|^<invoke /.test(opener) && /^"?[\w./:-]*("?\s*(>\s*([<{]|$)|$))/.test(head)
  if (kind === 'tag') return /^([{[<]|[\w./:-]+[ \t]*(\r?\n|[<{[]|\r?$))/.test(start)
  const [, key, closed] = start.match(/^\[?\s*\{\s*"(\w*)("?)/) ?? []
  if (key === undefined) return /^\[?\s*\{?\s*$/.test(start)
  return closed ? KEYS.includes(key) : KEYS.some(each => each.startsWith(key))
}

/** Whether a text ends within a string of its JSON, or within a value of its elements. */
export function isUnfinished(body: string): boolean {
  if (/<function=|<arg_value>|invoke /.test(body)) return !/<\/(function|arg_value|(｜DSML｜)?invoke)>\s*$/.test(body)
  let inside = false
  for (let at = 0; at < body.length; at++) {
    if (body[at] === '\\' && inside) at++
    else if (body[at] === '"') inside = !inside
  }
  return inside
}
