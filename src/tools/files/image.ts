import type { Image } from '../../llm/provider.ts'
import { count } from '../text.ts'
import { kindOf } from './media.ts'

/**
 * The gate that every image passes before a model may see it, wherever it comes from. Providers refuse a whole request for
 * one image that they cannot read, and the history would bring it back with each request that follows.
 */

/** What providers take of one image: 5 MiB of base64 (platform.claude.com, Vision). */
const MAX_IMAGE_BYTES = 3.75 * 1024 * 1024
/** Pixels of the longer side (the same page). */
const LONGEST_SIDE = 8_000

type Size = { width: number; height: number }
/** An image that models take, labelled by what its bytes are; or why it is none of those, to follow “it”. */
export type Checked = { image: Image; kind: string } & Size
export type Fault = { fault: string }

/** Reads the size off a header; null where the header or what must follow it is not there. */
const READERS: Record<string, [media_type: string, read: (bytes: Buffer) => Size | null]> = {
  PNG: ['image/png', pngSize],
  JPEG: ['image/jpeg', jpegSize],
  GIF: ['image/gif', gifSize],
  WebP: ['image/webp', webpSize],
}

/** Kinds of bytes that models take as images. */
export const isShownKind = (kind: string | null): boolean => kind !== null && Object.hasOwn(READERS, kind)

/** The image that these bytes are, whatever they were said to be. Pixels are not looked at, only what holds them. */
export function checkImage(given: Uint8Array): Checked | Fault {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  if (bytes.length === 0) return { fault: 'is empty' }
  const kind = kindOf(bytes)
  const [media_type, read] = (kind && READERS[kind]) || []
  if (!media_type || !read)
    return { fault: `is ${nameOf(kind, bytes)}; models take PNG, JPEG, GIF or WebP, so convert it first` }
  if (bytes.length > MAX_IMAGE_BYTES)
    return { fault: `has ${count(bytes.length, 'byte')}; models take images of up to 3.75 MiB, so scale it down first` }
  const size = read(bytes)
  if (!size || size.width === 0 || size.height === 0) return { fault: `is a ${kind} file that is damaged or cut short` }
  const { width, height } = size
  if (Math.max(width, height) > LONGEST_SIDE)
    return { fault: `is ${width} × ${height} pixels; models take up to 8000 on each side, so scale it down first` }
  return { image: { media_type, data: bytes.toString('base64') }, kind: kind!, width, height }
}

/** The same for an image that came as base64: also in lines, URL-safe, or with `data:…;base64,` before it. */
export function checkEncodedImage(data: string): Checked | Fault {
  const bytes = decodeBase64(data)
  return bytes ? checkImage(bytes) : { fault: 'is not base64' }
}

/** The bytes that base64 stands for, in any of the ways that it is written; null for what is none. */
export function decodeBase64(data: string): Buffer | null {
  const plain = data.replace(/^\s*data:[^,]{0,200},/i, '').replace(/\s+/g, '')
  return /^[\w+/-]*={0,2}$/.test(plain) ? Buffer.from(plain, 'base64') : null
}

function nameOf(kind: string | null, bytes: Buffer): string {
  if (kind) return kind
  const start = bytes.subarray(0, 512).toString('latin1')
  return /<svg[\s>]/i.test(start) ? 'SVG, which is text' : 'no image that can be told by its bytes'
}

/** Chunks up to IEND, each as long as it says (w3.org/TR/png, 5). What comes behind it does no harm. */
function pngSize(bytes: Buffer): Size | null {
  let at = 8
  let hasData = false
  while (at + 12 <= bytes.length) {
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (at === 8 && (type !== 'IHDR' || length !== 13)) return null
    if (at + 12 + length > bytes.length) return null
    if (type === 'IDAT' && length > 0) hasData = true
    if (type === 'IEND') return hasData ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : null
    at += 12 + length
  }
  return null
}

/** The size is in the frame header, SOF; the pixels follow SOS (ITU-T T.81, B). Many lack the marker of the end. */
function jpegSize(bytes: Buffer): Size | null {
  let size: Size | null = null
  let at = 2
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1]!
    // Fill bytes, and markers that stand alone.
    if (marker === 0xff) at += 1
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2
    else {
      const end = at + 2 + bytes.readUInt16BE(at + 2)
      if (end > bytes.length || end < at + 4) return null
      const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
      if (isFrame && at + 9 <= bytes.length)
        size = { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
      if (marker === 0xda) return size
      at = end
    }
  }
  return null
}

/** The size of the screen, and at least one image that begins behind the colour table (GIF89a, 18 to 20). */
function gifSize(bytes: Buffer): Size | null {
  if (bytes.length < 20) return null
  const flags = bytes[10]!
  const begin = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  return bytes.indexOf(0x2c, begin) < 0 ? null : { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
}

/** RFC 9649, 2: lossy, lossless and extended, each with the size in a place of its own. */
function webpSize(bytes: Buffer): Size | null {
  // One padding byte may be missing at the end.
  if (bytes.length < 30 || bytes.readUInt32LE(4) + 8 > bytes.length + 1) return null
  const type = bytes.toString('latin1', 12, 16)
  if (type === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
  if (type === 'VP8L') {
    const bits = bytes.readUInt32LE(21)
    return bytes[20] === 0x2f ? { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 } : null
  }
  if (type !== 'VP8 ' || bytes.toString('hex', 23, 26) !== '9d012a') return null
  return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
}
