/** A set of characters, by code point: the atoms of patterns and globs. */
export type CharSet = {
  has(code: number): boolean
  /** For Rust's regex crate. */
  rust: string
  /** The one character in it, if there is just one. */
  only?: string
}

/** A code point, a range of them, or a class in JavaScript's `v` syntax, which Rust shares for all that we use. */
export type Item = number | [from: number, to: number] | { class: string; negated: boolean }

/** `fold` ignores case, by simple Unicode case folding. */
export function charSet(items: Item[], fold: boolean, negated = false): CharSet {
  const [item] = items
  if (items.length === 1 && typeof item === 'number' && !negated) return single(String.fromCodePoint(item), fold)
  const source = items.map(item => itemSource(item, hex => `\\u{${hex}}`)).join('')
  const rust = items.map(item => itemSource(item, hex => `\\x{${hex}}`)).join('')
  const body = `[${negated ? '^' : ''}${rust}]`
  return {
    has: membership(new RegExp(`^[${source}]$`, fold ? 'iv' : 'v'), negated),
    rust: fold ? `(?i:${body})` : body,
  }
}

export function single(char: string, fold: boolean): CharSet {
  const code = char.codePointAt(0)!
  const rust = `\\x{${code.toString(16)}}`
  if (fold && char.toLowerCase() !== char.toUpperCase()) {
    return { has: membership(new RegExp(`^\\u{${code.toString(16)}}$`, 'iv'), false), rust: `(?i:${rust})` }
  }
  return { has: other => other === code, rust, only: char }
}

/** Everything but these characters; none: everything in a line. */
export function allBut(chars: string[]): CharSet {
  if (chars.length === 0) return { has: () => true, rust: '.' }
  const codes = chars.map(char => char.codePointAt(0)!)
  return { has: code => !codes.includes(code), rust: `[^${codes.map(code => `\\x{${code.toString(16)}}`).join('')}]` }
}

const WORD = membership(/^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/v, false)
/** What `\b` lies between. */
export const isWord = (code: number): boolean => WORD(code)

function itemSource(item: Item, char: (hex: string) => string): string {
  if (typeof item === 'number') return char(item.toString(16))
  if (Array.isArray(item)) return `${char(item[0].toString(16))}-${char(item[1].toString(16))}`
  return item.negated ? `[^${item.class}]` : item.class
}

/** Asks the expression once per character, about that character alone: nothing it could backtrack over. */
function membership(expression: RegExp, negated: boolean): (code: number) => boolean {
  const known = new Map<number, boolean>()
  return code => {
    let answer = known.get(code)
    if (answer === undefined) {
      answer = expression.test(String.fromCodePoint(code)) !== negated
      known.set(code, answer)
    }
    return answer
  }
}

/** As Unicode TR18 and Rust define them. */
export const SHORTHAND: Record<string, string> = {
  d: '\\p{Nd}',
  s: '\\p{White_Space}',
  w: '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]',
}
/** The classes of POSIX, of ASCII alone, as in Rust and in git's ignore files. */
export const POSIX: Record<string, string> = {
  alpha: '[a-zA-Z]',
  digit: '[0-9]',
  alnum: '[a-zA-Z0-9]',
  upper: '[A-Z]',
  lower: '[a-z]',
  space: '[\\t\\n\\v\\f\\r ]',
  blank: '[\\t ]',
  punct: '[\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e]',
  cntrl: '[\\x00-\\x1f\\x7f]',
  graph: '[\\x21-\\x7e]',
  print: '[\\x20-\\x7e]',
  xdigit: '[0-9a-fA-F]',
  word: '[a-zA-Z0-9_]',
}
