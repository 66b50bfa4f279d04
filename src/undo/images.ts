import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import * as zlib from 'node:zlib'
import * as v from 'valibot'
import { hashOf, PRIVATE_DIR, PRIVATE_FILE } from '../base/files.ts'
import { applyDelta, type Delta, deltaBetween } from './delta.ts'

/** A record is this line, then `bytes` bytes, then a line end. `base`: only what differs from that image is there. */
const Header = v.object({
  hash: v.string(),
  size: v.number(),
  bytes: v.number(),
  codec: v.picklist(['raw', 'deflate', 'zstd']),
  base: v.optional(v.string()),
  start: v.optional(v.number()),
  end: v.optional(v.number()),
})
type Header = v.InferOutput<typeof Header>
type Place = Header & { at: number; depth: number }

/** A chain of differences is read back from its beginning: it is no longer than this. */
const LONGEST_CHAIN = 64
/** What is written is collected up to here; `sync` writes the rest. */
const BUFFERED = 1024 * 1024
const MAX_REMEMBERED = 4 * 1024 * 1024
const LONGEST_HEADER = 1024
const RECORD_START = '\n{"hash":"sha256:'

export type Images = ReturnType<typeof openImages>

/**
 * Contents by their SHA-256, compressed, in one file that only grows. An image is on the disk when `sync` resolves. What is
 * damaged is as good as gone: `get` checks the hash. Throws what the file system says when something cannot be written.
 */
export function openImages(path: string) {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIR })
  const fd = openSync(path, 'a+', PRIVATE_FILE)
  let written = fstatSync(fd).size
  const places = scan(fd, written)
  let pending: Buffer[] = []
  let waiting = 0
  /** The last one that was put or read: edits of one file follow each other. */
  let last: { hash: string; bytes: Uint8Array } | null = null

  const remember = (hash: string, bytes: Uint8Array) => {
    last = bytes.length <= MAX_REMEMBERED ? { hash, bytes } : null
  }
  const flush = () => {
    if (waiting === 0) return
    const chunk = Buffer.concat(pending)
    const from = written
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      written += chunk.length
    } catch (error) {
      ftruncateSync(fd, from)
      for (const [hash, place] of places) if (place.at >= from) places.delete(hash)
      throw error
    } finally {
      pending = []
      waiting = 0
    }
  }
  const append = (header: Header, payload: Uint8Array, depth: number) => {
    const line = Buffer.from(`${JSON.stringify(header)}\n`)
    places.set(header.hash, { ...header, at: written + waiting + line.length, depth })
    pending.push(line, Buffer.from(payload), NEWLINE)
    waiting += line.length + payload.length + 1
    if (waiting >= BUFFERED) flush()
  }
  const payloadOf = (place: Place): Buffer => {
    if (place.at >= written) flush()
    const bytes = Buffer.alloc(place.bytes)
    const length = readSync(fd, bytes, 0, place.bytes, place.at)
    return bytes.subarray(0, length)
  }
  const read = (hash: string): Uint8Array | null => {
    if (last?.hash === hash) return last.bytes
    const place = places.get(hash)
    if (!place) return null
    const base = place.base === undefined ? null : read(place.base)
    if (place.base !== undefined && base === null) return null
    const middle = inflate(place.codec, payloadOf(place))
    const bytes = base ? applyDelta(base, { start: place.start ?? 0, end: place.end ?? 0, middle }) : middle
    if (hashOf(bytes) !== hash) return null
    remember(hash, bytes)
    return bytes
  }

  return {
    has: (hash: string): boolean => places.has(hash),
    /** Bytes on the disk. */
    size: (): number => written + waiting,
    /** Keeps contents, once. `like` is an image that they probably resemble. Returns their hash, which may be known. */
    put(bytes: Uint8Array, like?: string | null, hash: string = hashOf(bytes)): string {
      if (places.has(hash)) return hash
      const near = like ? places.get(like) : undefined
      const base = near && near.depth < LONGEST_CHAIN ? read(near.hash) : null
      const delta: Delta | null = base && deltaBetween(base, bytes)
      if (near && delta) {
        const { codec, payload } = deflate(delta.middle)
        const header = { hash, size: bytes.length, bytes: payload.length, codec, base: near.hash }
        append({ ...header, start: delta.start, end: delta.end }, payload, near.depth + 1)
      } else {
        const { codec, payload } = deflate(bytes)
        append({ hash, size: bytes.length, bytes: payload.length, codec }, payload, 0)
      }
      remember(hash, bytes)
      return hash
    },
    /** The contents; null when they are gone or damaged. */
    get(hash: string): Uint8Array | null {
      try {
        return read(hash)
      } catch {
        return null // cannot be read or decompressed: damaged
      }
    },
    /** Takes an image over from another file as it is there. */
    adopt(other: { get(hash: string): Uint8Array | null }, hash: string, like?: string | null): boolean {
      if (places.has(hash)) return true
      const bytes = other.get(hash)
      if (bytes === null) return false
      this.put(bytes, like, hash)
      return true
    },
    flush,
    sync(): Promise<void> {
      flush()
      return new Promise((resolve, reject) => fdatasync(fd, error => (error ? reject(error) : resolve())))
    },
    close: () => closeSync(fd),
    remove() {
      closeSync(fd)
      if (existsSync(path)) rmSync(path)
    },
  }
}

const NEWLINE = Buffer.from('\n')

/** Where each image is. A header that is damaged is passed over, up to what looks like the next one. */
function scan(fd: number, length: number): Map<string, Place> {
  const places = new Map<string, Place>()
  const chunk = Buffer.alloc(LONGEST_HEADER)
  for (let at = 0; at < length; ) {
    const text = chunk.toString('latin1', 0, readSync(fd, chunk, 0, LONGEST_HEADER, at))
    const end = text.indexOf('\n')
    const header = end < 0 ? null : parseHeader(text.slice(0, end))
    if (header && at + end + 1 + header.bytes <= length) {
      const depth = header.base === undefined ? 0 : (places.get(header.base)?.depth ?? 0) + 1
      places.set(header.hash, { ...header, at: at + end + 1, depth })
      at += end + 1 + header.bytes + 1
    } else at = nextRecord(fd, at, length)
  }
  return places
}

function parseHeader(line: string): Header | null {
  try {
    const parsed = v.safeParse(Header, JSON.parse(line))
    return parsed.success ? parsed.output : null
  } catch {
    return null // damaged
  }
}

function nextRecord(fd: number, from: number, length: number): number {
  const chunk = Buffer.alloc(64 * 1024)
  for (let at = from; at < length; at += chunk.length - RECORD_START.length) {
    const found = chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, at)).indexOf(RECORD_START)
    if (found >= 0) return at + found + 1
  }
  return length
}

type Packed = { codec: Header['codec']; payload: Uint8Array }

const canZstd = typeof zlib.zstdCompressSync === 'function'

function deflate(bytes: Uint8Array): Packed {
  if (bytes.length < 128) return { codec: 'raw', payload: bytes }
  const payload = canZstd
    ? zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } })
    : zlib.deflateRawSync(bytes, { level: 1 })
  if (payload.length >= bytes.length) return { codec: 'raw', payload: bytes }
  return { codec: canZstd ? 'zstd' : 'deflate', payload }
}

function inflate(codec: Header['codec'], payload: Uint8Array): Uint8Array {
  if (codec === 'zstd') return zlib.zstdDecompressSync(payload)
  return codec === 'deflate' ? zlib.inflateRawSync(payload) : payload
}
