import type { Inline } from './inlines.ts'

export type Style = 'strong' | 'em' | 'del'

/** A run of `*`, `_` or `~~`. `opens` and `closes` collect the styles it turns out to begin and end. */
export type Delimiter = {
  type: 'delimiter'
  char: '*' | '_' | '~'
  /** Length of the run, and how many of its characters are not yet used. */
  length: number
  count: number
  open: boolean
  close: boolean
  opens: Style[]
  closes: Style[]
}

/**
 * Pairs delimiter runs by the rules of CommonMark ("process emphasis", rules 9 and 10 included) and returns the flat list
 * with the styles marked. `floor` remembers how much of the stack a kind of closer has searched in vain, which keeps it linear.
 */
export function matchEmphasis(tokens: readonly (Inline | Delimiter)[]): Inline[] {
  const stack: Delimiter[] = []
  const floor = new Map<string, number>()
  for (const token of tokens) {
    if (token.type !== 'delimiter') continue
    if (token.close) closeWith(token, stack, floor)
    if (token.open && token.count > 0) stack.push(token)
  }
  return tokens.flatMap(token => (token.type === 'delimiter' ? unfold(token) : [token]))
}

function closeWith(closer: Delimiter, stack: Delimiter[], floor: Map<string, number>): void {
  while (closer.count > 0) {
    const key = `${closer.char}${closer.open}${closer.length % 3}`
    const bottom = floor.get(key) ?? 0
    let at = stack.length - 1
    while (at >= bottom && !pairs(stack[at]!, closer)) at--
    if (at < bottom) {
      floor.set(key, stack.length)
      return
    }
    const opener = stack[at]!
    const used = closer.char === '~' || (opener.count >= 2 && closer.count >= 2) ? 2 : 1
    const style = closer.char === '~' ? 'del' : used === 2 ? 'strong' : 'em'
    opener.opens.push(style)
    closer.closes.push(style)
    opener.count -= used
    closer.count -= used
    stack.length = opener.count > 0 ? at + 1 : at
    for (const [kind, height] of floor) if (height > stack.length) floor.set(kind, stack.length)
  }
}

function pairs(opener: Delimiter, closer: Delimiter): boolean {
  if (opener.char !== closer.char) return false
  if (!opener.close && !closer.open) return true
  return (opener.length + closer.length) % 3 !== 0 || (opener.length % 3 === 0 && closer.length % 3 === 0)
}

/** Closings first (innermost first), then the characters left over, then openings (outermost first). */
function unfold(run: Delimiter): Inline[] {
  const marks: Inline[] = run.closes.map(style => ({ type: 'close', style }))
  if (run.count > 0) marks.push({ type: 'text', text: run.char.repeat(run.count) })
  for (const style of run.opens.reverse()) marks.push({ type: 'open', style })
  return marks
}
