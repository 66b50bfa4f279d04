import { AppError } from '../../base/errors.ts'
import { allBut, type CharSet, charSet, type Item, POSIX, SHORTHAND, single } from './charset.ts'

/**
 * Search patterns as a tree. The syntax is what ripgrep and JavaScript have in common, read leniently (`foo {` and `\/` are
 * taken literally), and matched line by line in linear time (`automaton.ts`): no look-around, no back-references.
 */
export type Node =
  | { type: 'set'; set: CharSet }
  | { type: 'sequence'; nodes: Node[] }
  | { type: 'choice'; nodes: Node[] }
  | { type: 'repeat'; node: Node; min: number; max: number }
  | { type: 'assert'; at: Border }

/** `word` and `inside` are `\b` and `\B`; `opens` and `closes` are `\<` and `\>`: where a word begins, where it ends. */
export type Border = 'start' | 'end' | 'word' | 'inside' | 'opens' | 'closes'

const MAX_CHARS = 2_000
const MAX_REPEAT = 1_000
const MAX_DEPTH = 100

/** Throws INVALID_PARAMS that says what cannot be understood, with the remedy. `fold` ignores case. */
export function parseRegex(pattern: string, fold: boolean): Node {
  if (pattern.length > MAX_CHARS) throw invalid('it is too long')
  const chars = Array.from(pattern)
  let at = 0
  let depth = 0
  const flags = /^\(\?([ims]+)\)/.exec(pattern)
  if (flags) at = flags[0].length

  const node = parseChoice(fold || flags?.[1]?.includes('i') === true)
  if (at < chars.length) throw invalid('it has a `)` too many; `\\)` is the character')
  return node

  function parseChoice(fold: boolean): Node {
    const nodes = [parseSequence(fold)]
    while (chars[at] === '|') {
      at++
      nodes.push(parseSequence(fold))
    }
    return nodes.length === 1 ? nodes[0]! : { type: 'choice', nodes }
  }

  function parseSequence(fold: boolean): Node {
    const nodes: Node[] = []
    while (at < chars.length && chars[at] !== '|' && chars[at] !== ')') nodes.push(parseRepeat(parseAtom(fold)))
    return nodes.length === 1 ? nodes[0]! : { type: 'sequence', nodes }
  }

  function parseRepeat(node: Node): Node {
    let repeated = node
    for (let range = takeRange(); range; range = takeRange()) {
      if (chars[at] === '?' || chars[at] === '+') at++ // lazy or possessive: the same lines match
      repeated = { type: 'repeat', node: repeated, ...range }
    }
    return repeated
  }

  function takeRange(): { min: number; max: number } | null {
    const range = SIMPLE[chars[at] ?? '']
    if (range) {
      at++
      return range
    }
    const counted = /^\{(\d+)(,?)(\d*)\}/.exec(chars.slice(at, at + 16).join(''))
    if (!counted) return null
    const min = Number(counted[1])
    const max = counted[2] === '' ? min : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3])
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY) || min > max) {
      throw invalid(`a repetition is out of range (at most ${MAX_REPEAT})`)
    }
    at += counted[0].length
    return { min, max }
  }

  function parseAtom(fold: boolean): Node {
    const char = chars[at++]!
    if (char === '(') return parseGroup(fold)
    if (char === '[') return { type: 'set', set: parseClass(fold) }
    if (char === '.') return { type: 'set', set: allBut([]) }
    if (char === '^') return { type: 'assert', at: 'start' }
    if (char === '$') return { type: 'assert', at: 'end' }
    if (char === '*' || char === '+' || char === '?') throw invalid(`there is nothing before \`${char}\` to repeat`)
    if (char !== '\\') return { type: 'set', set: single(char, fold) }
    const border = BORDERS[chars[at] ?? '']
    if (border) {
      at++
      return { type: 'assert', at: border }
    }
    return { type: 'set', set: charSet([parseEscape()], fold) }
  }

  function parseGroup(fold: boolean): Node {
    const open = /^\?(?:P?<[A-Za-z_]\w*>|([ims]*):)/.exec(chars.slice(at, at + 80).join(''))
    if (chars[at] === '?' && !open) {
      throw invalid('look-around and other special groups are not supported: search for the plain text')
    }
    if (open) at += open[0].length
    if (++depth > MAX_DEPTH) throw invalid('its groups are nested too deeply')
    const node = parseChoice(fold || open?.[1]?.includes('i') === true)
    depth--
    if (chars[at++] !== ')') throw invalid('a `)` is missing; `\\(` is the character')
    return node
  }

  function parseClass(fold: boolean): CharSet {
    const negated = chars[at] === '^'
    if (negated) at++
    const items: Item[] = []
    for (let first = true; chars[at] !== ']' || first; first = false) {
      if (at >= chars.length) throw invalid('a `]` is missing; `\\[` is the character')
      const item = parseItem()
      if (typeof item === 'number' && chars[at] === '-' && at + 1 < chars.length && chars[at + 1] !== ']') {
        at++
        const to = parseItem()
        if (typeof to !== 'number' || to < item) throw invalid('a range in brackets is not in order')
        items.push([item, to])
      } else items.push(item)
    }
    at++
    return charSet(items, fold, negated)
  }

  function parseItem(): Item {
    const posix = chars[at] === '[' ? /^\[:(\^?)(\w+):\]/.exec(chars.slice(at, at + 16).join('')) : null
    const named = posix && POSIX[posix[2]!]
    if (named) {
      at += posix[0].length
      return { class: named, negated: posix[1] === '^' }
    }
    const char = chars[at++]!
    return char === '\\' ? parseEscape() : char.codePointAt(0)!
  }

  /** Behind a backslash: a class, or the one character meant. */
  function parseEscape(): Item {
    const char = chars[at++]
    if (char === undefined) throw invalid('it ends in a backslash')
    const shorthand = SHORTHAND[char.toLowerCase()]
    if (shorthand) return { class: shorthand, negated: char !== char.toLowerCase() }
    if (char === 'p' || char === 'P') return parseProperty(char === 'P')
    if (char === 'x' || char === 'u') return parseHex(char)
    if (char === 'n' || char === 'r') throw invalid('lines are searched one by one, so it cannot match a line end')
    const control = CONTROL[char]
    if (control !== undefined) return control
    if (/[A-Za-z0-9]/.test(char)) {
      throw invalid(`\`\\${char}\` is not supported${/\d/.test(char) ? ': there are no back-references' : ''}`)
    }
    return char.codePointAt(0)!
  }

  function parseProperty(negated: boolean): Item {
    const name = /^(?:\{(\^?)([\w=]+)\}|([A-Z]))/.exec(chars.slice(at, at + 60).join(''))
    if (!name) throw invalid('a Unicode class is written like \\p{Lu} or \\p{Greek}')
    at += name[0].length
    const property = name[2] ?? name[3]!
    const known = [`\\p{${property}}`, `\\p{Script=${property}}`].find(isValidClass)
    if (!known) throw invalid('it names an unknown Unicode class')
    return { class: known, negated: negated !== (name[1] === '^') }
  }

  function parseHex(kind: string): number {
    const hex = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2})([0-9a-fA-F]{2})?)/.exec(chars.slice(at, at + 8).join(''))
    const digits = hex?.[1] ?? (kind === 'u' ? hex?.[3] && `${hex[2]}${hex[3]}` : hex?.[2])
    const code = digits ? Number.parseInt(digits, 16) : Number.NaN
    if (!(code <= 0x10ffff)) throw invalid('a character is written like \\x41 or \\u{1F600}')
    at += hex?.[1] ? hex[0].length : digits!.length
    return code
  }
}

