/**
 * Signs Mach-O executables ad hoc, and verifies such signatures. Compiling writes our program into Bun's own executable, which
 * Bun's own signature no longer fits then; macOS kills a process when it touches a page whose hash is wrong. A signature of the
 * kind that Apple's linker makes (a code directory alone, no certificate, no hardened runtime) needs no entitlements to
 * compile JavaScript, and lets the program run wherever it was not quarantined.
 *
 * Formats: Apple's `<mach-o/loader.h>` (little-endian) and xnu's `osfmk/kern/cs_blobs.h` (big-endian).
 */
import { createHash } from 'node:crypto'
import { aligned } from './aligned.ts'

export const MAGIC_64 = 0xfeedfacf
const HEADER_SIZE = 32
const SEGMENT_64 = 0x19
const CODE_SIGNATURE = 0x1d

const SUPER_BLOB = 0xfade0cc0
const CODE_DIRECTORY = 0xfade0c02
const CODE_DIRECTORY_SLOT = 0
/** Code directories of this version have the fields up to the executable segment, 88 bytes. */
const VERSION = 0x20400
const DIRECTORY_SIZE = 88
const ADHOC_LINKER_SIGNED = 0x2_0002
const MAIN_BINARY = 1n
const SHA256 = 2
const HASH_SIZE = 32
const PAGE_BITS = 12
const PAGE = 1 << PAGE_BITS
/** What segments are aligned to in memory on both processors. */
const SEGMENT_ALIGNMENT = 0x4000

type Layout = {
  /** Offset of the load command that says where the signature is. */
  command: number
  /** Where the signature begins, which is where the signed bytes end, and its size. */
  start: number
  size: number
  /** Offset of the load command of `__LINKEDIT`, the last segment, which the signature is the end of. */
  linkedit: number
  text: { offset: bigint; size: bigint }
}

/** Where things are in a 64-bit Mach-O file that has a signature, fitting or not. Throws Error for any other. */
function layoutOf(file: Buffer): Layout {
  if (file.length < HEADER_SIZE || file.readUInt32LE(0) !== MAGIC_64) throw new Error('it is no 64-bit Mach-O file')
  let command: number | undefined
  const segments = new Map<string, number>()
  let at = HEADER_SIZE
  for (let left = file.readUInt32LE(16); left > 0; left--, at += file.readUInt32LE(at + 4)) {
    const kind = file.readUInt32LE(at)
    if (kind === CODE_SIGNATURE) command = at
    if (kind === SEGMENT_64) segments.set(file.toString('latin1', at + 8, at + 24).replace(/\0+$/, ''), at)
  }
  const [text, linkedit] = [segments.get('__TEXT'), segments.get('__LINKEDIT')]
  if (command === undefined || text === undefined || linkedit === undefined)
    throw new Error('it has no place for a signature')
  return {
    command,
    start: file.readUInt32LE(command + 8),
    size: file.readUInt32LE(command + 12),
    linkedit,
    text: { offset: file.readBigUInt64LE(text + 40), size: file.readBigUInt64LE(text + 48) },
  }
}

/** The file with an ad hoc signature in place of the one it has. `identifier` is the name it is signed as. Throws Error. */
export function signAdHoc(file: Buffer, identifier: string): Buffer {
  const { command, start, linkedit, text } = layoutOf(file)
  const name = Buffer.from(`${identifier}\0`)
  const pages = Math.ceil(start / PAGE)
  const hashes = DIRECTORY_SIZE + name.length
  const directorySize = hashes + pages * HASH_SIZE
  const blobSize = 20 + directorySize
  const size = aligned(blobSize, 16)

  const signed = Buffer.alloc(start + size)
  file.copy(signed, 0, 0, start)
  // These commands are signed as well, so they are written before anything is hashed.
  const linkeditSize = start + size - Number(file.readBigUInt64LE(linkedit + 40))
  signed.writeUInt32LE(size, command + 12)
  signed.writeBigUInt64LE(BigInt(aligned(linkeditSize, SEGMENT_ALIGNMENT)), linkedit + 32)
  signed.writeBigUInt64LE(BigInt(linkeditSize), linkedit + 48)

  const blob = signed.subarray(start)
  // The super blob: its size, one entry, and where that begins.
  for (const [i, word] of [SUPER_BLOB, blobSize, 1, CODE_DIRECTORY_SLOT, 20].entries()) blob.writeUInt32BE(word, i * 4)
  const directory = blob.subarray(20)
  const words = [CODE_DIRECTORY, directorySize, VERSION, ADHOC_LINKER_SIGNED, hashes, DIRECTORY_SIZE, 0, pages, start]
  for (const [i, word] of words.entries()) directory.writeUInt32BE(word, i * 4)
  directory.set([HASH_SIZE, SHA256, 0, PAGE_BITS], 36)
  directory.writeBigUInt64BE(text.offset, 64)
  directory.writeBigUInt64BE(text.size, 72)
  directory.writeBigUInt64BE(MAIN_BINARY, 80)
  name.copy(directory, DIRECTORY_SIZE)
  for (let page = 0; page < pages; page++) hashOf(signed, page, start).copy(directory, hashes + page * HASH_SIZE)
  return signed
}

const hashOf = (file: Buffer, page: number, end: number): Buffer =>
  createHash('sha256')
    .update(file.subarray(page * PAGE, Math.min((page + 1) * PAGE, end)))
    .digest()

/** Throws Error, which names what is wrong, unless the signature covers the whole file and the hash of every page fits. */
export function verifySignature(file: Buffer): void {
  const { start, size } = layoutOf(file)
  if (start + size !== file.length) throw new Error('its signature is not the end of the file')
  const blob = file.subarray(start)
  if (blob.readUInt32BE(0) !== SUPER_BLOB || blob.readUInt32BE(4) > size) throw new Error('it has no signature')
  const slots = Array.from({ length: blob.readUInt32BE(8) }, (_, i) => 12 + i * 8)
  const slot = slots.find(at => blob.readUInt32BE(at) === CODE_DIRECTORY_SLOT)
  const directory = blob.subarray(slot === undefined ? size : blob.readUInt32BE(slot + 4))
  if (directory.length < DIRECTORY_SIZE || directory.readUInt32BE(0) !== CODE_DIRECTORY)
    throw new Error('its signature has no code directory')
  if (
    directory.readUInt8(36) !== HASH_SIZE ||
    directory.readUInt8(37) !== SHA256 ||
    directory.readUInt8(39) !== PAGE_BITS
  )
    throw new Error('its pages are hashed in another way than SHA-256 over 4 KiB')
  const [hashes, pages, limit] = [16, 28, 32].map(at => directory.readUInt32BE(at)) as [number, number, number]
  if (limit !== start || pages !== Math.ceil(start / PAGE))
    throw new Error(`its signature covers ${limit} of ${start} bytes`)
  const wrong = Array.from({ length: pages }, (_, page) => page).filter(page => {
    const at = hashes + page * HASH_SIZE
    return !hashOf(file, page, start).equals(directory.subarray(at, at + HASH_SIZE))
  })
  if (wrong.length > 0)
    throw new Error(`${wrong.length} of ${pages} page hashes are wrong, the first that of page ${wrong[0]}`)
}
