import { aligned } from './aligned.ts'
import { LENGTH_SIZE } from './graph.ts'

/** Replaces the module graph of a Windows executable (Microsoft's PE format): the last section, `.bun`. */

const SECTION = 40
const OPTIONAL = 24
const [INITIALIZED_DATA, FILE_ALIGNMENT, IMAGE_SIZE, CHECKSUM, SECTION_ALIGNMENT] = [8, 36, 56, 64, 32]

export const isPe = (file: Buffer): boolean => file.toString('latin1', 0, 2) === 'MZ'

/** The executable with `change` applied to its graph. Throws Error where it is laid out otherwise. */
export function changePeGraph(file: Buffer, change: (graph: Buffer) => Buffer): Buffer {
  const header = file.readUInt32LE(0x3c)
  const optional = header + OPTIONAL
  const count = file.readUInt16LE(header + 6)
  const at = optional + file.readUInt16LE(header + 20) + (count - 1) * SECTION
  if (file.toString('latin1', at, at + 5) !== '.bun\0') throw new Error('its last section is not .bun')
  const [address, size, start] = [12, 16, 20].map(offset => file.readUInt32LE(at + offset)) as [number, number, number]
  const length = Number(file.readBigUInt64LE(start))
  if (start + size !== file.length || length + LENGTH_SIZE > size) throw new Error('its graph is elsewhere')

  const graph = change(file.subarray(start + LENGTH_SIZE, start + LENGTH_SIZE + length))
  const used = LENGTH_SIZE + graph.length
  const stored = aligned(used, file.readUInt32LE(optional + FILE_ALIGNMENT))
  const out = Buffer.alloc(start + stored)
  file.copy(out, 0, 0, start)
  out.writeBigUInt64LE(BigInt(graph.length), start)
  graph.copy(out, start + LENGTH_SIZE)
  out.writeUInt32LE(used, at + 8)
  out.writeUInt32LE(stored, at + 16)
  out.writeUInt32LE(file.readUInt32LE(optional + INITIALIZED_DATA) - size + stored, optional + INITIALIZED_DATA)
  out.writeUInt32LE(aligned(address + used, file.readUInt32LE(optional + SECTION_ALIGNMENT)), optional + IMAGE_SIZE)
  return out
}

/** Writes the checksum of the whole, as `CheckSumMappedFile` counts: all 16-bit words with carries folded in, and the size. */
export function writeChecksum(file: Buffer): void {
  const at = file.readUInt32LE(0x3c) + OPTIONAL + CHECKSUM
  file.writeUInt32LE(0, at)
  let sum = 0
  for (let i = 0; i + 1 < file.length; i += 2) {
    sum += file.readUInt16LE(i)
    sum = (sum & 0xffff) + (sum >>> 16)
  }
  file.writeUInt32LE(sum + file.length, at)
}
