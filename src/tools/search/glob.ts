import { type Automaton, compile } from './automaton.ts'
import { allBut, type CharSet, charSet, type Item, POSIX, single } from './charset.ts'
import type { Node } from './regex.ts'

export type Glob = (path: string) => boolean

/**
 * A glob on paths with `/`, as a function: `*` and `?` stay within a name (names that start with a dot included), `**` spans
 * directories, `[a-z]`, `[!a]`, `{a,b}`, and `\` takes the next character literally. Without a `/` it is about the last name
 * of a path, unless `anchored`. `@(a|b)`, `?(a)`, `*(a)`, `+(a)` are as in bash, `(a|b)` holds `a` and `b` and what is written.
 * With `git` it is one of gitignore(5): no braces and no groups, and what is malformed matches nothing. Runs in linear time: globs come from models and from the ignore files of strangers.
 * Throws INVALID_PARAMS for one that is too large.
 */
export function compileGlob(pattern: string, options: { git?: boolean; anchored?: boolean } = {}): Glob {
  const automaton = compile(globNode(pattern, options.git === true))
  const whole = options.anchored ?? pattern.includes('/')
  return whole ? path => matches(automaton, path) : path => matches(automaton, lastName(path))
}

/** The pattern ends with the end of the path, so any match is of the whole. */
const matches = ({ find, required }: Automaton, path: string): boolean =>
  (required === null || path.includes(required)) && find(path, 0, path.length) >= 0

const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function globNode(pattern: string, git: boolean): Node {
  const chars = Array.from(pattern)
  const closing = git ? new Map<number, number>() : closingParens(chars)
  let at = 0
  let end = chars.length
  const body = parseSequence('')
  return { type: 'sequence', nodes: [{ type: 'assert', at: 'start' }, ...body, { type: 'assert', at: 'end' }] }

  function parseSequence(stops: string): Node[] {
    const nodes: Node[] = []
    while (at < end && !stops.includes(chars[at]!)) nodes.push(parseOne())
    return nodes
  }

  function parseOne(): Node {
    const char = chars[at++]!
    if (closing.has(at) && '@?*+'.includes(char)) {
      const group = parseGroup()
      return char === '@' ? group : repeat(group, char === '+' ? 1 : 0, char === '?' ? 1 : undefined)
    }
    if (closing.has(at - 1)) return parsePlain()
    if (char === '*') return parseStars()
    if (char === '?') return set(NAME)
    if (char === '[') return parseClass() ?? (git ? NEVER : set(single(char, false)))
    if (char === '{' && !git) return parseBraces()
    if (char === '/' && chars[at] === '*' && chars[at + 1] === '*' && at + 2 === chars.length) {
      at += 2 // `dir/**`: all that is in it, not itself
      return sequence([set(SLASH), repeat(set(ANY), 1)])
    }
    if (char === '\\' && at < chars.length) return set(single(chars[at++]!, false))
    return set(single(char, false))
  }

  /** Behind the first `*`. Two make a `**` only where a directory name would stand. */
  function parseStars(): Node {
    const before = chars[at - 2]
    const opens =
      before === undefined ||
      before === '/' ||
      before === '{' ||
      before === ',' ||
      (!git && (before === '(' || before === '|'))
    let stars = 1
    while (chars[at] === '*' && !closing.has(at + 1)) {
      at++
      stars++
    }
    if (stars === 1 || !opens) return repeat(set(NAME))
    if (chars[at] === '/') {
      at++
      return repeat(sequence([repeat(set(ANY)), set(SLASH)]), 0, 1)
    }
    return at === end || chars[at] === '}' || chars[at] === ',' || (!git && chars[at] === '|')
      ? repeat(set(ANY))
      : repeat(set(NAME))
  }

  function parseClass(): Node | null {
    const close = closingBracket(chars, at)
    if (close < 0) return null
    const negated = chars[at] === '!' || chars[at] === '^'
    if (negated) at++
    const items: Item[] = []
    let isUnknown = false
    while (at < close) {
      const named = chars[at] === '[' ? namedClass(chars, at) : null
      if (named) {
        at += named.length
        if (named.class) items.push({ class: named.class, negated: false })
        else isUnknown = true
        continue
      }
      if (chars[at] === '\\' && at + 1 < close) at++
      const from = chars[at++]!.codePointAt(0)!
      const isRange = chars[at] === '-' && at + 1 < close
      if (isRange) at++
      const to = isRange ? chars[at++]!.codePointAt(0)! : from
      items.push(to >= from ? [from, to] : from) // as git reads a range that is not in order
    }
    at = close + 1
    if (isUnknown && git) return NEVER
    return set(withoutSlash(charSet(items, false, negated)))
  }

  /** At the parenthesis that opens a group; behind the one that closes it afterwards. */
  function parseGroup(): Node {
    const outer = end
    end = closing.get(at)!
    const nodes: Node[] = []
    do {
      at++
      nodes.push(sequence(parseSequence('|')))
    } while (at < end)
    at = end + 1
    end = outer
    return { type: 'choice', nodes }
  }

  /** Behind a parenthesis: many a name has some, so without a `|` they are characters like others. */
  function parsePlain(): Node {
    const open = --at
    const written = chars.slice(open, closing.get(open)! + 1)
    if (written.includes('|')) {
      return { type: 'choice', nodes: [parseGroup(), sequence(written.map(char => set(single(char, false))))] }
    }
    at++
    return set(single('(', false))
  }

  /** Never goes back: braces that are not closed, or hold one alternative, are read as the characters they are. */
  function parseBraces(): Node {
    const nodes = [sequence(parseSequence(',}'))]
    while (chars[at] === ',') {
      at++
      nodes.push(sequence(parseSequence(',}')))
    }
    const closed = chars[at] === '}'
    if (closed) at++
    if (closed && nodes.length > 1) return { type: 'choice', nodes }
    const parts = nodes.flatMap((node, i) => [set(single(i === 0 ? '{' : ',', false)), node])
    return sequence(closed ? [...parts, set(single('}', false))] : parts)
  }
}

