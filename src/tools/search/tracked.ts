import { dirname, join } from 'node:path'
import type { OnHost } from '../host/host.ts'
import { hostOf } from '../host/local.ts'

/** Of a larger one nothing is said: some million files. */
const MAX_INDEX_BYTES = 512 * 1024 * 1024
const HEADER = 12
/** Times, kind, owner and size of a file, then its object's name, then two bytes of flags. */
const BEFORE_OBJECT = 40
const BEFORE_MODE = 24
const KIND = 0o170000
const SUBMODULE = 0o160000
const EXTENDED = 0x4000

/** Files that are in git's index, by real path, the directories on the way to them, and submodules. */
export type Tracked = { files: Set<string>; directories: Set<string>; links: string[] }
export const NONE: Tracked = { files: new Set(), directories: new Set(), links: [] }

/**
 * What git tracks in the work tree `top`: its ignore rules say nothing about these files. Read from the index itself
 * (gitformat-index(5), versions 2 to 4), as that runs no program. An index that cannot be read tracks nothing.
 */
export async function readTracked(gitDir: string, top: string, on: OnHost = {}): Promise<Tracked> {
  const { files } = hostOf(on)
  try {
    const index = await files.read(join(gitDir, 'index'), MAX_INDEX_BYTES)
    const config = await files.read(join(gitDir, 'config')).then(String, () => '')
    return trackedIn(index, top, /^\s*objectformat\s*=\s*"?sha256/im.test(config) ? 32 : 20)
  } catch {
    return NONE
  }
}

function trackedIn(index: Buffer, top: string, objectBytes: number): Tracked {
  const tracked: Tracked = { files: new Set(), directories: new Set(), links: [] }
  const version = index.readUInt32BE(4)
  if (index.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4) return NONE
  let at = HEADER
  let name = Buffer.alloc(0)
  for (let left = index.readUInt32BE(8); left > 0; left--) {
    const kind = index.readUInt32BE(at + BEFORE_MODE) & KIND
    const flags = at + BEFORE_OBJECT + objectBytes
    let from = flags + (index.readUInt16BE(flags) & EXTENDED ? 4 : 2)
    let kept = 0
    if (version === 4) [kept, from] = keptOf(index, from, name.length)
    const end = index.indexOf(0, from)
    if (end < 0) return NONE
    name = Buffer.concat([name.subarray(0, kept), index.subarray(from, end)])
    // Up to the next multiple of eight from the start of the entry, and one byte at least.
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7)
    const path = join(top, name.toString())
    if (kind === SUBMODULE) tracked.links.push(path)
    tracked.files.add(path)
    for (let parent = dirname(path); parent.length > top.length && !tracked.directories.has(parent); ) {
      tracked.directories.add(parent)
      parent = dirname(parent)
    }
  }
  return tracked
}

/** Version 4 says how many bytes of the name before are not part of this one, as a number of seven bits a byte, each but the last plus one. */
function keptOf(index: Buffer, from: number, length: number): [kept: number, from: number] {
  let byte = index.readUInt8(from++)
  let cut = byte & 0x7f
  while (byte & 0x80) {
    byte = index.readUInt8(from++)
    cut = (cut + 1) * 128 + (byte & 0x7f)
  }
  return [length - cut, from]
}
