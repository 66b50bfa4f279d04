/**
 * How transcripts show times, counts and long text. Everything is UTC, taken from the ISO-8601 `at` of the log, so that
 * a rendering does not depend on the machine that makes it.
 */

import { oneLine } from '../base/controls.ts'
import { cut, head, tail } from '../base/text.ts'
import type { HookRun } from '../event.ts'

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** The parts of an ISO time. One that cannot be read becomes the epoch: a bad line must not spoil the transcript. */
export function timeParts(at: string): { day: string; clock: string; weekday: string } {
  const [, year, month, date, clock] = ISO.exec(at) ?? ISO.exec('1970-01-01T00:00:00')!
  const weekday = DAYS[new Date(Date.UTC(Number(year), Number(month) - 1, Number(date))).getUTCDay()]!
  return { day: `${year}-${month}-${date}`, clock: clock!, weekday }
}

/** `1h 15m`, `12m 5s`, `8s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000)) || 0
  const minutes = Math.floor(seconds / 60)
  if (minutes >= 60) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`
}

/** `12345` → `12,345`, whatever the locale. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

export const formatCost = (usd: number): string => `$${usd.toFixed(4)}`

/** What a hook was and why it did not go on, on one line. */
export const hookLine = ({ on, command, reason }: HookRun): string =>
  oneLine(`${on}: ${cut(command, 80)}${reason ? `: ${reason}` : ''}`)

/** First letter in upper case: `success` → `Success`. */
export const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

export type Excerpt = { text: string; note?: string }

const MAX_CHARS = 6000
const MAX_LINES = 120

/** The start and the end of a long text, with a note of what is missing: the log has everything, a transcript is to be read. */
export function excerpt(whole: string): Excerpt {
  const text = withoutLastLineEnds(whole)
  const lines = text.split('\n')
  if (text.length <= MAX_CHARS && lines.length <= MAX_LINES) return { text }
  const short = lines.length > MAX_LINES ? cutLines(lines) : text
  const cut = short.length > MAX_CHARS ? cutChars(short) : short
  return { text: cut, note: `Shortened from ${formatCount(text.length)} characters; the log has everything.` }
}

function withoutLastLineEnds(text: string): string {
  let end = text.length
  while (end > 0 && /[\r\n]/.test(text[end - 1]!)) end--
  return text.slice(0, end)
}

const cutLines = (lines: string[]): string =>
  [...lines.slice(0, MAX_LINES / 2), '[…]', ...lines.slice(-MAX_LINES / 2)].join('\n')

function cutChars(text: string): string {
  return `${head(text, MAX_CHARS / 2)}\n[…]\n${tail(text, MAX_CHARS / 2)}`
}

const MAX_STRING = 1000
const MAX_ENTRIES = 50
const MAX_DEPTH = 12

/** Parameters as pretty JSON, still valid when something had to be shortened. Tool calls that write files carry the file. */
export const shortJson = (params: unknown): string => JSON.stringify(shorten(params, 0), null, 2)

function shorten(value: unknown, depth: number): unknown {
  if (typeof value === 'string') {
    if (value.length <= MAX_STRING) return value
    return `${head(value, MAX_STRING)}… (${formatCount(value.length - MAX_STRING)} more characters)`
  }
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '… (nested deeper)'
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ENTRIES).map(item => shorten(item, depth + 1))
    return value.length > MAX_ENTRIES ? [...items, `… (${formatCount(value.length - MAX_ENTRIES)} more)`] : items
  }
  const entries = Object.entries(value)
  const short = entries.slice(0, MAX_ENTRIES).map(([key, item]) => [key, shorten(item, depth + 1)])
  if (entries.length > MAX_ENTRIES) short.push(['…', `${formatCount(entries.length - MAX_ENTRIES)} more`])
  return Object.fromEntries(short)
}
