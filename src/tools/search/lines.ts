import { slice } from '../../base/text.ts'
import type { LineMatch } from './automaton.ts'

const MAX_SHOWN = 400

/** Matching lines as `12:text`, the `context` lines around as `11-text`, `--` where lines are left out. */
export function showLines(text: string, matches: LineMatch[], context: number): string {
  const lines: string[] = []
  let shown = 0
  for (const [i, match] of matches.entries()) {
    const next = matches[i + 1]?.line ?? Number.POSITIVE_INFINITY
    const above = linesAbove(text, match.start, Math.min(context, match.line - shown - 1))
    if (context > 0 && shown > 0 && match.line - above.length > shown + 1) lines.push('--')
    lines.push(...above.map((line, n) => `${match.line - above.length + n}-${clip(line, 0)}`))
    lines.push(`${match.line}:${clip(text.slice(match.start, match.end), match.matchEnd - match.start)}`)
    const below = linesBelow(text, match.end, Math.min(context, next - match.line - 1))
    lines.push(...below.map((line, n) => `${match.line + 1 + n}-${clip(line, 0)}`))
    shown = match.line + below.length
  }
  return lines.join('\n')
}

function linesAbove(text: string, start: number, count: number): string[] {
  const lines: string[] = []
  for (let end = start - 1; lines.length < count && end >= 0; ) {
    const from = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1
    lines.unshift(text.slice(from, end).replace(/\r$/, ''))
    end = from - 1
  }
  return lines
}

function linesBelow(text: string, end: number, count: number): string[] {
  const lines: string[] = []
  for (let newline = text.indexOf('\n', end); lines.length < count && newline >= 0 && newline + 1 < text.length; ) {
    const next = text.indexOf('\n', newline + 1)
    lines.push(text.slice(newline + 1, next < 0 ? text.length : next).replace(/\r$/, ''))
    newline = next
  }
  return lines
}

/** The part of a long line around the match. */
function clip(line: string, matchEnd: number): string {
  if (line.length <= MAX_SHOWN) return line
  const from = Math.max(0, Math.min(matchEnd - MAX_SHOWN / 2, line.length - MAX_SHOWN))
  const to = from + MAX_SHOWN
  return `${from > 0 ? '…' : ''}${slice(line, from, to)}${to < line.length ? '…' : ''}`
}
