import { oneLine, SPACER, showControls } from '../base/controls.ts'
import { type Inline, type Links, parseInline, type Style, textOf } from '../markdown/inlines.ts'
import { readableTarget } from '../markdown/links.ts'
import { orgFormula } from './formulas.ts'
import { breakDates, guardCell, guardLines, inert, joinPieces, orgLine, orgLink, type Piece } from './text.ts'

/** Inline Markdown as Org: emphasis, code, formulas and links become Org's own, everything else is inert text. */

export type Place = {
  links: Links
  /** The directory that relative paths in links start from; without it they stay relative. */
  base?: string
  /** Cells that were written: a table that grows is written again with each piece. */
  cells?: Map<string, string>
}

const MARK: Record<Style, string> = { strong: '*', em: '/', del: '+' }
/** What Org wants around emphasis. */
const BEFORE = /[\s\u200b('"{-]$/
const AFTER = /^[\s\u200b.,:!?;'")}[-]/
/** What Org requires after a formula that ends with `$`. */
const AFTER_DOLLAR = /^[\s.,:!?;'")\]}]/
const MAX_CODE = 1000
const MOST_CELLS = 500
const PLAIN_URL = /^https?:\/\/[A-Za-z0-9](?:[A-Za-z0-9./_~%?=&#+,;@!-]|:\d)*[A-Za-z0-9/]$/

/** A paragraph. Line ends stay, but for those within markup. */
export const orgParagraph = (text: string, place: Place): string =>
  guardLines(new Writer(place).write(parseInline(showControls(text), place.links)))

/** The words of a heading as a bold line: the outline is ours. */
export function orgBold(text: string, place: Place): string {
  const words = parseInline(oneLine(text), place.links)
  const marked: Inline[] = [{ type: 'open', style: 'strong' }, ...words, { type: 'close', style: 'strong' }]
  return guardLines(new Writer(place, 'line').write(marked))
}

export function orgCellText(text: string, place: Place): string {
  const known = place.cells?.get(text)
  if (known !== undefined) return known
  const cell = guardCell(new Writer(place, 'cell').write(parseInline(oneLine(text), place.links)))
  // What a reference is may depend on what follows.
  if (!text.includes(']')) {
    if (place.cells && place.cells.size >= MOST_CELLS) place.cells.clear()
    place.cells?.set(text, cell)
  }
  return cell
}

type Where = 'paragraph' | 'line' | 'cell' | 'label'

/** The mark for code; undefined where Org would not read it as code, so that it is written as text. */
function codeMark(code: string, where: Where): string | undefined {
  const bounded = code !== '' && code.length <= MAX_CODE && !/^[\p{Z}\p{C}]|[\p{Z}\p{C}]$/u.test(code)
  const apart = !(where === 'cell' && code.includes('|')) && !(where === 'label' && code.includes(']'))
  if (!bounded || !apart) return undefined
  return !code.includes('~') ? '~' : !code.includes('=') && where !== 'cell' ? '=' : undefined
}

/** Gathers literal text until markup follows, so that the rules for inert text see it whole. */
class Writer {
  private readonly place: Place
  private readonly where: Where
  private readonly pieces: Piece[] = []
  private literal = ''
  private active: Style[] = []
  /** There is a `$` outside of formulas: Org could take the text from it to the `$` of a formula for a formula. */
  private hasDollar = false
  /** How the last piece ends: an opening mark may be followed by any markup; after a closing one Org must see the end. */
  private end: 'opened' | 'closed' | 'free' = 'opened'

  constructor(place: Place, where: Where = 'paragraph') {
    this.place = place
    this.where = where
  }

  write(read: readonly Inline[]): string {
    const tokens = this.where === 'label' ? read.map(asText) : read.map(withoutUnsafe)
    const dropped = unfitStyles(tokens, this.where, this.place.base)
    for (const [index, token] of tokens.entries()) {
      if (token.type === 'text') this.literal += this.joinsLines() ? token.text.replace(/\s*\n\s*/g, ' ') : token.text
      else if (token.type === 'code') this.code(oneLine(token.text))
      else if (token.type === 'formula') this.formula(token.text, tokens[index + 1])
      else if (token.type === 'break') this.breakLine()
      else if (token.type === 'link') this.link(token, endsUrl(tokens.slice(index + 1, index + 3)))
      else if (dropped.has(index)) continue
      else if (token.type === 'open') this.open(token.style)
      else this.close(token.style)
    }
    this.flush(false)
    return joinPieces(this.pieces)
  }

  /** Org's emphasis holds one line end at most, its labels and cells none. */
  private joinsLines(): boolean {
    return this.where !== 'paragraph' || this.active.length > 0
  }

  private flush(followed = true): void {
    if (this.literal === '') return
    const text = guardMarks(inert(this.literal, followed), this.active)
    this.literal = ''
    this.hasDollar ||= text.includes('$')
    this.pieces.push({ text: this.end === 'closed' && !AFTER.test(text) ? SPACER + text : text, literal: true })
    this.end = 'free'
  }

  /** Emphasis and code, with a zero-width space before where Org would not see it otherwise. */
  private markup(text: string, end: 'opened' | 'closed'): void {
    this.flush()
    const seen = this.end === 'opened' || BEFORE.test(this.pieces.at(-1)?.text ?? '')
    this.pieces.push({ text: seen ? text : SPACER + text, literal: false })
    this.end = end
  }

  private open(style: Style): void {
    this.markup(MARK[style], 'opened')
    this.active.push(style)
  }

  private close(style: Style): void {
    this.flush()
    this.active = this.active.filter(other => other !== style)
    this.pieces.push({ text: MARK[style], literal: false })
    this.end = 'closed'
  }

  private code(code: string): void {
    const mark = codeMark(code, this.where)
    if (mark) this.markup(mark + breakDates(code) + mark, 'closed')
    else this.literal += code
  }

  private formula(formula: string, next: Inline | undefined): void {
    this.flush()
    const follows = next === undefined ? this.active.length === 0 : next.type === 'text' && AFTER_DOLLAR.test(next.text)
    const text = orgFormula(formula, this.hasDollar || !follows)!
    this.pieces.push({ text: this.end === 'closed' ? SPACER + text : text, literal: false })
    this.end = 'free'
  }

  private breakLine(): void {
    if (this.joinsLines()) this.literal += ' '
    else {
      this.literal = this.literal.trimEnd()
      this.flush()
      this.pieces.push({ text: '\\\\\n', literal: false })
      this.end = 'opened'
    }
  }

  private link(token: LinkToken, ends: boolean): void {
    const href = this.where === 'label' ? undefined : orgTarget(token.href, this.place.base)
    if (href === undefined) {
      this.literal += this.where === 'label' || token.bare ? textOf(token.label) : whereTo(token)
      return
    }
    this.flush()
    const plain = token.bare && ends && PLAIN_URL.test(href)
    const text = plain ? href : orgLink(href, this.label(token))
    this.hasDollar ||= text.includes('$')
    this.pieces.push({ text: plain && this.end === 'closed' ? SPACER + text : text, literal: false })
    this.end = 'free'
  }

  private label(token: LinkToken): string {
    const label = new Writer(this.place, 'label').write(token.label)
    return label.trim() || joinPieces([{ text: inert(oneLine(token.href)), literal: true }])
  }
}

const asText = (token: Inline): Inline => (token.type === 'formula' ? { type: 'text', text: token.text } : token)

/** A formula that may not be one is the text it was. */
const withoutUnsafe = (token: Inline): Inline =>
  token.type === 'formula' && orgFormula(token.text, true) === undefined ? asText(token) : token

type LinkToken = Extract<Inline, { type: 'link' }>

/** Whether a plain URL would end where it should: Org reads on to white space, and would take in markup of ours. */
const endsUrl = ([next, after]: readonly Inline[]): boolean =>
  !next || (next.type === 'text' && (/^[.,;:!?'")]*\s/.test(next.text) || (!after && /^[.,;:!?'")]*$/.test(next.text))))

/** A link that may not be one: its words, then where it would have led. */
const whereTo = (token: LinkToken): string => `${textOf(token.label)} (${oneLine(token.href)})`

/** Within `*…*`, a literal `*` that is not within a word gets a space before it, so that it cannot be the end. */
function guardMarks(text: string, active: readonly Style[]): string {
  let safe = text
  for (const style of active) {
    const mark = MARK[style]
    const loose = `(?<![\\p{L}\\p{N}])\\${mark}|\\${mark}(?![\\p{L}\\p{N}])`
    if (safe.includes(mark)) safe = safe.replace(new RegExp(loose, 'gu'), SPACER + mark)
  }
  return safe
}

/** `https://…` or `file:…` as Org links to it; undefined for what may not be a link. */
function orgTarget(href: string, base?: string): string | undefined {
  const target = readableTarget(href)
  if (target?.kind !== 'file') return target?.url
  const path =
    /^[/~]/.test(target.path) || base === undefined ? target.path : `${base.replace(/\/$/, '')}/${target.path}`
  if (/::|[|\0-\x1f]|\$(?![\p{L}\p{N}])/u.test(path)) return undefined
  return `file:${path}${target.line ? `::${target.line}` : ''}`
}

/** A link to a file by its path, a part of a line; one that Emacs would not take for a plain file's stays text. */
export function orgFileLink(path: string, base: string, label = path): string {
  const target = /[:%#]/.test(path) ? undefined : orgTarget(path, base)
  return target ? orgLink(target, orgLine(label)) : orgLine(label, true)
}

/** What may not be next to a mark: white space, and what might get a zero-width space there to make it inert. */
const LOOSE_START = /^[\p{Z}\p{C}*/_+=~]/u
const LOOSE_END = /[\p{Z}\p{C}*/_+=~\\^$]$/u

/**
 * The marks to leave out: a style within itself, one whose mark is in a link or in code inside it, where Org would take
 * it for the end, and one that Org would not see at all. It would set free what is in code just inside.
 */
function unfitStyles(tokens: readonly Inline[], where: Where, base?: string): Set<number> {
  const unfit = new Set<number>()
  const opens: { style: Style; at: number; fits: boolean }[] = []
  const live = new Map<Style, { fits: boolean }>()
  const following = followers(tokens)
  let last: Inline | undefined
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'open') {
      const open = { style: token.style, at, fits: !live.has(token.style) && !loose(following[at], LOOSE_START, where) }
      opens.push(open)
      if (open.fits) live.set(token.style, open)
    } else if (token.type === 'close') {
      const open = opens.pop()!
      if (loose(last, LOOSE_END, where)) open.fits = false
      if (live.get(token.style) === open) live.delete(token.style)
      if (!open.fits) unfit.add(open.at).add(at)
    } else {
      last = token
      const inside =
        token.type === 'code' || token.type === 'formula'
          ? token.text
          : token.type === 'link'
            ? (orgTarget(token.href, base) ?? token.href)
            : ''
      for (const [style, open] of live) if (inside.includes(MARK[style])) open.fits = false
    }
  }
  return unfit
}

/** A break within a style is a space; code and labels of links may turn out to be text. */
function loose(beside: Inline | undefined, pattern: RegExp, where: Where): boolean {
  if (beside?.type === 'break') return true
  if (beside?.type === 'text') return pattern.test(beside.text)
  if (beside?.type === 'code') return codeMark(oneLine(beside.text), where) === undefined && pattern.test(beside.text)
  return beside?.type === 'link' && pattern.test(beside.bare ? beside.href : textOf(beside.label))
}

/** For each token, the first one from there on that is not a mark. */
function followers(tokens: readonly Inline[]): (Inline | undefined)[] {
  let next: Inline | undefined
  return tokens
    .toReversed()
    .map(token => (next = token.type === 'open' || token.type === 'close' ? next : token))
    .reverse()
}
