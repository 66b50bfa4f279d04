import { aligned } from './aligned.ts'

/**
 * The version information of a Windows executable (`VS_VERSIONINFO`, resource type 16), which compiling leaves as the runtime's.
 * It is written in place: what is ours must not be longer. Numbers are little-endian, texts UTF-16, blocks aligned to 4 bytes.
 */

const VERSION_RESOURCE = 16
const SECTION = 40
const OPTIONAL = 24
/** American English in UTF-16, as everybody writes it. */
const LANGUAGE = '040904b0'

/** `version` as `1.2.3`. Throws Error where there is no version information, or too little room. */
export function writeVersionInfo(file: Buffer, version: string, texts: Record<string, string>): void {
  const { entry, at, size } = find(file)
  const numbers = [...version.split('.').map(part => Number.parseInt(part, 10) || 0), 0, 0, 0].slice(0, 4) as Four
  const block = versionBlock(numbers, texts)
  if (block.length > size) throw new Error(`its version information has ${block.length} bytes, and room for ${size}`)
  file.fill(0, at, at + size)
  block.copy(file, at)
  file.writeUInt32LE(block.length, entry + 4)
}

/** The texts that an executable has, to check it. */
export function readVersionInfo(file: Buffer): Record<string, string> {
  const { at, size } = find(file)
  const words = file.toString('utf16le', at, at + size)
  return Object.fromEntries(
    [...words.matchAll(/\u0001(\w+)\0{1,3}([^\0]+)/g)].map(([, key, value]) => [key, value]) as [string, string][],
  )
}

/** Where the entry, and what it points to, are in the file: the tree goes from the type over the name to the language. */
function find(file: Buffer): { entry: number; at: number; size: number } {
  const header = file.readUInt32LE(0x3c)
  const first = header + OPTIONAL + file.readUInt16LE(header + 20)
  const sections = Array.from({ length: file.readUInt16LE(header + 6) }, (_, i) => first + i * SECTION)
  const resources = sections.find(at => file.toString('latin1', at, at + 6) === '.rsrc\0')
  if (resources === undefined) throw new Error('it has no resources')
  const [address, root] = [file.readUInt32LE(resources + 12), file.readUInt32LE(resources + 20)]
  const below = (directory: number, id?: number): number => {
    const count = file.readUInt16LE(directory + 12) + file.readUInt16LE(directory + 14)
    const entries = Array.from({ length: count }, (_, i) => directory + 16 + i * 8)
    const entry = entries.find(at => id === undefined || file.readUInt32LE(at) === id)
    if (entry === undefined) throw new Error('it has no version information')
    return root + (file.readUInt32LE(entry + 4) & 0x7fffffff)
  }
  const entry = below(below(below(root, VERSION_RESOURCE)))
  return { entry, at: file.readUInt32LE(entry) - address + root, size: file.readUInt32LE(entry + 4) }
}

type Four = [number, number, number, number]

function versionBlock([a, b, c, d]: Four, texts: Record<string, string>): Buffer {
  const fixed = Buffer.alloc(52)
  const [high, low] = [(a << 16) | b, (c << 16) | d]
  for (const [i, word] of [0xfeef04bd, 0x10000, high, low, high, low, 0x3f, 0, 0x40004, 1].entries())
    fixed.writeUInt32LE(word >>> 0, i * 4)
  const strings = Object.entries(texts).map(([key, value]) => block(key, Buffer.from(`${value}\0`, 'utf16le'), 1))
  const translation = Buffer.alloc(4)
  translation.writeUInt16LE(0x0409, 0)
  translation.writeUInt16LE(0x04b0, 2)
  return block('VS_VERSION_INFO', fixed, 0, [
    block('StringFileInfo', Buffer.alloc(0), 1, [block(LANGUAGE, Buffer.alloc(0), 1, strings)]),
    block('VarFileInfo', Buffer.alloc(0), 1, [block('Translation', translation, 0)]),
  ])
}

/** Its length, that of its value (in characters for text), its kind, its key, its value, and the blocks within. */
function block(key: string, value: Buffer, kind: 0 | 1, inner: Buffer[] = []): Buffer {
  const head = Buffer.alloc(6)
  head.writeUInt16LE(kind === 1 ? value.length / 2 : value.length, 2)
  head.writeUInt16LE(kind, 4)
  let whole = Buffer.concat([padded(Buffer.concat([head, Buffer.from(`${key}\0`, 'utf16le')])), value])
  for (const piece of inner) whole = Buffer.concat([padded(whole), piece])
  whole.writeUInt16LE(whole.length, 0)
  return whole
}

const padded = (piece: Buffer): Buffer => Buffer.concat([piece, Buffer.alloc(aligned(piece.length, 4) - piece.length)])
