import { isUtf8 } from 'node:buffer'
import { AppError } from '../base/errors.ts'

/**
 * Files that are not UTF-8, and do not say what else they are. They are never decoded to be written: a text of theirs is a
 * string with one character a byte (Latin-1), so that unchanged parts stay byte for byte. People and models see U+FFFD for
 * what does not decode.
 */

const UTF8_BOM = '\xEF\xBB\xBF'
const HIGH = /[\x80-\xff]/
const NOT_ASCII = /[^\x00-\x7f]/
/** Multi-byte encodings in which a byte below 0x80 may be the second half of a character. */
const DOUBLE_BYTE = ['shift_jis', 'gb18030', 'big5', 'euc-kr']
/** How an editor may have decoded the file whose buffer it sends. */
const READINGS = ['utf-8', 'windows-1252', 'euc-jp', ...DOUBLE_BYTE, 'windows-1250', 'windows-1251', 'koi8-r']

export const isForeign = (bytes: Uint8Array): boolean => !isUtf8(bytes)

export type ForeignText = {
  /** One character a byte, without a byte order mark, and `\n` alone where the whole file has `\r\n`. */
  text: string
  /** The same as people and models see it. */
  shown: string
  /** UTF-8 but for a few stray bytes, so that any text may be put into it. */
  isMostlyUtf8: boolean
  /** A text as bytes of this file; null for one that would bring a second encoding into it. */
  spell(text: string): string | null
  /** A match from here may begin inside a character of two bytes: in an encoding in which the file makes sense, it does. */
  isDoubtful(at: number): boolean
  close(text: string): Uint8Array
}

export function openForeign(bytes: Uint8Array): ForeignText {
  const raw = latin1(bytes)
  const bom = raw.startsWith(UTF8_BOM)
  const crlf = raw.includes('\r\n') && !/(?<!\r)\n|\r\r\n/.test(raw)
  const body = bom ? raw.slice(UTF8_BOM.length) : raw
  const text = crlf ? body.replaceAll('\r\n', '\n') : body
  const shown = reader('utf-8')(text)!
  const isMostlyUtf8 = looksLikeUtf8(shown)
  let encodings: string[] | undefined
  return {
    text,
    shown,
    isMostlyUtf8,
    spell: wanted => (!NOT_ASCII.test(wanted) ? wanted : isMostlyUtf8 ? latin1(Buffer.from(wanted)) : null),
    isDoubtful(at) {
      const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
      if (isMostlyUtf8 || at === 0 || !HIGH.test(before)) return false
      encodings ??= DOUBLE_BYTE.filter(encoding => reader(encoding, true)(text) !== null)
      return encodings.some(encoding => reader(encoding, true)(before) === null)
    },
    close: result => Buffer.from((bom ? UTF8_BOM : '') + (crlf ? result.replace(/\r?\n/g, '\r\n') : result), 'latin1'),
  }
}

/**
 * A whole new text for such a file: lines that were there before keep their bytes, others may be ASCII alone, or anything
 * where the file is UTF-8 but for stray bytes. Throws TOOL_FAILED where that leaves a line that cannot be written.
 * `proposed` is what the file was to become: its lines may be kept as well, where no line of the file looks the same.
 */
export function keepLines(content: string, bytes: Uint8Array, proposed: Uint8Array | null = null): Uint8Array {
  const file = openForeign(bytes)
  const other = proposed && openForeign(proposed)
  const lines = content.replace(/^\uFEFF/, '').split('\n')
  let wrong: number | undefined
  for (const encoding of READINGS) {
    const kept = linesAs(encoding, lines, file, other)
    if (typeof kept !== 'number') return file.close(kept.join('\n'))
    wrong ??= kept
  }
  throw new AppError(
    'TOOL_FAILED',
    `Line ${wrong! + 1} cannot be written: the file is not UTF-8, and beside ASCII it can only keep lines as they are (\uFFFD stands for bytes of it). Use edit_file on ASCII parts, or convert the file first (iconv).`,
  )
}

/** The lines as bytes, taking what the file holds for text in this encoding; else the index of the first that is none. */
function linesAs(encoding: string, lines: string[], file: ForeignText, other: ForeignText | null): string[] | number {
  const ownEnds = lines.some(line => line.endsWith('\r'))
  const known = shownLines(encoding, file.text)
  for (const [shown, same] of other ? shownLines(encoding, other.text) : [])
    if (!known.has(shown)) known.set(shown, same)
  const asked = Map.groupBy(lines.filter(line => NOT_ASCII.test(line)).map(bare), line => line)
  const taken = new Map<string, number>()
  const kept: string[] = []
  for (const [index, line] of lines.entries()) {
    const same = NOT_ASCII.test(line) ? known.get(bare(line)) : undefined
    if (!same) {
      const spelled = line.includes('\uFFFD') ? null : file.spell(line)
      if (spelled === null) return index
      kept.push(spelled)
      continue
    }
    const nth = taken.get(bare(line)) ?? 0
    taken.set(bare(line), nth + 1)
    // Different bytes may look the same: then only their order decides, as long as there are as many of them as before.
    if (asked.get(bare(line))!.length !== same.length && new Set(same).size > 1) return index
    const old = same[nth] ?? same[0]!
    kept.push(ownEnds ? bare(old) + line.slice(bare(line).length) : old)
  }
  return kept
}

/** The bytes of the lines that are not ASCII, by how they look. In a file of mixed line ends, theirs are part of the bytes. */
function shownLines(encoding: string, text: string): Map<string, string[]> {
  const read = reader(encoding)
  const known = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const shown = HIGH.test(line) ? read(bare(line)) : null
    if (shown === null) continue
    const same = known.get(shown)
    if (same) same.push(line)
    else known.set(shown, [line])
  }
  return known
}

const bare = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

/** Gives null where the encoding has no such text, asked strictly, or our runtime no such encoding. */
function reader(encoding: string, fatal = false): (bytes: string) => string | null {
  let decoder: TextDecoder | null = null
  try {
    decoder = new TextDecoder(encoding, { fatal, ignoreBOM: true })
  } catch {
    // a runtime without the tables of that encoding
  }
  return bytes => {
    try {
      return decoder?.decode(Buffer.from(bytes, 'latin1')) ?? null
    } catch {
      return null // no text of this encoding
    }
  }
}

/** Legacy text is UTF-8 by chance now and then, a character or two of many. */
function looksLikeUtf8(shown: string): boolean {
  let wrong = 0
  let right = 0
  for (const { 0: char } of shown.matchAll(/[^\x00-\x7f]/gu)) char === '\uFFFD' ? wrong++ : right++
  return right >= 2 * wrong
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
