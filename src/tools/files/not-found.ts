import { cut } from '../../base/text.ts'
import { count } from '../text.ts'
import { find } from './find.ts'

const MAX_SHOWN_LINES = 12
/** Places that are named. */
export const MAX_LISTED = 10
const MAX_LINE_CHARS = 300
/** Of a line, for comparing. */
const MAX_COMPARED = 1_000
/** A line is near when it shares this part of its letter pairs. */
const NEAR = 0.6

/** Why `old` is not in the text, and what is there instead: for the model to mend its edit. Linear in the text. */
export function explainNotFound(text: string, old: string, replacement: string): string {
  const numbered = old.split('\n').filter(line => line !== '')
  if (numbered.length > 0 && numbered.every(line => /^\s*\d+\t/.test(line))) {
    return 'The text was not found. Leave out the line numbers that read_file shows, and the tab behind them.'
  }
  const lines = text.split('\n')
  const wanted = trimBlank(old.split('\n'))
  const [from, to] = findLoosely(text, lines, squeeze(old))
  if (to > from) {
    const why = differenceOf(lines.slice(from, to).join('\n'), old)
    return `The text was not found, but these lines differ from it only in ${why}:\n${show(lines, from, to - from)}`
  }
  for (const [meant, what] of readings(old)) {
    const at = meant === old ? -1 : find(text, meant)
    if (at >= 0)
      return `The text was not found, but it is there (line ${lineAt(text, at)}) when ${what}: send it as it is in the file.`
  }
  const already = replacement === '' ? -1 : find(text, replacement)
  if (already >= 0) {
    return `The text was not found, but the new text is already there, on line ${lineAt(text, already)}.`
  }
  const near = nearestLine(lines, wanted)
  if (near < 0) return 'The text was not found, and nothing like it. Read the file again.'
  return `The text was not found. The nearest lines are:\n${show(lines, near, wanted.length)}`
}

