import { AppError } from '../../base/errors.ts'
import { find, places } from './find.ts'
import { explainMany, explainNotFound, lineAt, MAX_LISTED } from './not-found.ts'

export type Replacement = { old: string; new: string; replace_all?: boolean }
/** `line` is that of the first place, 1-based. */
export type Replaced = { result: string; line: number; times: number }

type Place = { at: number; end: number; now: string }

/**
 * The text with `old` replaced, which must stand there once unless `replace_all`. In a text of mixed line ends, lines keep
 * theirs and new ones get those of the lines they come after. `shown` is the text as the model sees it, for explanations; `check` is asked about
 * each place. Throws TOOL_FAILED with what is near, INVALID_PARAMS for an empty `old` where there is text.
 */
export function replaced(
  text: string,
  params: Replacement,
  { shown = text, check }: { shown?: string; check?: (at: number, end: number) => void } = {},
): Replaced {
  if (params.old === '') {
    if (text !== '') throw new AppError('INVALID_PARAMS', 'old is empty, which only creates or fills an empty file.')
    return { result: params.new, line: 1, times: 1 }
  }
  const found = placesOf(text, params)
  if (found.length === 0) throw new AppError('TOOL_FAILED', explainNotFound(shown, params.old, params.new))
  for (const { at, end } of found) check?.(at, end)
  const { at } = found[0]!
  if (found.length > 1 && !params.replace_all) {
    throw new AppError('TOOL_FAILED', explainMany(found.map(({ at }) => lineAt(text, at))))
  }
  const parts: string[] = []
  let done = 0
  for (const { at, end, now } of found) {
    parts.push(text.slice(done, at), now)
    done = end
  }
  parts.push(text.slice(done))
  return { result: parts.join(''), line: lineAt(text, at), times: found.length }
}

/**
 * All places, apart from each other, for `replace_all`; else the first few, overlapping ones too. A model sees no `\r`, so its
 * `\n` stands for either end of a line, unless it writes `\r` itself and the text has that.
 */
function placesOf(text: string, { old, new: now, replace_all = false }: Replacement): Place[] {
  const exact = old.includes('\r') && find(text, old) >= 0
  const wanted = exact ? old : old.replaceAll('\r\n', '\n')
  const isMixed = text.includes('\r\n')
  const within = isMixed && !exact ? text.replaceAll('\r\n', '\n') : text
  const original = within === text ? (at: number) => at : positionsIn(text)
  const endAfter = lineEnds(text)
  const found: Place[] = []
  for (const start of places(within, wanted, { apart: replace_all })) {
    const [at, end] = [original(start), original(start + wanted.length)]
    const fitted = isMixed
      ? likeLines(text.slice(at, end), now, () => endAfter(end))
      : exact
        ? now
        : now.replaceAll('\r\n', '\n')
    found.push({ at, end, now: fitted })
    if (!replace_all && found.length > MAX_LISTED) break
  }
  return found
}

/** From an index in the text whose `\r\n` have become `\n` to that in the text itself. */
function positionsIn(text: string): (index: number) => number {
  const shortened: number[] = []
  for (let at = text.indexOf('\r\n'); at >= 0; at = text.indexOf('\r\n', at + 2)) shortened.push(at - shortened.length)
  return index => {
    let [low, high] = [0, shortened.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (shortened[middle]! < index) low = middle + 1
      else high = middle
    }
    return index + low
  }
}

/** `now` with line ends as those of the lines it replaces; lines it adds get the end of the last of these, or `endAfter`. */
function likeLines(replaced: string, now: string, endAfter: () => string): string {
  if (now.includes('\r')) return now
  const old = replaced.split('\n')
  const lines = now.split('\n')
  if (lines.length === 1) return now
  const ends = old.slice(0, -1).map(line => (line.endsWith('\r') ? '\r\n' : '\n'))
  const same = (a: string | undefined, b: string | undefined) => a?.replace(/\r$/, '') === b
  let head = 0
  while (head < ends.length && head < lines.length - 1 && same(old[head], lines[head])) head++
  let tail = 0
  while (tail < Math.min(ends.length, lines.length - 1) - head && same(old.at(-1 - tail), lines.at(-1 - tail))) tail++
  const added = ends.at(-1) ?? endAfter()
  return lines.reduce((result, line, i) => {
    if (i === 0) return line
    const n = i - 1 // the line end before this line
    const kept =
      n < head ? ends[n] : lines.length - 1 - n <= tail ? ends[ends.length - (lines.length - 1 - n)] : undefined
    return result + (kept ?? ends[n] ?? added) + line
  }, '')
}

/** How the line that holds an index ends; a last line without an end would end as the one before it. For rising indices. */
function lineEnds(text: string): (index: number) => string {
  const last = text.lastIndexOf('\n')
  let newline = -1
  return index => {
    if (index > last) newline = last
    else if (newline < index) newline = text.indexOf('\n', index)
    return text[newline - 1] === '\r' ? '\r\n' : '\n'
  }
}
