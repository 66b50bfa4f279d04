import { count } from '../text.ts'

/** A diff is read by a person or a model: past this it is cut, with a note. */
export const MAX_DIFF_LINES = 2_000
export const MAX_DIFF_BYTES = 256 * 1024
/** What is left after the common start and end must be this small to be compared line by line. */
const MAX_COMPARED = 2 * 1024 * 1024
/** Myers' algorithm takes time with the square of this: beyond, everything between is shown as replaced. */
const MAX_EDITS = 1_000
const CONTEXT = 3

type Hunk = { oldStart: number; oldLines: number; newStart: number; newLines: number; lines: string[] }

/**
 * A unified diff as `diff -u` and git write it, empty when nothing changed; `null` is a file that is not there. Its size is
 * bounded, and so is the work, however large the texts are. Line ends that both sides have in common are not shown.
 */
export async function unifiedDiff(path: string, before: string | null, after: string | null): Promise<string> {
  if (before === after) return ''
  const [old, now] = commonEnds(before ?? '', after ?? '')
  const hunks = await hunksOf(old, now)
  const name = quote(path)
  const header = [
    `--- ${before === null ? '/dev/null' : `a/${name}`}`,
    `+++ ${after === null ? '/dev/null' : `b/${name}`}`,
  ]
  return bounded([...header, ...hunks.flatMap(linesOf)])
}

/** Only the texts between the common start and end (and their context) are compared: the rest cannot differ. */
async function hunksOf(before: string, after: string): Promise<Hunk[]> {
  const start = commonStart(before, after)
  const tail = commonTail(before, after, start)
  const old = before.slice(start, before.length - tail)
  const now = after.slice(start, after.length - tail)
  const skipped = newlines(before, start)
  const hunks = (old.length + now.length <= MAX_COMPARED && (await compare(old, now))) || [replacement(old, now)]
  return hunks.map(hunk => ({ ...hunk, oldStart: hunk.oldStart + skipped, newStart: hunk.newStart + skipped }))
}

async function compare(before: string, after: string): Promise<Hunk[] | undefined> {
  const { structuredPatch } = await import('diff')
  const options = { context: CONTEXT, maxEditLength: MAX_EDITS }
  return structuredPatch('', '', before, after, undefined, undefined, options)?.hunks
}

function replacement(before: string, after: string): Hunk {
  const removed = split(before)
  const added = split(after)
  const mark = (lines: string[], sign: string, text: string) =>
    lines.map(line => sign + line).concat(text !== '' && !text.endsWith('\n') ? [NO_NEWLINE] : [])
  return {
    oldStart: 1,
    oldLines: removed.length,
    newStart: 1,
    newLines: added.length,
    lines: [...mark(removed, '-', before), ...mark(added, '+', after)],
  }
}

const NO_NEWLINE = '\\ No newline at end of file'

function split(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Where the first line of context before the first difference starts. */
function commonStart(before: string, after: string): number {
  const end = Math.min(before.length, after.length)
  let same = 0
  while (same < end && before.charCodeAt(same) === after.charCodeAt(same)) same++
  return lineBack(before, same, CONTEXT + 1)
}

/** How many characters after the last line of context are the same on both sides, in whole lines. */
function commonTail(before: string, after: string, start: number): number {
  const end = Math.min(before.length, after.length) - start
  let same = 0
  while (same < end && before.charCodeAt(before.length - 1 - same) === after.charCodeAt(after.length - 1 - same)) same++
  let at = before.length - same
  for (let lines = 0; lines <= CONTEXT; lines++) {
    const newline = before.indexOf('\n', at)
    if (newline < 0) return 0
    at = newline + 1
  }
  return before.length - at
}

/** The start of the line `lines - 1` lines above the one that holds `at`. */
function lineBack(text: string, at: number, lines: number): number {
  let start = at
  for (let n = 0; n < lines && start > 0; n++) {
    const before = start - (n === 0 ? 1 : 2)
    start = before < 0 ? 0 : text.lastIndexOf('\n', before) + 1
  }
  return start
}

function newlines(text: string, end: number): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** The start of an empty range is the line before it, as POSIX has it. */
function linesOf(hunk: Hunk): string[] {
  const range = (start: number, lines: number) =>
    lines === 1 ? `${start}` : `${lines === 0 ? start - 1 : start},${lines}`
  return [`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`, ...hunk.lines]
}

/** The note starts with a backslash, which patch programs skip. */
function bounded(lines: string[]): string {
  let bytes = 0
  let shown = 0
  for (const line of lines) {
    bytes += line.length + 1
    if (shown >= MAX_DIFF_LINES || bytes > MAX_DIFF_BYTES) break
    shown++
  }
  const rest = lines.length - shown
  const note = rest > 0 ? [`\\ ${count(rest, 'more line')} of this diff not shown`] : []
  return [...lines.slice(0, shown), ...note].join('\n').concat('\n')
}

function commonEnds(before: string, after: string): [string, string] {
  const plain = (text: string) => !/(?<!\r)\n/.test(text)
  const both = (before.includes('\r\n') || after.includes('\r\n')) && plain(before) && plain(after)
  return both ? [before.replaceAll('\r\n', '\n'), after.replaceAll('\r\n', '\n')] : [before, after]
}

/** A name with control characters could write lines of its own into the header. */
const quote = (path: string): string => (/[\x00-\x1f\x7f"\\]/.test(path) ? JSON.stringify(path) : path)
