import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import * as v from 'valibot'
import { hashOf, readRegularSync } from '../base/files.ts'

/** Larger contents are not kept. */
export const MAX_KEPT_BYTES = 64 * 1024 * 1024

/**
 * What stands at a path, as git's trees say it: `mode` is octal with the kind in front (`100644` a file, `120777` a link,
 * `40755` a directory), `hash` that of the contents or of the link's target. `hash` is null for a directory, and for
 * contents that are not kept, where `why` says the reason.
 */
export const State = v.object({
  mode: v.string(),
  hash: v.nullable(v.string()),
  size: v.number(),
  why: v.optional(v.string()),
  /** Device and inode of a file of several names, and the path of another one where it is known. */
  file: v.optional(v.string()),
  same_as: v.optional(v.string()),
})
export type State = v.InferOutput<typeof State>

/** One path before and after; null is absence. `from` is where a moved or copied file came from. */
export const Entry = v.object({
  path: v.string(),
  before: v.nullable(State),
  after: v.nullable(State),
  from: v.optional(v.string()),
  /** git ignores it: restored, and not listed. */
  ignored: v.optional(v.literal(true)),
})
export type Entry = v.InferOutput<typeof Entry>

export type Kind = 'file' | 'link' | 'directory' | 'other'
const KINDS: Record<string, Kind> = { '10': 'file', '12': 'link', '4': 'directory' }
export const kindOf = (state: State): Kind => KINDS[state.mode.slice(0, -4)] ?? 'other'
export const isDirectory = (state: State | null): boolean => state !== null && kindOf(state) === 'directory'
/** The permission bits. */
export const permissions = (state: State): number => Number.parseInt(state.mode, 8) & 0o7777

/** What two names of one file have in common. */
export const fileOf = (found: Pick<Stats, 'dev' | 'ino'>): string => `${found.dev}:${found.ino}`

export const modeOf = (found: Pick<Stats, 'mode'>): string => found.mode.toString(8)

/** What is not kept is never known to be the same. A link's own mode means nothing: systems differ in what they say. */
export const sameState = (a: State | null, b: State | null): boolean =>
  a === null || b === null
    ? a === b
    : [a.why, b.why].every(why => why === undefined) &&
      kindOf(a) === kindOf(b) &&
      a.hash === b.hash &&
      (kindOf(a) === 'link' || a.mode === b.mode)

/** Whether undo can put it there: nothing, a directory, or kept contents. */
export const isKept = (state: State | null): boolean =>
  state === null || isDirectory(state) || (state.hash !== null && state.why === undefined)

export const changeOf = (before: State | null, after: State | null): 'created' | 'modified' | 'deleted' =>
  before === null ? 'created' : after === null ? 'deleted' : 'modified'

const QUIET = { throwIfNoEntry: false } as const

export const statAt = (path: string): Stats | null => {
  try {
    return lstatSync(path, QUIET) ?? null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return null // a file where a directory was
    throw error
  }
}

/** None where the directory is not there or may not be read. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

export type Found = { state: State | null; bytes?: Uint8Array }

/** What stands there now, with its contents. What cannot be read has `why`. */
export function look(path: string, found: Stats | null = statAt(path)): Found {
  if (found === null) return { state: null }
  const mode = modeOf(found)
  const { size } = found
  const unkept = (why: string): Found => ({ state: { mode, hash: null, size, why } })
  if (found.isDirectory()) return { state: { mode, hash: null, size: 0 } }
  if (found.isSymbolicLink()) {
    const bytes = Buffer.from(readlinkSync(path))
    return { state: { mode, hash: hashOf(bytes), size: bytes.length }, bytes }
  }
  if (!found.isFile()) return unkept('it is no regular file')
  if (size > MAX_KEPT_BYTES) return unkept('it is larger than 64 MiB')
  try {
    const bytes = readRegularSync(path)
    const names = found.nlink > 1 ? { file: fileOf(found) } : {}
    return { state: { mode, hash: hashOf(bytes), size: bytes.length, ...names }, bytes }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: null }
    return unkept('it cannot be read')
  }
}