/** A text that every match contains, for skipping what cannot match; null when there is none of use. */
export function requiredText(node: Node): string | null {
  let longest = ''
  let run = ''
  const visit = (node: Node): void => {
    if (node.type === 'set' && node.set.only !== undefined) run += node.set.only
    else if (node.type === 'sequence') node.nodes.forEach(visit)
    else if (node.type !== 'assert') {
      keep()
      const inner = node.type === 'repeat' && node.min > 0 ? requiredText(node.node) : null
      if (inner && inner.length > longest.length) longest = inner
    }
  }
  const keep = () => {
    if (run.length > longest.length) longest = run
    run = ''
  }
  visit(node)
  keep()
  return longest || null
}

/**
 * For ripgrep, in any of its versions: finds all lines that the pattern matches, and a few more. Its anchors are left out,
 * since some versions miss `$^` in an empty line.
 */
export function rustSource(node: Node): string {
  if (node.type === 'set') return node.set.rust
  if (node.type === 'sequence') return node.nodes.map(rustSource).join('') || '(?:)'
  if (node.type === 'choice') return `(?:${node.nodes.map(rustSource).join('|')})`
  if (node.type === 'assert') return RUST_BORDERS[node.at]
  const max = node.max === Number.POSITIVE_INFINITY ? '' : node.max
  return `(?:${rustSource(node.node)}){${node.min},${max}}`
}

const SIMPLE: Record<string, { min: number; max: number }> = {
  '*': { min: 0, max: Number.POSITIVE_INFINITY },
  '+': { min: 1, max: Number.POSITIVE_INFINITY },
  '?': { min: 0, max: 1 },
}
const BORDERS: Record<string, Border> = {
  b: 'word',
  B: 'inside',
  '<': 'opens',
  '>': 'closes',
  A: 'start',
  z: 'end',
  Z: 'end',
}
/** Older versions take `\<` for the character: `\b` finds these lines, and a few more. */
const RUST_BORDERS: Record<Border, string> = {
  start: '(?:)',
  end: '(?:)',
  word: '\\b',
  inside: '\\B',
  opens: '\\b',
  closes: '\\b',
}
const CONTROL: Record<string, number> = { t: 9, f: 12, v: 11, a: 7, e: 27, 0: 0 }

function isValidClass(source: string): boolean {
  try {
    new RegExp(source, 'v')
    return true
  } catch {
    return false // a SyntaxError: not a class this engine knows
  }
}

const invalid = (why: string) => new AppError('INVALID_PARAMS', `The pattern is not usable: ${why}.`)
