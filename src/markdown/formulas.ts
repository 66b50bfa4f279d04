import { isBlank } from './columns.ts'

/**
 * Where formulas of TeX are in Markdown: `\(…\)`, `\[…\]`, `$$…$$`, and `$…$` by the rules of Org, which leave prices and
 * shell variables alone. A formula stays within its paragraph, and has no code in it.
 */

const MAX_FORMULA = 2000
const MAX_LINES = 50
const DISPLAY = /^\s*(\\\[|\$\$)/
/** `$5 and 6$` and `$10 (or 20$` are prices. */
const PRICE = /^\d[\d,.]*\s+\p{L}{2}/u
const WORD = /[\p{L}\p{N}$]/u

/** The formulas of one paragraph. */
export class Formulas {
  private readonly text: string
  /** Where each `\(` and `\[` that is closed ends. */
  private readonly ends: ReadonlyMap<number, number>

  constructor(text: string) {
    this.text = text
    this.ends = text.includes('\\') ? pairs(text) : new Map()
  }

  /** The length of the formula that begins at `at`; 0 if none does. */
  lengthAt(at: number): number {
    const { text } = this
    const isDollar = text[at] === '$'
    const end = !isDollar ? this.ends.get(at) : text[at + 1] === '$' ? this.displayed(at) : this.dollars(at)
    if (end === undefined || end - at > MAX_FORMULA) return 0
    // `\[not a link\](url)`, `\[x\]`, `\[1\]`: escaped brackets
    if (text[at + 1] === '[' && (text[end] === '(' || /^(?:\d*|[xX ])$/.test(text.slice(at + 2, end - 2)))) return 0
    const mark = isDollar && text[at + 1] !== '$' ? 1 : 2
    const inside = text.slice(at + mark, end - mark)
    const holdsOther = inside.includes('`') || (isDollar && /(?<!\\)\\[([]/.test(inside))
    return isBlank(inside) || holdsOther ? 0 : end - at
  }

  private displayed(at: number): number | undefined {
    const { text } = this
    const close = text.indexOf('$', at + 2)
    return close < 0 || text[close + 1] !== '$' || text[close + 2] === '$' ? undefined : close + 2
  }

  private dollars(at: number): number | undefined {
    const { text } = this
    if ((at > 0 && WORD.test(text[at - 1]!)) || /[\s,.;]/.test(text[at + 1] ?? ' ')) return undefined
    const close = text.indexOf('$', at + 1)
    if (close < 0 || close - at > MAX_FORMULA || /[\s,.\\]/.test(text[close - 1]!)) return undefined
    if (WORD.test(text[close + 1] ?? ' ')) return undefined
    const inside = text.slice(at + 1, close)
    const isProse = PRICE.test(inside) || inside.indexOf('\n') !== inside.lastIndexOf('\n') || !isEven(inside)
    return isProse ? undefined : close + 1
  }
}

/** The end of each `\(` and `\[` by its start. Of nested openings only the innermost is closed; `\\` neither opens nor closes. */
function pairs(text: string): Map<number, number> {
  const ends = new Map<number, number>()
  let open: { at: number; close: string } | undefined
  for (const { 0: mark, index } of text.matchAll(/\\[\\()[\]]/g)) {
    if (mark === '\\(') open = { at: index, close: '\\)' }
    else if (mark === '\\[') open = { at: index, close: '\\]' }
    else if (mark !== '\\\\') {
      if (open?.close === mark) ends.set(open.at, index + 2)
      open = undefined
    }
  }
  return ends
}

/** Whether as many parentheses and brackets close as open, of either kind: `[0, 1)` is an interval. */
const isEven = (text: string): boolean => (text.match(/[([]/g)?.length ?? 0) === (text.match(/[)\]]/g)?.length ?? 0)

/**
 * The line in which the formula ends that begins the line at `at`, `at` if none does. Infinite while it may still end in a
 * line that follows. Such a formula may have lines in it that look like lists or headings.
 */
export function lastLineOfFormula(lines: readonly string[], at: number): number {
  const [start, mark] = DISPLAY.exec(lines[at]!) ?? []
  if (start === undefined) return at
  const close = mark === '$$' ? '$$' : '\\]'
  if (lines[at]!.includes(close, start.length)) return at
  const most = at + MAX_LINES
  for (let end = at + 1; end < most; end++) {
    if (end === lines.length) return Number.POSITIVE_INFINITY
    if (isBlank(lines[end]!)) return at
    if (lines[end]!.includes(close)) return end
  }
  return at
}
