import { basename, extname } from 'node:path'
import { count } from '../text.ts'

/** The kinds of image that models take. */
const IMAGES: Record<string, string> = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  GIF: 'image/gif',
  WebP: 'image/webp',
}

/** First bytes as Latin-1; `.` stands for any. What has no text in it, or text of no use. */
const MAGIC: [RegExp, string][] = [
  [/^\x89PNG\r\n\x1a\n/, 'PNG'],
  [/^\xff\xd8\xff/, 'JPEG'],
  [/^GIF8[79]a/, 'GIF'],
  [/^RIFF....WEBP/s, 'WebP'],
  [/^%PDF-/, 'PDF'],
  [/^PK\x03\x04/, 'ZIP'],
  [/^\x1f\x8b/, 'gzip'],
  [/^\x7fELF/, 'ELF'],
  [/^SQLite format 3\0/, 'SQLite'],
]

/** `PNG`, `PDF` …, from the first 16 bytes; null for anything that may be text. */
export function kindOf(start: Uint8Array): string | null {
  const head = Buffer.from(start.subarray(0, 16)).toString('latin1')
  return MAGIC.find(([pattern]) => pattern.test(head))?.[1] ?? null
}

export const mediaTypeOf = (kind: string | null): string | null => (kind === null ? null : (IMAGES[kind] ?? null))

/** What read_file says instead of contents. */
export function describeBinary(path: string, kind: string | null, bytes: number): string {
  const type = kind ?? extname(path).slice(1).toUpperCase()
  return `${basename(path)}: Binary file${type && ` (${type})`}, ${count(bytes, 'byte')}.`
}
