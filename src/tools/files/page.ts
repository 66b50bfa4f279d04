import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { head } from '../../text.ts'
import { SPILL_LINE_CHARS } from '../output.ts'

/** Larger files are read up to the page only: no total, no hash. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024
/** Below the limit for results, so that a page is never cut in its middle. */
const MAX_PAGE_CHARS = 28_000
const MAX_LINE_CHARS = 2_000
const CHUNK_BYTES = 1024 * 1024

/** `total` is null where the end was not reached; `hash` is of all bytes, null for a file too large for that. */
export type Page = { lines: string[]; total: number | null; hash: string | null }
/** From line `offset` (1-based), at most `limit` lines. */
export type Range = { offset: number; limit: number }

/**
 * A page of a file, as long as `limit` and the size of a page allow. Memory is bounded whatever the file; malformed UTF-8
 * becomes U+FFFD. `wrap` breaks endless lines into pieces that count as lines; without it they are cut.
 */
export async function readPage(path: string, size: number, range: Range, wrap: boolean): Promise<Page> {
  const hash = size <= MAX_WHOLE_BYTES ? createHash('sha256') : null
  const decoder = new TextDecoder()
  const pager = createPager(range, wrap)
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, size + 1))
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      const chunk = buffer.subarray(0, bytesRead)
      hash?.update(chunk)
      pager.add(decoder.decode(chunk, { stream: true }))
      if (!hash && pager.isFull()) return { lines: pager.lines, total: null, hash: null }
    }
  } finally {
    await file.close()
  }
  pager.add(decoder.decode())
  return { lines: pager.lines, total: pager.finish(), hash: hash && `sha256:${hash.digest('hex')}` }
}

export function pageOf(text: string, range: Range): Page {
  const pager = createPager(range, false)
  pager.add(text)
  return { lines: pager.lines, total: pager.finish(), hash: null }
}

/** Takes a text in pieces cut anywhere. Of each line, no more is kept than is shown. */
export function createPager({ offset, limit }: Range, wrap: boolean) {
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
      if (isWanted() && kept.length <= MAX_LINE_CHARS)
        kept += text.slice(from, Math.min(end, from + MAX_LINE_CHARS + 2))
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
    const line = kept.endsWith('\r') && kept.length === length ? kept.slice(0, -1) : kept
    if (line.length <= MAX_LINE_CHARS) return line.toWellFormed()
    return `${head(line, MAX_LINE_CHARS)}… [+${length - MAX_LINE_CHARS} characters]`
  }

  const isWanted = () => !full && number >= offset

  /** The number of lines. */
  function finish(): number {
    if (length > 0) endLine()
    return number - 1
  }

  return { add, finish, lines, isFull: () => full }
}
