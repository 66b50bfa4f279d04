import { indentOf, isBlank, startsHtml } from './columns.ts'

/** What starts a block of Markdown, one line at a time. */

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/
export const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/
export const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/
export const QUOTE = /^ {0,3}>/
export const MARKER = /^[ \t]*([-+*]|\d{1,9}[.)])(?=[ \t]|$)/

/** The fence a line opens, if any; backtick fences have no backtick in their info string. */
export function openFence(line: string): { mark: string; lang: string; indent: number } | undefined {
  const match = FENCE.exec(line)
  if (!match || (match[1]!.startsWith('`') && match[2]!.includes('`'))) return undefined
  return { mark: match[1]!, lang: match[2]!.trim().split(/\s/, 1)[0]!, indent: indentOf(line) }
}

export function closesFence(line: string, mark: string): boolean {
  const trimmed = line.trim()
  return trimmed.length >= mark.length && indentOf(line) < 4 && trimmed === mark.charAt(0).repeat(trimmed.length)
}

/** `kind` distinguishes lists: the bullet, or the mark after the number. */
export type Marker = { kind: string; ordered: boolean; start: number; indent: number; content: number }

export function readMarker(line: string): Marker | undefined {
  const match = MARKER.exec(line)
  if (!match || RULE.test(line)) return undefined
  const indent = indentOf(line)
  const mark = match[1]!
  const rest = line.slice(match[0].length)
  const gap = indentOf(rest)
  const padding = isBlank(rest) || gap > 4 ? 1 : gap
  return {
    kind: mark.at(-1)!,
    ordered: mark.length > 1,
    start: Number.parseInt(mark, 10) || 0,
    indent,
    content: indent + mark.length + padding,
  }
}

/** Whether a line ends the paragraph before it. */
export function interrupts(line: string): boolean {
  if (openFence(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line)) return true
  const marker = indentOf(line) < 4 ? readMarker(line) : undefined
  if (marker) return (!marker.ordered || marker.start === 1) && line.trim().length > 2
  return startsHtml(line)
}
