import { ARGUMENTS, NAMES, type Opener } from './call-syntax.ts'
import { CALLEES, PYTHON_HEAD } from './pythonic.ts'

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
  /** It may hold calls in Python's spelling; elsewhere that is code. */
  python?: true
}

/** JSON, or a call in Python's spelling, that begins a line: `start` is what is there of it. */
export function bareBlock(start: string): Block | 'maybe' | 'nothing' {
  const bare: Block = { kind: 'bare', opener: '', body: '', head: '', tail: '' }
  if (start[0] === '{') return bare
  if (start[0] === '[' || CALLEES.some(each => start.startsWith(each))) return { ...bare, python: true }
  return CALLEES.some(each => each.startsWith(start)) ? 'maybe' : 'nothing'
}

/** So much of its beginning decides. */
export const HEAD = 256

/** Whether words follow a fence: then the call in it is an example. */
export function isSpoken(block: Block, rest: string): boolean {
  block.next ||= rest.trimStart()[0] ?? ''
  return block.next !== '' && !'`<[{'.includes(block.next)
}

type Offered = (name: string) => boolean

const KEYS: readonly string[] = [...NAMES, ...ARGUMENTS, 'type', 'id']

/** Whether what a block holds may still become a call of an `offered` tool. Its beginning decides, however long it grows. */
export function isPlausible({ kind, opener, kept, name, head, python }: Block, offered: Offered): boolean {
  const start = head.trimStart()
  if (start === '' || name) return true
  if (kept) return /^<function=|invoke /.test(opener) && /^"?[\w./:-]*("?\s*(>\s*([<{]|$)|$))/.test(head)
  if (kind === 'tag') return /^([{[<]|[\w./:-]+[ \t]*(\r?\n|[<{[(]|\r?$))/.test(start)
  const [, callee = '', over] = (python && start.match(PYTHON_HEAD)) || []
  if (over) return offered(callee)
  if (python && /^\[?\s*(?:print\s*\(\s*)?[\w.:/-]*\s*$/.test(start)) return true
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
