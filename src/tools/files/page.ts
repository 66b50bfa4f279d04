import { createHash } from 'node:crypto'
import { head } from '../../base/text.ts'
import { SPILL_LINE_CHARS } from '../output.ts'
import { encodingOf } from '../text.ts'

/** Larger files are read up to the page only: no total, no hash. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024
/** Below the limit for results, so that a page is never cut in its middle. */
const MAX_PAGE_CHARS = 28_000
const MAX_LINE_CHARS = 2_000
const MAX_COLUMN_CHARS = 20_000

/**
 * `total` is null where the end was not reached; `hash` is of all bytes, null for a file too large for that; `encoding` is
 * what there is to say of it: null is UTF-8, `unknown` that not all that was read is.
 */
export type Page = { lines: string[]; total: number | null; hash: string | null; encoding: 'UTF-16' | 'unknown' | null }
/** From line `offset` (1-based), at most `limit` lines; of the first, from character `column` (1-based) on. */
export type Range = { offset: number; limit: number; column?: number }

/**
 * A page of a file of `size` bytes, as long as `limit` and the size of a page allow. Memory is bounded whatever the file;
 * malformed UTF-8 becomes U+FFFD. `wrap` breaks endless lines into pieces that count as lines; without it they are cut.
 */
export async function readPage(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  range: Range,
  wrap: boolean,
): Promise<Page> {
  const hash = size <= MAX_WHOLE_BYTES ? createHash('sha256') : null
  const pager = createPager(range, wrap)
  let decoder: ReturnType<typeof createDecoder> | undefined
  for await (const chunk of chunks) {
    hash?.update(chunk)
    decoder ??= createDecoder(chunk)
    pager.add(decoder.decode(chunk))
    if (!hash && pager.isFull()) return { lines: pager.lines, total: null, hash: null, encoding: decoder.encoding() }
  }
  pager.add(decoder?.decode() ?? '')
  const total = pager.finish()
  return {
    lines: pager.lines,
    total,
    hash: hash && `sha256:${hash.digest('hex')}`,
    encoding: decoder?.encoding() ?? null,
  }
}

/** Decodes pieces cut anywhere, and finds out whether all of it was text of the encoding. No piece is the end. */
function createDecoder(start: Uint8Array) {
  const encoding = encodingOf(start)
  const lenient = new TextDecoder(encoding)
  let strict: TextDecoder | null = new TextDecoder(encoding, { fatal: true })
  return {
    decode(piece?: Uint8Array): string {
      const options = { stream: piece !== undefined }
      try {
        strict?.decode(piece, options)
      } catch {
        strict = null
      }
      return lenient.decode(piece, options)
    },
    encoding: (): Page['encoding'] => (strict === null ? 'unknown' : encoding === 'utf-8' ? null : 'UTF-16'),
  }
}

export function pageOf(text: string, range: Range): Page {
  const pager = createPager(range, false)
  pager.add(text)
  return { lines: pager.lines, total: pager.finish(), hash: null, encoding: null }
}

/** Takes a text in pieces cut anywhere. Of each line, no more is kept than is shown. */
export function createPager({ offset, limit, column = 1 }: Range, wrap: boolean) {
  const lines: string[] = []
  let room = MAX_PAGE_CHARS
  let full = false
  let number = 1
  let kept = ''
  let length = 0

  function add(text: string): void {
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf('\n', from)
      const stop = newline < 0 ? text.length : newline
      const end = wrap ? Math.min(stop, from + SPILL_LINE_CHARS - length) : stop
      if (isWanted() && kept.length <= most()) {
        const skipped = Math.min(end, from + Math.max(0, first() - length))
        kept += text.slice(skipped, Math.min(end, skipped + most() + 2))
      }
      length += end - from
      if (end < stop || newline >= 0) endLine()
      from = end === newline ? end + 1 : end
    }
  }

  function endLine(): void {
    if (isWanted()) {
      const line = shown()
      room -= line.length + 8
      if (room < 0 && lines.length > 0) full = true
      else lines.push(line)
      if (lines.length === limit) full = true
    }
    number++
    kept = ''
    length = 0
  }

  function shown(): string {
    const line = kept.endsWith('\r') && first() + kept.length === length ? kept.slice(0, -1) : kept
    if (line.length <= most()) return line.toWellFormed()
    const text = head(line, most())
    const next = first() + text.length
    const how = wrap ? '' : `: go on with offset ${number}, column ${next + 1}`
    return `${text}… [+${length - next} characters${how}]`
  }

  /** Who asks for a place within a line wants more of it. */
  const most = () => (number === offset && column > 1 ? MAX_COLUMN_CHARS : MAX_LINE_CHARS)
  /** Characters of the line that are not wanted. */
  const first = () => (number === offset ? column - 1 : 0)

  const isWanted = () => !full && number >= offset

  /** The number of lines. */
  function finish(): number {
    if (length > 0) endLine()
    return number - 1
  }

  return { add, finish, lines, isFull: () => full }
}