/** What `old` is once it is not escaped a second time. */
const readings = (old: string): [meant: string, what: string][] => [
  [
    old.replace(/\\([nt"'`\\])/g, (_, sign: string) => ESCAPES[sign] ?? sign),
    'the backslashes in old are read as escapes',
  ],
  [
    old.replace(/&(amp|lt|gt|quot|#39|apos);/g, (_, name: string) => ENTITIES[name]!),
    'the HTML entities in old are read',
  ],
]
const ESCAPES: Record<string, string> = { n: '\n', t: '\t' }
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", apos: "'" }

/** `lines` are those where the text begins, one more than are named if there are so many. */
export function explainMany(lines: number[]): string {
  const shown = lines.slice(0, MAX_LISTED)
  const more = lines.length > shown.length
  const times = more ? `more than ${shown.length}` : shown.length
  const where = `${shown.join(', ')}${more ? ', …' : ''}`
  return `The text occurs ${times} times (lines ${where}). Add lines around it to make it unique, or set replace_all.`
}

/** The 1-based line that holds the character at `index`. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** The lines (from, to) of the first place where the text stands but for white space and the like; an empty range for none. */
function findLoosely(text: string, lines: string[], wanted: string): [number, number] {
  const at = wanted === '' ? -1 : find(squeeze(text), wanted)
  if (at < 0) return [0, 0]
  let passed = 0
  const lineEndingBehind = (position: number, line: number) => {
    for (; line < lines.length; line++) if ((passed += squeeze(lines[line]!).length) > position) return line
    return lines.length - 1
  }
  const first = lineEndingBehind(at, 0)
  return [first, passed >= at + wanted.length ? first + 1 : lineEndingBehind(at + wanted.length - 1, first + 1) + 1]
}

/** The line from which most looks like `wanted`, judged by its longest line. */
function nearestLine(lines: string[], wanted: string[]): number {
  const anchor = longest(wanted)
  const line = squeeze((wanted[anchor] ?? '').slice(0, MAX_COMPARED))
  if (line.length < 3) return -1
  const score = likeness(line)
  let best = -1
  let bestScore = NEAR
  for (let i = 0; i < lines.length; i++) {
    const found = score(lines[i]!)
    if (found > bestScore) [best, bestScore] = [i, found]
  }
  return best < 0 ? -1 : Math.max(0, best - anchor)
}

/** Dice's coefficient over pairs of letters, 0…1, with one small table for all the lines it is asked about. */
function likeness(wanted: string): (line: string) => number {
  const SIZE = 1 << 14
  const pairOf = (text: string, i: number) => (text.charCodeAt(i) * 31 + text.charCodeAt(i + 1)) & (SIZE - 1)
  const pairs = new Int16Array(SIZE)
  for (let i = 0; i + 1 < wanted.length; i++) pairs[pairOf(wanted, i)]!++
  const left = new Int16Array(SIZE)
  return line => {
    const trimmed = line.slice(0, MAX_COMPARED).trim()
    const total = wanted.length - 1 + trimmed.length - 1
    if (2 * Math.min(wanted.length, trimmed.length) < NEAR * total) return 0
    let shared = 0
    for (let i = 0; i + 1 < trimmed.length; i++) left[pairOf(trimmed, i)] = pairs[pairOf(trimmed, i)]!
    for (let i = 0; i + 1 < trimmed.length; i++) if (left[pairOf(trimmed, i)]!-- > 0) shared++
    return (2 * shared) / total
  }
}

function show(lines: string[], at: number, length: number): string {
  const end = Math.min(lines.length, at + Math.min(length, MAX_SHOWN_LINES))
  const shown = lines.slice(at, end).map((line, i) => `${at + i + 1}\t${clip(line)}`)
  const more = Math.min(lines.length, at + length) - end
  return [...shown, ...(more > 0 ? [`[${count(more, 'more line')}]`] : [])].join('\n')
}

function trimBlank(lines: string[]): string[] {
  const first = lines.findIndex(line => line.trim() !== '')
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex(line => line.trim() !== '') + 1)
}

/** In what a text that holds `wanted` but for the likes of white space is not the same. */
function differenceOf(text: string, wanted: string): string {
  if (find(text.replaceAll('\r', ''), wanted.replaceAll('\r', '')) >= 0) return 'line ends (\\r\\n)'
  const there = text.replace(/\s+/g, '')
  const asked = wanted.replace(/\s+/g, '')
  if (find(there, asked) >= 0) return 'whitespace'
  const seen = (text: string) => text.replace(INVISIBLE, '')
  if (find(seen(there), seen(asked)) >= 0)
    return `characters that are not to be seen, such as ${named((there + asked).match(INVISIBLE)![0])}`
  const dots = (text: string) => text.includes(ELLIPSIS)
  if (dots(there) !== dots(asked)) return `the ellipsis ${named(ELLIPSIS)}, which one of them writes as three dots`
  const at = find(squeeze(text), squeeze(wanted))
  if (there.length !== squeeze(text).length || asked.length !== squeeze(wanted).length)
    return 'how letters with accents are composed (Unicode normalization)'
  let i = 0
  while (i < asked.length && asked[i] === there[at + i]) i++ // not within a pair: what is folded lies in the first plane
  const [mine, its] = [asked[i] ?? '', there[at + i] ?? '']
  return `characters that look alike, such as ${named(its)} where old has ${named(mine)}`
}

const named = (char: string): string => `${char} (U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')})`

const longest = (lines: string[]): number =>
  lines.reduce((best, line, i) => (line.length > lines[best]!.length ? i : best), 0)
const INVISIBLE = /[\u200b-\u200d\u2060\u00ad]/g
const ELLIPSIS = '\u2026'
/** Without white space, with the plain forms of what a keyboard or a word processor makes of quotes and dashes. */
const squeeze = (line: string): string => {
  const bare = line.replace(/\s+/g, '')
  if (!/[^\x00-\x7f]/.test(bare)) return bare
  return bare
    .replace(INVISIBLE, '')
    .replaceAll(ELLIPSIS, '...')
    .replace(/[\uff01-\uff5e]/g, wide => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .normalize('NFC')
    .replace(/[\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc]/g, "'")
    .replace(/[\u201c-\u201f\u2033\u00ab\u00bb]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
}
const clip = (line: string): string => cut(line, MAX_LINE_CHARS + 1)
