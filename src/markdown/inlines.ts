import { type Delimiter, matchEmphasis, type Style } from './emphasis.ts'
import { Formulas } from './formulas.ts'
import { decodeEntity, matchAt, PUNCTUATION, readTarget, trimUrl } from './links.ts'

/**
 * Reads the inline markup of one paragraph into a flat list, in linear time: text, code, formulas (with their marks), breaks,
 * links (their labels nest no deeper), and marks where a style opens and closes. HTML is text.
 */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'formula'; text: string }
  | { type: 'break' }
  | { type: 'open' | 'close'; style: Style }
  | { type: 'link'; href: string; label: Inline[]; image: boolean; bare: boolean }
export type { Style }

/** Targets of `[label]: target` lines, by label in lower case. */
export type Links = Pick<ReadonlyMap<string, string>, 'get' | 'size'>

type Token = Exclude<Inline, { type: 'open' | 'close' }> | Delimiter | Bracket
type Bracket = { type: 'bracket'; image: boolean; active: boolean }

const SPECIAL = /[\\`*_~[\]!<&$\n]|https?:\/\//g
const AUTOLINK = /<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{0,2000})>/y
const BREAK_TAG = /<br[ \t]{0,9}\/?>[ \t]{0,99}\n?/iy
const BARE_URL = /https?:\/\/[^\s<>[\]`"|\\]{1,2000}/y
const MAX_BRACKETS = 32

export function parseInline(text: string, links: Links): Inline[] {
  return new Scanner(text, links).scan()
}

class Scanner {
  private readonly tokens: Token[] = []
  private readonly brackets: number[] = []
  /** Text not yet a token: pieces, joined once. */
  private pieces: string[] = []
  private readonly ticks: Map<number, number[]>
  private readonly formulas: Formulas
  private readonly text: string
  private readonly links: Links
  private at = 0

  constructor(text: string, links: Links) {
    this.text = text
    this.links = links
    this.ticks = backtickRuns(text)
    this.formulas = new Formulas(text)
  }

  scan(): Inline[] {
    const { text } = this
    while (this.at < text.length) {
      SPECIAL.lastIndex = this.at
      const next = SPECIAL.exec(text)?.index ?? text.length
      this.push(text.slice(this.at, next))
      this.at = next
      if (next < text.length) this.special(text[next]!)
    }
    this.flush()
    return matchEmphasis(this.tokens.map(settle))
  }

  private special(char: string): void {
    const done =
      (char === '\\' && (this.formula() || this.escape())) ||
      (char === '$' && this.formula()) ||
      (char === '`' && this.code()) ||
      (char === '\n' && this.newline()) ||
      (char === '<' && (this.autolink() || this.breakTag())) ||
      (char === '&' && this.entity()) ||
      (char === 'h' && this.bareUrl()) ||
      ((char === '[' || char === '!') && this.openBracket()) ||
      (char === ']' && this.closeBracket()) ||
      ((char === '*' || char === '_' || char === '~') && this.delimiter(char))
    if (!done) this.take(1)
  }

  private push(text: string): void {
    if (text !== '') this.pieces.push(text)
  }

  private flush(): void {
    if (this.pieces.length > 0) this.tokens.push({ type: 'text', text: this.pieces.join('') })
    this.pieces = []
  }

  private emit(token: Token, length: number): true {
    this.flush()
    this.tokens.push(token)
    this.at += length
    return true
  }

  private take(count: number): true {
    this.push(this.text.slice(this.at, this.at + count))
    this.at += count
    return true
  }

  private escape(): boolean {
    const next = this.text[this.at + 1]
    if (next === '\n') return this.emit({ type: 'break' }, 2)
    if (next === undefined || !PUNCTUATION.test(next)) return false
    this.push(next)
    this.at += 2
    return true
  }

  private formula(): boolean {
    const length = this.formulas.lengthAt(this.at)
    return length > 0 && this.emit({ type: 'formula', text: this.text.slice(this.at, this.at + length) }, length)
  }

  private code(): boolean {
    let end = this.at
    while (this.text[end] === '`') end++
    const length = end - this.at
    const runs = this.ticks.get(length) ?? []
    while (runs.length > 0 && runs.at(-1)! < end) runs.pop()
    const close = runs.pop()
    if (close === undefined) return this.take(length)
    const code = this.text.slice(end, close).replace(/\n/g, ' ')
    const padded = code.startsWith(' ') && code.endsWith(' ') && code.trim() !== ''
    return this.emit({ type: 'code', text: padded ? code.slice(1, -1) : code }, close + length - this.at)
  }

  /** Two spaces before the end of a line break it; spaces around a line end mean nothing otherwise. */
  private newline(): boolean {
    const last = this.pieces.pop() ?? ''
    let end = last.length
    while (end > 0 && last[end - 1] === ' ') end--
    this.push(last.slice(0, end))
    return last.length - end >= 2 ? this.emit({ type: 'break' }, 1) : this.take(1)
  }

  private autolink(): boolean {
    const url = matchAt(AUTOLINK, this.text, this.at)?.[1]
    return url !== undefined && this.emit(bareLink(url), url.length + 2)
  }

  private breakTag(): boolean {
    const tag = matchAt(BREAK_TAG, this.text, this.at)?.[0]
    return tag !== undefined && this.emit({ type: 'break' }, tag.length)
  }

  private entity(): boolean {
    const entity = decodeEntity(this.text, this.at)
    if (!entity) return false
    this.push(entity.text)
    this.at += entity.length
    return true
  }

  private bareUrl(): boolean {
    if (this.at > 0 && /[\p{L}\p{N}_]/u.test(this.text[this.at - 1]!)) return false
    const url = trimUrl(matchAt(BARE_URL, this.text, this.at)?.[0] ?? '')
    return url.length > 'https://'.length && this.emit(bareLink(url), url.length)
  }

  private openBracket(): boolean {
    const image = this.text[this.at] === '!'
    if (image && this.text[this.at + 1] !== '[') return false
    if (this.brackets.length >= MAX_BRACKETS) this.brackets.shift()
    this.flush()
    this.brackets.push(this.tokens.length)
    return this.emit({ type: 'bracket', image, active: true }, image ? 2 : 1)
  }

  private closeBracket(): boolean {
    const index = this.brackets.pop()
    if (index === undefined) return false
    this.flush()
    const { active, image } = this.tokens[index] as Bracket
    const target = active ? this.target(index) : undefined
    if (!target) return false
    const label = matchEmphasis(this.tokens.splice(index).slice(1).map(settle))
    const flat: Inline[] = image ? [{ type: 'text', text: textOf(label) }] : label
    if (!image) this.deactivate()
    return this.emit({ type: 'link', href: target.href, label: flat, image, bare: false }, target.end - this.at)
  }

  /** Links hold no links; an image may still become one. */
  private deactivate(): void {
    for (const at of this.brackets) {
      const bracket = this.tokens[at] as Bracket
      bracket.active &&= bracket.image
    }
  }

  /** `(target)` or `[label]` after the closing bracket, or the label alone. */
  private target(opener: number): { href: string; end: number } | undefined {
    const after = this.at + 1
    if (this.text[after] === '(') {
      const inline = readTarget(this.text, after + 1)
      if (inline) return inline
    }
    if (this.links.size === 0) return undefined
    const match = matchAt(/\[([^\][]{0,200})\]/y, this.text, after)
    const own = textOf(this.tokens.slice(opener + 1, opener + 20).map(settle))
    const href = this.links.get((match?.[1] || own).trim().toLowerCase())
    return href === undefined ? undefined : { href, end: match ? after + match[0].length : after }
  }

  private delimiter(char: '*' | '_' | '~'): boolean {
    let end = this.at
    while (this.text[end] === char) end++
    const count = end - this.at
    const before = this.at === 0 ? ' ' : charBefore(this.text, this.at)
    const after = end === this.text.length ? ' ' : String.fromCodePoint(this.text.codePointAt(end)!)
    const [spaceBefore, spaceAfter] = [/\s/.test(before), /\s/.test(after)]
    const [markBefore, markAfter] = [/[\p{P}\p{S}]/u.test(before), /[\p{P}\p{S}]/u.test(after)]
    const left = !spaceAfter && (!markAfter || spaceBefore || markBefore)
    const right = !spaceBefore && (!markBefore || spaceAfter || markAfter)
    const open = char === '_' ? left && (!right || markBefore) : left
    const close = char === '_' ? right && (!left || markAfter) : right
    if ((!open && !close) || (char === '~' && count !== 2)) return this.take(count)
    return this.emit({ type: 'delimiter', char, length: count, count, open, close, opens: [], closes: [] }, count)
  }
}

/** A bracket that led to no link is the text it was. */
const settle = (token: Token): Exclude<Token, Bracket> =>
  token.type === 'bracket' ? { type: 'text', text: token.image ? '![' : '[' } : token

/** The words alone. */
export const textOf = (tokens: readonly (Inline | Delimiter)[]): string =>
  tokens.map(token => ('text' in token ? token.text : token.type === 'link' ? textOf(token.label) : '')).join('')

const bareLink = (url: string): Token => ({
  type: 'link',
  href: url,
  label: [{ type: 'text', text: url }],
  image: false,
  bare: true,
})

const charBefore = (text: string, at: number): string => {
  const low = text[at - 1]!
  return /[\udc00-\udfff]/.test(low) ? text.slice(Math.max(0, at - 2), at) : low
}

/** Where runs of each length of backticks start, last first, so that closing a code span is a pop. */
function backtickRuns(text: string): Map<number, number[]> {
  const runs = new Map<number, number[]>()
  for (const match of text.matchAll(/`+/g)) {
    const starts = runs.get(match[0].length)
    if (starts) starts.push(match.index)
    else runs.set(match[0].length, [match.index])
  }
  for (const starts of runs.values()) starts.reverse()
  return runs
}