/** Where the parentheses that open are closed. */
function closingParens(chars: string[]): Map<number, number> {
  const closing = new Map<number, number>()
  const open: number[] = []
  for (let at = 0; at < chars.length; at++) {
    if (chars[at] === '\\') at++
    else if (chars[at] === '[') at = Math.max(at, closingBracket(chars, at + 1))
    else if (chars[at] === '(') open.push(at)
    else if (chars[at] === ')' && open.length > 0) closing.set(open.pop()!, at)
  }
  return closing
}

/** A `]` that comes first, or behind a `!` that comes first, stands for itself. */
function closingBracket(chars: string[], at: number): number {
  const first = at + (chars[at] === '!' || chars[at] === '^' ? 1 : 0)
  let close = first
  while (close < chars.length && (chars[close] !== ']' || close === first)) {
    close += chars[close] === '\\' ? 2 : chars[close] === '[' ? (namedClass(chars, close)?.length ?? 1) : 1
  }
  return close < chars.length ? close : -1
}

/** `[:alpha:]` inside of brackets. One that POSIX does not know holds nothing. */
function namedClass(chars: string[], at: number): { class: string | undefined; length: number } | null {
  const named = /^\[:(\w*):\]/.exec(chars.slice(at, at + 16).join(''))
  return named && { class: POSIX[named[1]!], length: named[0].length }
}

const ANY = allBut([])
const NAME = allBut(['/'])
const SLASH = single('/', false)
const NEVER: Node = { type: 'choice', nodes: [] }
const SLASH_CODE = 0x2f

const withoutSlash = (chars: CharSet): CharSet => ({ ...chars, has: code => code !== SLASH_CODE && chars.has(code) })
const set = (chars: CharSet): Node => ({ type: 'set', set: chars })
const sequence = (nodes: Node[]): Node => ({ type: 'sequence', nodes })
const repeat = (node: Node, min = 0, max = Number.POSITIVE_INFINITY): Node => ({ type: 'repeat', node, min, max })
