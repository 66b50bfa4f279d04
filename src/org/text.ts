import { oneLine, SPACER, showControls } from '../base/controls.ts'

/**
 * Text from users, models and tools as Org text that means nothing to Org: the contract, "Transcripts". Where a sequence
 * would be syntax, a zero-width space is put inside (what the Org manual recommends), so that it still reads the same;
 * ordinary text is not touched. Rules follow org-element.el of Org 9.5 and 9.7, and err on the inert side.
 */

/** Counts as a word character, so that `$x$` is no formula: Org takes a zero-width space for the end of one. */
const JOINER = '\u2060'

/** Link types that Org and its packages define; others are broken too, unless only numbers follow. */
const LINK_TYPES = new Set(
  `attachment bbdb bibtex calendar cite coderef contact custom-id doi docview doom elisp emacs elfeed eshell eval eww file+emacs
   file+sys fuzzy gnus help id info irc javascript js lisp mailto man matlab message mew mhe mu4e news nntp notmuch
   notmuch-search notmuch-tree nov occur org-protocol pdf pdfview rmail roam sh shell skype ssh tel telnet vbscript
   vm w3m wl woman zotero`.split(/\s+/),
)
const SAFE_TYPES = new Set(['http', 'https', 'file'])
const PLANNING = new Set(['deadline', 'scheduled', 'closed', 'clock'])
const TYPE = /[\p{L}\p{M}\p{N}+.-]+$/u
/** After an unknown type: numbers alone (`a.ts:12:5`), or marks alone (`*Note:*`), which make no path. */
const HARMLESS = /^(?:\d+(?:[:.,-]\d+)*)?[-.,:;!?'"*_~+=)\]}>]*(?:[ \t\n]|$)/
/** Longer than any link type; bounded, so that text without white space stays linear. */
const MAX_TYPE = 40

/** A `$` that could end a formula. */
const CLOSING_DOLLAR = /(?<![ \t\n,.])\$(?=[^\p{L}\p{N}]|$)/gu

const RULES: [RegExp, string][] = [
  [/\[(?=[[@]|\d{4}-|\d*%\]|\d*\/\d*\]|fn:|cite)/g, `[${SPACER}`],
  [/^\[(?=[ xX-]\])/gm, `[${SPACER}`],
  [/<(?=[<%]|\d{4}-|(?:https?|file):)/gi, `<${SPACER}`],
  [/(?<=\bfile:[^\s]{0,400}):(?=:)/gi, `:${SPACER}`], // an exporter would open that file, to look there for what follows
  [/\{\{(?=\{)/g, `{{${SPACER}`],
  [/@(?=@)/g, `@${SPACER}`],
  [/\\(?=[A-Za-z([_]|$)/g, `\\${SPACER}`],
  [/\\\\(?=[ \t]*$)/gm, `\\\\${SPACER}`],
  [/([_^])(?=[{(*]|$)/g, `$1${SPACER}`],
  [/src(?=_[^ \t\n[{]{0,60}(?:[[{]|$)|_[^ \t\n[{]{61})/g, `src${SPACER}`],
  [/call(?=_[^ \t\n[(]{0,60}(?:[[(]|$)|_[^ \t\n[(]{61})/g, `call${SPACER}`],
  [/\$(?=\$)/g, `$${JOINER}`],
  [CLOSING_DOLLAR, `$$${JOINER}`],
]

/**
 * Text of a paragraph, but for emphasis and link types, which depend on what is around: `joinPieces` sees to those.
 * `followed`: markup of ours comes next, and what the text ends with must not reach into it.
 */
export function inert(text: string, followed = false): string {
  if (!/[[<{@\\_^$:]/.test(text)) return text
  let safe = followed ? text : `${text}\n`
  for (const [pattern, replacement] of RULES) safe = safe.replace(pattern, replacement)
  return followed ? safe : safe.slice(0, -1)
}

/** A part of a paragraph: `literal` text (made inert), or markup of ours. */
export type Piece = { text: string; literal: boolean }

/**
 * Joins the pieces of a paragraph, so that literal text in them begins no emphasis, formula or link; nor does it with what
 * others write after it, if it is only a `part`.
 */
export const joinPieces = (pieces: readonly Piece[], part = false): string =>
  breakTypes(breakEmphasis(breakFormulas(pieces), part))

/** A literal `$` begins no formula that ends in code of ours: that would set free the rest of the code. */
function breakFormulas(pieces: readonly Piece[]): Piece[] {
  let open = false
  return pieces.map(({ text, literal }) => {
    const closed = open && !literal ? text.replace(CLOSING_DOLLAR, `$$${JOINER}`) : text
    if (literal || text.startsWith('[[')) open ||= text.includes('$')
    return { text: closed, literal }
  })
}

const MARKER = /[*/_+=~]/g
const OPENS_AFTER = /[\s\u200b\-('"{]/
const CLOSES_BEFORE = /[\s\u200b\-.,:!?;'")}[\]\\|*/_+=~]/
/** Emacs matches emphasis with one regular expression, which must not meet a novel. */
const MAX_EMPHASIS = 4000

/**
 * Breaks every literal mark that could open emphasis, if one like it further on could close it, in our markup too: `*a`
 * must not reach into it. The space goes after the mark, and makes of it (and of the next mark) what follows a space.
 */
function breakEmphasis(pieces: readonly Piece[], part: boolean): Piece[] {
  const closers = lastClosers(pieces.map(piece => piece.text).join(''))
  let start = 0
  return pieces.map(({ text, literal }) => {
    const broken: number[] = []
    for (const { 0: mark, index: at } of literal ? text.matchAll(MARKER) : []) {
      const opens = at === 0 || broken.at(-1) === at || OPENS_AFTER.test(text[at - 1]!)
      const blank = /^[\s\u200b]/.test(text.slice(at + 1, at + 2))
      if (opens && !blank && (part || (closers.get(mark) ?? -1) > start + at)) broken.push(at + 1)
    }
    start += text.length
    return { text: insert(text, broken), literal }
  })
}

/** Where each mark could close emphasis for the last time. */
function lastClosers(text: string): Map<string, number> {
  const closers = new Map<string, number>()
  for (const { 0: mark, index: at } of text.matchAll(MARKER)) {
    const [before, after] = [text[at - 1] ?? '', text[at + 1]]
    if (/\s/.test(before)) continue
    if (after === undefined || CLOSES_BEFORE.test(after) || OPENS_AFTER.test(before) || text.length > MAX_EMPHASIS)
      closers.set(mark, at)
  }
  return closers
}

/** `text` with a zero-width space at each of the ascending positions. */
function insert(text: string, positions: readonly number[]): string {
  if (positions.length === 0) return text
  const ends = [...positions, text.length]
  return ends.map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end)).join(SPACER)
}

function breakTypes(pieces: readonly Piece[]): string {
  const whole = pieces.map(piece => piece.text).join('')
  const broken: number[] = []
  let start = 0
  for (const [index, { text, literal }] of pieces.entries()) {
    // a link of an allowed type ends at white space: it must not reach into code of ours
    const open = index === pieces.length - 1 ? text.length : text.search(/[ \t\n][^ \t\n]*$/)
    for (let at = text.indexOf(':'); literal && at >= 0; at = text.indexOf(':', at + 1))
      if (linksAt(whole, start + at, at < open)) broken.push(start + at)
    start += text.length
  }
  return insert(whole, broken)
}

/** Whether the word before the colon at `at` makes a link (or a planning keyword) of what follows. */
function linksAt(text: string, at: number, allowSafe: boolean): boolean {
  const type = TYPE.exec(text.slice(Math.max(0, at - MAX_TYPE), at))?.[0].toLowerCase()
  if (!type) return false
  const last = type.slice(type.search(/[^.-]*$/))
  if (PLANNING.has(last)) return true
  const next = text[at + 1] ?? ' '
  if (allowSafe && SAFE_TYPES.has(type)) return false
  if (text[at - type.length - 1] === '<') return true // within angles a path may start with a space
  if (/[ \t\n]/.test(next)) return false
  if (LINK_TYPES.has(type) || LINK_TYPES.has(last)) return true
  const drive = type.length === 1 && next === '\\'
  return !drive && !HARMLESS.test(text.slice(at + 1, at + 1 + MAX_TYPE) + (at + 1 + MAX_TYPE < text.length ? '…' : ''))
}

const LINE_START =
  /^([ \t]*)(?=\*+[ \t]|\*+$|#(?:[ \t+]|$)|:|\||-{5,}|[-+](?:[ \t]|$)|\+-|\d+[.)](?:[ \t]|$)|[A-Za-z][.)](?:[ \t]|$)|&?%%\(|\[fn|CLOCK:)/i

/** A line of a paragraph that starts no heading, keyword, comment, list, table, drawer, rule or diary entry. */
export const guardLine = (line: string): string => line.replace(LINE_START, `$1${SPACER}`)

export const guardLines = (text: string): string => text.split('\n').map(guardLine).join('\n')

/** Text of several lines as it was typed, paragraph by paragraph. */
export function orgText(text: string): string {
  const paragraphs = showControls(text).split(/\n[ \t]*(?=\n)/)
  return paragraphs.map(part => guardLines(joinPieces([{ text: inert(part), literal: true }]))).join('\n')
}

/**
 * Text within a line of ours: a heading, a keyword, a property, a cell. Neither tags nor a `-*-` line can come of it. A `part`
 * may stand with others in a line.
 */
export const orgLine = (text: string, part = false): string =>
  joinPieces([{ text: inert(oneLine(text)), literal: true }], part)
    .replace(/:$/, `:${SPACER}`)
    .replace(/-(?=\*-)/g, `-${SPACER}`)

/** A cell: pipes as entities; no formula (`=`, `:=`), no rule, no recalculation mark. */
export const guardCell = (cell: string): string =>
  cell.replaceAll('|', '\\vert{}').replace(/^(?=:?=|[-#*!$/_^]$|<[lrc]?\d*>$)/, SPACER)
export const orgCell = (text: string): string => guardCell(orgLine(text))

/** The agenda finds dates, ranges of dates and diary entries by searching, blocks or not. */
export const breakDates = (text: string): string =>
  text.replace(/<(?=\d{4}-|%%\()/g, `<${SPACER}`).replace(/\](?=--?-?\[\d{4}-)/g, `]${SPACER}`)

const BLOCK_LINE = /^([ \t]*)(?=(,*(?:\*|#\+))|&?%%\(|:[-\w]+:[ \t]*$|(?:CLOCK|DEADLINE|SCHEDULED|CLOSED):)/i

/**
 * A block whose lines are taken as they are. A comma keeps lines from being headings and keywords (Org takes it away
 * again); a zero-width space guards against what Emacs finds by searching, blocks or not: diary entries, clocks, drawers.
 */
export function orgBlock(open: string, text: string): string {
  return [`#+BEGIN_${open}`, orgBlockLines(text), endOf(open)].join('\n')
}

/** The last line of the block that `#+BEGIN_` with `open` begins. */
export const endOf = (open: string): string => `#+END_${open.split(' ', 1)[0]}`

/** The lines within such a block, one for each line of `text`. */
export const orgBlockLines = (text: string): string =>
  breakDates(showControls(text))
    .split('\n')
    .map(line => line.replace(BLOCK_LINE, (_, space: string, comma?: string) => space + (comma ? ',' : SPACER)))
    .join('\n')

/** `[[file:/a/b][b]]`, brackets and backslashes escaped as `org-link-escape` does. */
export const orgLink = (target: string, label: string): string =>
  `[[${target.replace(/(\\*)([[\]]|$)/g, (_, slashes: string, mark: string) => slashes + slashes + (mark && `\\${mark}`))}][${label.replace(/\](?=\]|$)/g, `]${SPACER}`)}]]`
