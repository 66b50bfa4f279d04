import { AppError } from '../base/errors.ts'
import { isForeign, keepLines } from './foreign.ts'

/** How a file writes its text: what an edit by a model, which only ever sees `\n`, must not change. */
type Style = { bom: boolean; crlf: boolean }
/** Encodings that we write: UTF-16 says so by its byte order mark. Anything else is handled as bytes (`foreign.ts`). */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

export const BOM = '\uFEFF'

/** By the byte order mark. `ff fe 00 00` is UTF-32, which we do not read. */
export function encodingOf(start: Uint8Array): Encoding {
  const [first, second, third, fourth] = start
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return first === 0xff && second === 0xfe && (third || fourth || start.length < 4) ? 'utf-16le' : 'utf-8'
}

/** A NUL byte near the start: the rule of git and ripgrep; not in UTF-16, where every other byte may be one. */
export const isBinary = (bytes: Uint8Array): boolean =>
  encodingOf(bytes) === 'utf-8' && bytes.subarray(0, 8192).includes(0)

/** For showing: malformed bytes become U+FFFD. A byte order mark stays. */
export const decodeText = (bytes: Uint8Array): string =>
  new TextDecoder(encodingOf(bytes), { ignoreBOM: true }).decode(bytes)

/**
 * The text of a file and the way back to bytes. `text` has no byte order mark, and `\n` alone where the whole file has
 * `\r\n`. Null for a file whose bytes are no text of its encoding: that one is not to be decoded (see `foreign.ts`).
 * `close` throws as `encode` does.
 */
export function openText(bytes: Uint8Array): { text: string; close(text: string): Uint8Array } | null {
  const raw = decodeExactly(bytes)
  if (raw === null) return null
  const style = styleOf(raw)
  return { text: unstyle(raw, style), close: text => encode(restyle(text, style), encodingOf(bytes)) }
}

/** With its byte order mark and line ends; null for malformed bytes, which could not be written back. */
export function decodeExactly(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/**
 * Whole new contents for a file, in the way the file is written: its encoding, its byte order mark and, if `text` has no
 * `\r`, its line ends. Lines that are not new keep their bytes, and so do
 * those of `proposed`, the contents that `text` was made from. Throws TOOL_FAILED for what the file cannot hold.
 */
export function textLike(text: string, file: Uint8Array | null, proposed: Uint8Array | null = null): Uint8Array {
  if (!file || isBinary(file)) return encode(text, 'utf-8')
  const encoding = encodingOf(file)
  if (encoding === 'utf-8' && isForeign(file)) return keepLines(text, file, proposed)
  const { bom, crlf } = styleOf(decodeText(file))
  const style = { bom: bom && !text.startsWith(BOM), crlf: crlf && !text.includes('\r') }
  return encode(restyle(text, style), encoding)
}

/** Throws TOOL_FAILED for half a surrogate pair, which no encoding has. */
export function encode(text: string, encoding: Encoding): Uint8Array {
  if (!text.isWellFormed())
    throw new AppError('TOOL_FAILED', 'The text holds half of a character (a lone surrogate), which cannot be written.')
  if (encoding === 'utf-8') return Buffer.from(text)
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16be' ? bytes.swap16() : bytes
}

/** `\r\n` counts only when no line ends otherwise, or in one more `\r`: a mixed file is left mixed. */
const styleOf = (text: string): Style => ({
  bom: text.startsWith(BOM),
  crlf: text.includes('\r\n') && !/(?<!\r)\n|\r\r\n/.test(text),
})

function unstyle(text: string, { bom, crlf }: Style): string {
  const body = bom ? text.slice(1) : text
  return crlf ? body.replaceAll('\r\n', '\n') : body
}

function restyle(text: string, { bom, crlf }: Style): string {
  const body = crlf ? text.replace(/\r?\n/g, '\r\n') : text
  return bom ? BOM + body : body
}

/** `1 line`, `12 lines`. */
export const count = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`

/** Lines as a person counts them: a final newline ends the last one. */
export function lineCount(text: string): number {
  if (text === '') return 0
  let lines = text.endsWith('\n') ? 0 : 1
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** Whether both are the same bytes, or both are absent. */
export const sameBytes = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : a.length === b.length && Buffer.compare(a, b) === 0
