import { realpath } from 'node:fs/promises'
import { reasonOf } from '../base/errors.ts'
import { hashOf, openRegular } from '../base/files.ts'

/** Text of a person's, as it was read. `hash` is of the bytes that were read; `isWhole` when these are all. */
export type TextFile = { path: string; text: string; hash: string; isWhole: boolean }
/** Why a file is not used, as the end of a sentence about it: "is …". */
export type Refusal = { refusal: string }

export const isRefused = (read: TextFile | Refusal): read is Refusal => 'refusal' in read

/**
 * The beginning of a text file, up to `most` bytes, by its real path. Refused: what is no regular file, cannot be read, or is
 * no UTF-8 text. Null when there is none. `admits` says whether the real path may be read; what it returns refuses it.
 */
export async function readText(
  path: string,
  most: number,
  admits: (real: string) => string | null = () => null,
): Promise<TextFile | Refusal | null> {
  try {
    const real = await realpath(path)
    const reason = admits(real)
    if (reason !== null) return { refusal: reason }
    const file = await openRegular(real)
    try {
      const { size } = await file.stat()
      const buffer = Buffer.alloc(Math.min(size, most))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
      const bytes = buffer.subarray(0, bytesRead)
      const text = decode(bytes, size > bytesRead)
      return text === null
        ? { refusal: 'is no UTF-8 text' }
        : { path: real, text, hash: hashOf(bytes), isWhole: size <= bytesRead }
    } finally {
      await file.close()
    }
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return null
    if (reason === 'EISDIR' || reason === 'ENXIO') return { refusal: 'is no regular file' }
    return { refusal: `cannot be read (${reason})` }
  }
}

/** Null for what is no text. A text that was cut may end in a part of a character, which is dropped. */
function decode(bytes: Uint8Array, isCut: boolean): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut }).replaceAll('\r\n', '\n')
  } catch {
    return null // not UTF-8: that is what was asked
  }
}
