import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { OnHost } from '../host/host.ts'
import { hostOf } from '../host/local.ts'
import { bytesAt } from './change.ts'

/** A tool that acts on a whole directory names every file in it, for the rules to judge: more is for the shell. */
const MAX_ENTRIES = 10_000
/** Up to here, all contents are shown and kept; beyond, names and counts have to do. */
const MAX_DETAILED_FILES = 200
const MAX_DETAILED_BYTES = 1024 * 1024

/** All that is below a directory, links not followed. `bytes` is the size of the files. */
export type Tree = { files: string[]; directories: string[]; bytes: number }

/** Nothing is left out, whatever its name. Throws TOOL_FAILED beyond 10,000 entries. */
export async function treeOf(directory: string, on: OnHost): Promise<Tree> {
  const { files } = hostOf(on)
  const tree: Tree = { files: [], directories: [], bytes: 0 }
  const open = [directory]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const entry of await files.entries(path)) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) {
        tree.directories.push(child)
        open.push(child)
      } else tree.files.push(child)
      if (tree.files.length + tree.directories.length > MAX_ENTRIES) {
        throw new AppError('TOOL_FAILED', `The directory holds more than ${MAX_ENTRIES} entries: use a shell command.`)
      }
    }
  }
  tree.files.sort()
  for (const sight of await files.sights(tree.files, { sizes: true })) tree.bytes += sight?.size ?? 0
  return tree
}

/** The contents of all files of a small tree; null for a large one, or one with more than files and links in it. */
export async function contentsOf(tree: Tree, on: OnHost): Promise<{ path: string; bytes: Uint8Array }[] | null> {
  if (tree.files.length > MAX_DETAILED_FILES || tree.bytes > MAX_DETAILED_BYTES) return null
  const contents = []
  for (const path of tree.files) {
    const bytes = await bytesAt(path, on).catch(() => null) // a socket, or not ours to read
    if (bytes === null) return null
    contents.push({ path, bytes })
  }
  return contents
}
