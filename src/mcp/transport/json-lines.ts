import { head } from '../../base/text.ts'
import { jsonValues } from '../catalog/values.ts'
import { createIdScanner, type IdScanner } from './response-id.ts'

/** What comes out of a server's stdout, in order. */
export type JsonLineHandlers = {
  /** A JSON value of a line; the members of a batch, and several on one line, come one by one. */
  message(value: unknown): void
  /** What of a line is not JSON: servers print banners there. Cut to 500 characters. */
  garbage(line: string): void
  /** A line over the limit was dropped. `id` is that of the response it was; null for anything else. */
  oversize(id: string | number | null, bytes: number): void
}

const NEWLINE = 0x0a
const GARBAGE_SHOWN = 500

/**
 * Splits a byte stream into JSON lines (MCP over stdio). Lines up to `limit` bytes are held as chunks and joined once; of a
 * longer one only its id is kept, so that it fails that call and nothing else.
 */
export function createJsonLines(limit: number, on: JsonLineHandlers): (chunk: Uint8Array) => void {
  let held: Uint8Array[] = []
  let size = 0
  let scanner: IdScanner | null = null

  const add = (part: Uint8Array) => {
    size += part.length
    if (scanner) return scanner.push(part)
    held.push(part)
    if (size <= limit) return
    scanner = createIdScanner()
    for (const earlier of held) scanner.push(earlier)
    held = []
  }

  const finish = () => {
    if (scanner) on.oversize(scanner.responseId(), size)
    else if (size > 0) parse(held.length === 1 ? held[0]! : Buffer.concat(held))
    held = []
    size = 0
    scanner = null
  }

  const parse = (line: Uint8Array) => {
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8').trim()
    if (text === '') return
    const { values, rest } = jsonValues(text)
    if (rest !== '') on.garbage(head(rest, GARBAGE_SHOWN))
    for (const value of values.flat()) on.message(value)
  }

  return chunk => {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (end > start) add(chunk.subarray(start, end))
      finish()
      start = end + 1
    }
    if (start < chunk.length) add(start === 0 ? chunk : chunk.subarray(start))
  }
}
