import { decodeText } from '../tools/text.ts'
import { type Edit, editsBetween, hasLines, joinLines, splitLines } from './lines.ts'

export type Merged = { bytes: Uint8Array } | { conflict: string }

const CONTEXT = 3
const MAX_CONFLICT_CHARS = 64 * 1024

/**
 * Takes what made `base` of `wanted` back in `now`, which somebody changed since: hunk by hunk. Hunks that touch each other
 * are a conflict, unless both sides made the same; `conflict` shows it as diff3 does.
 */
export function merge(base: Uint8Array, now: Uint8Array, wanted: Uint8Array): Merged {
  if (![base, now, wanted].every(hasLines)) return { conflict: '' }
  const lines = splitLines(base)
  const ours = editsBetween(lines, splitLines(now))
  const theirs = editsBetween(lines, splitLines(wanted))
  const result: string[] = []
  const conflicts: string[] = []
  let at = 0
  while (ours.length > 0 || theirs.length > 0) {
    const { mine, other } = takeGroup(ours, theirs)
    const from = Math.min(...[...mine, ...other].map(edit => edit.from))
    const to = Math.max(...[...mine, ...other].map(edit => edit.to))
    result.push(...lines.slice(at, from))
    const [left, right] = [applied(lines, mine, from, to), applied(lines, other, from, to)]
    if (mine.length === 0 || same(left, right)) result.push(...right)
    else if (other.length === 0) result.push(...left)
    else conflicts.push(shown(lines, from, to, left, right))
    at = to
  }
  result.push(...lines.slice(at))
  return conflicts.length > 0
    ? { conflict: decodeText(Buffer.from(conflicts.join('').slice(0, MAX_CONFLICT_CHARS), 'latin1')) }
    : { bytes: joinLines(result) }
}

/** The first edit of either side, with all that touch it, and what touches those. */
function takeGroup(ours: Edit[], theirs: Edit[]): { mine: Edit[]; other: Edit[] } {
  const mine: Edit[] = []
  const other: Edit[] = []
  const firstIsOurs = (ours[0]?.from ?? Number.POSITIVE_INFINITY) <= (theirs[0]?.from ?? Number.POSITIVE_INFINITY)
  ;(firstIsOurs ? mine : other).push((firstIsOurs ? ours : theirs).shift()!)
  let end = (mine[0] ?? other[0])!.to
  for (;;) {
    const next = [
      { from: ours, to: mine },
      { from: theirs, to: other },
    ].find(side => side.from[0] && side.from[0].from <= end)
    if (!next) return { mine, other }
    const edit = next.from.shift()!
    next.to.push(edit)
    end = Math.max(end, edit.to)
  }
}

function applied(lines: readonly string[], edits: readonly Edit[], from: number, to: number): string[] {
  const result: string[] = []
  let at = from
  for (const edit of edits) {
    result.push(...lines.slice(at, edit.from), ...edit.lines)
    at = edit.to
  }
  return [...result, ...lines.slice(at, to)]
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index])

function shown(lines: readonly string[], from: number, to: number, now: string[], wanted: string[]): string {
  const whole = (part: readonly string[]) => part.map(line => (line.endsWith('\n') ? line : `${line}\n`)).join('')
  return [
    `@@ line ${from + 1} @@\n`,
    whole(lines.slice(Math.max(0, from - CONTEXT), from)),
    '<<<<<<< now\n',
    whole(now),
    '||||||| after the call\n',
    whole(lines.slice(from, to)),
    '=======\n',
    whole(wanted),
    '>>>>>>> before the call\n',
    whole(lines.slice(to, to + CONTEXT)),
  ].join('')
}
