import { cut } from '../../text.ts'
import { count } from '../text.ts'

const MAX_SHOWN_LINES = 12
const MAX_LINE_CHARS = 300
/** Of a line, for comparing. */
const MAX_COMPARED = 1_000
/** A line is near when it shares this part of its letter pairs. */
const NEAR = 0.6

/** Why `old` is not in the text, and what is there instead: for the model to mend its edit. Linear in the text. */
export function explainMiss(text: string, old: string, replacement: string): string {
  const numbered = old.split('\n').filter(line => line !== '')
  if (numbered.length > 0 && numbered.every(line => /^\s*\d+\t/.test(line))) {
    return 'The text was not found. Leave out the line numbers that read_file shows, and the tab behind them.'
  }
  const lines = text.split('\n')
  const wanted = trimBlank(old.split('\n'))
  const [from, to] = findLoosely(text, lines, squeeze(old))
  if (to > from) {
    const why = hasBut('\r', lines.slice(from, to).join('\n'), old) ? 'line ends (\\r\\n)' : 'whitespace'
    return `The text was not found, but these lines differ from it only in ${why}:\n${show(lines, from, to - from)}`
  }
  if (replacement !== '' && text.includes(replacement)) {
    return `The text was not found, but the new text is already there, on line ${lineAt(text, text.indexOf(replacement))}.`
  }
  const near = nearestLine(lines, wanted)
  if (near < 0) return 'The text was not found, and nothing like it. Read the file again.'
  return `The text was not found. The nearest lines are:\n${show(lines, near, wanted.length)}`
}

/** Where `old` begins each time, overlaps included: the first ten lines. */
export function explainMany(text: string, old: string): string {
  const lines: number[] = []
  let times = 0
  let line = 1
  let counted = 0
  for (let at = text.indexOf(old); at >= 0; at = text.indexOf(old, at + 1)) {
    times++
    if (lines.length === 10) continue
    line += lineAt(text.slice(counted, at), at - counted) - 1
    counted = at
    lines.push(line)
  }
  const where = `${lines.join(', ')}${times > lines.length ? ', …' : ''}`
  return `The text occurs ${times} times (lines ${where}). Add lines around it to make it unique, or set replace_all.`
}

/** The 1-based line that holds the character at `index`. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** The lines (from, to) of the first place where the text stands but for white space; an empty range for none. */
function findLoosely(text: string, lines: string[], wanted: string): [number, number] {
  const at = wanted === '' ? -1 : squeeze(text).indexOf(wanted)
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

const hasBut = (char: string, text: string, wanted: string): boolean =>
  text.replaceAll(char, '').includes(wanted.replaceAll(char, ''))

const longest = (lines: string[]): number =>
  lines.reduce((best, line, i) => (line.length > lines[best]!.length ? i : best), 0)
const squeeze = (line: string): string => line.replace(/\s+/g, '')
const clip = (line: string): string => cut(line, MAX_LINE_CHARS + 1)
