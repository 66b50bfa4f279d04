import { aligned } from './aligned.ts'
import { LENGTH_SIZE } from './graph.ts'

/**
 * Replaces the module graph of an ELF executable (System V ABI, 64-bit, little-endian). Bun puts it behind `.bss` in the last
 * segment, so that all of `.bss` stands in the file as zeros; here it becomes a segment of its own, in place of the note with
 * the build id, which nothing reads.
 */

const [LOAD, NOTE] = [1, 4]
const NOBITS = 8
const [PROGRAM_HEADER, SECTION_HEADER] = [56, 64]

type Section = { at: number; name: string; type: number; address: number; offset: number; size: number }
type Segment = { at: number; type: number; offset: number; address: number; fileSize: number; alignment: number }

export const isElf = (file: Buffer): boolean => file.readUInt32BE(0) === 0x7f454c46

/** The graph of an executable, changed or not. Throws Error where there is none. */
export function elfGraph(file: Buffer): Buffer {
  const bun = sectionsOf(file).find(({ name }) => name === '.bun')
  if (!bun) throw new Error('its graph is elsewhere')
  return graphIn(file, bun)
}

function graphIn(file: Buffer, { offset, size }: Section): Buffer {
  if (Number(file.readBigUInt64LE(offset)) + LENGTH_SIZE !== size) throw new Error('its graph is elsewhere')
  return file.subarray(offset + LENGTH_SIZE, offset + size)
}

/** The executable with `change` applied to its graph. Throws Error where it is laid out otherwise. */
export function changeElfGraph(file: Buffer, change: (graph: Buffer) => Buffer): Buffer {
  const [sections, segments] = [sectionsOf(file), segmentsOf(file)]
  const bun = sections.find(({ name }) => name === '.bun')
  const bss = sections.find(({ name }) => name === '.bss')
  const note = segments.findLast(({ type }) => type === NOTE)
  const data = segments.findLast(({ type }) => type === LOAD)
  if (!bun || !bss || !note || !data || note.at < data.at) throw new Error('it has not the segments of Bun')
  const behind = sections.filter(({ type, offset }) => type !== NOBITS && offset > bun.offset)
  if (bun.address < bss.address + bss.size) throw new Error('its graph is elsewhere')

  const graph = change(graphIn(file, bun))
  const dataEnd = Math.max(
    ...sections
      .filter(({ type, address, name }) => type !== NOBITS && address > 0 && name !== '.bun')
      .map(({ offset, size }) => offset + size),
  )
  const start = aligned(dataEnd, data.alignment) + (bun.address % data.alignment)
  const size = LENGTH_SIZE + graph.length
  const rest = Math.min(...behind.map(({ offset }) => offset))
  const shift = aligned(start + size, 16) - rest

  const out = Buffer.alloc(aligned(start + size, 16) + file.length - rest)
  file.copy(out, 0, 0, dataEnd)
  out.writeBigUInt64LE(BigInt(graph.length), start)
  graph.copy(out, start + LENGTH_SIZE)
  file.copy(out, rest + shift, rest)

  const headers = Number(file.readBigUInt64LE(40)) + shift
  out.writeBigUInt64LE(BigInt(headers), 40)
  for (const { at, offset } of behind) out.writeBigUInt64LE(BigInt(offset + shift), at + shift + 24)
  out.writeBigUInt64LE(BigInt(start), bun.at + shift + 24)
  out.writeBigUInt64LE(BigInt(size), bun.at + shift + 32)
  writeSegment(out, data.at, {
    offset: data.offset,
    address: data.address,
    fileSize: dataEnd - data.offset,
    memorySize: bss.address + bss.size - data.address,
    alignment: data.alignment,
  })
  writeSegment(out, note.at, {
    offset: start,
    address: bun.address,
    fileSize: size,
    memorySize: size,
    alignment: data.alignment,
  })
  return out
}

function sectionsOf(file: Buffer): Section[] {
  const [table, count, names] = [Number(file.readBigUInt64LE(40)), file.readUInt16LE(60), file.readUInt16LE(62)]
  const rows = Array.from({ length: count }, (_, i) => table + i * SECTION_HEADER)
  const texts = Number(file.readBigUInt64LE(rows[names]! + 24))
  return rows.map(at => {
    const name = texts + file.readUInt32LE(at)
    return {
      at,
      name: file.toString('latin1', name, file.indexOf(0, name)),
      type: file.readUInt32LE(at + 4),
      address: Number(file.readBigUInt64LE(at + 16)),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function segmentsOf(file: Buffer): Segment[] {
  const [table, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(56)]
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * PROGRAM_HEADER
    const word = (offset: number) => Number(file.readBigUInt64LE(at + offset))
    return {
      at,
      type: file.readUInt32LE(at),
      offset: word(8),
      address: word(16),
      fileSize: word(32),
      alignment: word(48),
    }
  })
}

function writeSegment(
  file: Buffer,
  at: number,
  segment: { offset: number; address: number; fileSize: number; memorySize: number; alignment: number },
) {
  const { offset, address, fileSize, memorySize, alignment } = segment
  file.writeUInt32LE(LOAD, at)
  file.writeUInt32LE(6, at + 4) // to be read and written
  for (const [i, word] of [offset, address, address, fileSize, memorySize, alignment].entries())
    file.writeBigUInt64LE(BigInt(word), at + 8 + i * 8)
}
