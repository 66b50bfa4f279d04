import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { PRIVATE_FILE } from '../../base/files.ts'
import { head, tail } from '../../base/text.ts'
import { MAX_RESULT_CHARS } from '../output.ts'
import { count } from '../text.ts'

/** A command that never stops printing must not fill the disk. */
const SPILL_LIMIT = 64 * 1024 * 1024

/** The last `limit` bytes of a stream, in at most twice that memory. */
export function createTail(limit: number) {
  let buffer = Buffer.alloc(Math.min(2 * limit, 4096))
  let size = 0
  let total = 0

  function write(chunk: Uint8Array): void {
    total += chunk.length
    const part = chunk.length > limit ? chunk.subarray(chunk.length - limit) : chunk
    if (size + part.length > buffer.length) makeRoom(part.length)
    buffer.set(part, size)
    size += part.length
  }

  function makeRoom(needed: number): void {
    if (size > limit) {
      buffer.copyWithin(0, size - limit, size)
      size = limit
    }
    if (size + needed <= buffer.length) return
    const larger = Buffer.alloc(Math.min(2 * limit, Math.max(2 * buffer.length, size + needed)))
    larger.set(buffer.subarray(0, size))
    buffer = larger
  }

  /** What is kept, and how many bytes before it are not; then starts anew. */
  function take(): { bytes: Uint8Array; dropped: number } {
    const bytes = buffer.slice(size - Math.min(size, limit), size)
    const taken = { bytes: Uint8Array.from(bytes), dropped: total - bytes.length }
    size = 0
    total = 0
    return taken
  }

  return { write, take, isEmpty: () => total === 0 }
}

export type Captured = {
  /** All of it; or its start, then, when both ends are kept, a line that says how much is missing, and its end. */
  text: string
  /** Bytes that are not in `text`. */
  dropped: number
  /** The whole (of more than 64 MiB, the start) is in the spill file. */
  spilled: boolean
}

/**
 * Collects a stream of any length in bounded memory: `limit` bytes, from both ends or from the start alone. As soon as
 * there is more, all of it goes to the file `spill`, if one is given.
 */
export function createCapture(limit: number, keep: 'ends' | 'start' = 'ends', spill?: string | null) {
  const headLimit = keep === 'start' ? limit : Math.ceil(limit / 2)
  const all = createTail(limit)
  let head: Uint8Array | null = null
  let tail: ReturnType<typeof createTail> | null = null
  let file: ReturnType<typeof createSpill> | null = null
  let total = 0

  function add(chunk: Uint8Array): void {
    total += chunk.length
    if (tail === null && total <= limit) all.write(chunk)
    else {
      if (tail === null) overflow()
      const missing = headLimit - head!.length
      if (missing > 0) head = Buffer.concat([head!, chunk.subarray(0, missing)])
      tail!.write(missing > 0 ? chunk.subarray(missing) : chunk)
      file?.write(chunk)
    }
  }

  function overflow(): void {
    const { bytes } = all.take()
    head = bytes.slice(0, headLimit)
    tail = createTail(limit - headLimit)
    tail.write(bytes.subarray(headLimit))
    if (!spill) return
    file = createSpill(spill)
    file.write(bytes)
  }

  function finish(): Captured {
    file?.close()
    if (head === null || tail === null) return { text: decode(all.take().bytes), dropped: 0, spilled: false }
    const { bytes, dropped } = tail.take()
    // Streaming, the decoder keeps back a character that was cut in two; the rest of it opens the tail.
    const start = new TextDecoder().decode(head, { stream: true })
    if (keep === 'start') return { text: start, dropped, spilled: file?.isUsed() ?? false }
    const end = decode(bytes.subarray(continuations(bytes)))
    return { text: `${start}\n[… ${dropped} bytes left out …]\n${end}`, dropped, spilled: file?.isUsed() ?? false }
  }

  return { add, finish }
}

/**
 * The result for a model of output that was too long to keep: short enough that nobody writes it over the spill file, which
 * has more. Shorter output comes back as it is and is cut where all results are.
 */
export function excerpt(text: string, { dropped, spilled }: { dropped: number; spilled: boolean }, id: string): string {
  if (dropped === 0) return text
  const half = Math.floor(MAX_RESULT_CHARS / 2) - 500
  const remedy = spilled ? `The whole: read_file {"path":"spill:${id}"}.` : 'The rest was not kept: ask for less.'
  return `${head(text, half)}\n[Over ${count(dropped, 'byte')} left out here. ${remedy}]\n${tail(text, half)}`
}

/** Writes synchronously: the stream waits for the disk instead of piling up in memory. */
function createSpill(path: string) {
  let file: number | null = openOrNull(path)
  let room = SPILL_LIMIT

  function write(chunk: Uint8Array): void {
    if (file === null || room === 0) return
    try {
      room -= writeSync(file, chunk, 0, Math.min(room, chunk.length))
    } catch {
      close() // the disk is full: the command matters more than its log
    }
  }

  function close(): void {
    if (file !== null) closeSync(file)
    file = null
  }

  return { write, close, isUsed: () => room < SPILL_LIMIT }
}

function openOrNull(path: string): number | null {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  try {
    const file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, PRIVATE_FILE)
    if (fstatSync(file).isFile()) return file
    closeSync(file) // a pipe that somebody reads would fill, and block
  } catch {} // no place to spill: what is in memory has to do
  return null
}

/** How many of the first bytes belong to a character before them: at most three do in UTF-8. */
export function continuations(bytes: Uint8Array): number {
  let length = 0
  while (length < 3 && length < bytes.length && (bytes[length]! & 0xc0) === 0x80) length++
  return length
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
