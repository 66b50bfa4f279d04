import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { rename, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { reasonOf } from '../base/errors.ts'
import { writeAtomic } from '../base/files.ts'
import { newId } from '../base/ids.ts'
import { holding } from '../tools/files/hold.ts'
import { createFile } from '../tools/files/replace.ts'
import { failure } from '../tools/paths.ts'
import { GONE } from './chain.ts'
import type { Refused } from './outcome.ts'
import type { Place } from './plan.ts'
import {
  type Entry,
  fileOf,
  isDirectory,
  kindOf,
  look,
  namesIn,
  permissions,
  type State,
  sameState,
  statAt,
} from './state.ts'

/** So many files are written at once: a disk takes their syncs together. */
const AT_ONCE = 8
const EDITED = 'it was edited in this moment'

/**
 * Does what the entries say, each only while its path still is as it was. `again` after a kill: what is done already is
 * left, and what was half written is written again. Resolves with what could not be done.
 */
export async function restore(entries: readonly Entry[], place: Place, again: boolean): Promise<Refused[]> {
  const failed: Refused[] = []
  const each = async (some: readonly Entry[], act: (entry: Entry, path: string) => unknown) => {
    for (let from = 0; from < some.length; from += AT_ONCE)
      await Promise.all(
        some.slice(from, from + AT_ONCE).map(async entry => {
          try {
            if (failed.some(({ path }) => path === entry.path)) return
            await act(entry, place.locate(entry.path))
          } catch (error) {
            failed.push({ path: entry.path, reason: reasonFor(error) })
          }
        }),
      )
  }
  const guarded = (act: (entry: Entry, path: string) => unknown) => (entry: Entry, path: string) => {
    const state = look(path).state
    // By us before a kill, or through another name of the file.
    if (sameState(state, entry.after)) return
    if (sameState(state, expected(entry)) || (again && isTorn(path, entry, place))) return act(entry, path)
    throw new Error(EDITED)
  }
  const byDepth = entries.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length)
  const [was, becomes] = [(entry: Entry) => isDirectory(entry.before), (entry: Entry) => isDirectory(entry.after)]
  const gone = entries.filter(entry => !was(entry) && entry.before !== null && (entry.after === null || becomes(entry)))
  const put = entries.filter(entry => !becomes(entry) && entry.after !== null)
  const known = entries.filter(entry => becomes(entry))

  await holding(pathsOf(entries, place), async () => {
    // A directory that was closed to writing is open while its files come back.
    await each(known.filter(was), (entry, path) => open(path, entry))
    await each(
      gone,
      guarded((_, path) => unlinkSync(path)),
    )
    for (const entry of byDepth.toReversed().filter(entry => was(entry) && !becomes(entry)))
      await each([entry], (entry, path) => removeDirectory(path, entry))
    for (const entry of byDepth.filter(entry => becomes(entry) && !was(entry)))
      await each(
        [entry],
        (entry, path) => statAt(path)?.isDirectory() || mkdirSync(path, permissions(entry.after!) | 0o700),
      )
    const putOne = guarded((entry, path) => putContents(path, entry, place))
    await each(
      put.filter(entry => !isFurtherName(entry)),
      putOne,
    )
    for (const entry of put.filter(isFurtherName)) await each([entry], putOne)
    for (const entry of byDepth.toReversed().filter(becomes))
      await each([entry], (entry, path) => chmodSync(path, permissions(entry.after!)))
  })
  return failed
}

function pathsOf(entries: readonly Entry[], place: Place): string[] {
  return entries.flatMap(entry => {
    try {
      return [place.locate(entry.path)]
    } catch {
      return [] // not open to us: said when its turn comes
    }
  })
}

/** What stands there when its turn comes: a directory that has to go is gone by then. */
const expected = ({ before, after }: Entry): State | null =>
  isDirectory(before) && !isDirectory(after) ? null : before

const reasonFor = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ? failure(error, 'It').message : reasonOf(error)

function open(path: string, { after }: Entry): void {
  if (statAt(path)?.isDirectory()) chmodSync(path, permissions(after!) | 0o700)
}

/** A directory that holds something else by now stays: what is in it is somebody's. */
function removeDirectory(path: string, { after }: Entry): void {
  if (!statAt(path)?.isDirectory()) return
  try {
    rmdirSync(path)
  } catch (error) {
    const isFull = ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')
    if (!isFull || after !== null) throw error
  }
}

async function putContents(path: string, { before, after }: Entry, place: Place): Promise<void> {
  const wanted = after!
  if (before && before.hash === wanted.hash && kindOf(before) === 'file' && kindOf(wanted) === 'file')
    return chmodSync(path, permissions(wanted))
  const bytes = place.images.get(wanted.hash!)
  if (bytes === null) throw new Error(GONE)
  if (kindOf(wanted) === 'link') return await putLink(path, String(bytes))
  const confirm = async () => {
    if (!sameState(look(path).state, expected({ path, before, after }))) throw new Error(EDITED)
  }
  const found = statAt(path)
  if (found === null && linked(path, wanted, place)) return
  if (found === null) return await createFile(path, bytes, permissions(wanted), confirm)
  if (found.isFile() && found.nlink > 1 && isSharedWith(found, wanted, place)) return overwrite(path, bytes, wanted)
  await writeAtomic(path, bytes, permissions(wanted), async temporary => {
    if (process.platform !== 'win32' && found.uid !== process.getuid?.()) lchownSync(temporary, found.uid, found.gid)
    await confirm()
    await rename(temporary, path)
  })
}

const isFurtherName = ({ after }: Entry): boolean => after?.same_as !== undefined

/** Whether the file that is there has the names that it had: what is written through one of them is meant for all. */
function isSharedWith(found: Stats, { file, same_as }: State, place: Place): boolean {
  if (file === undefined || fileOf(found) === file) return file !== undefined
  const other = same_as === undefined ? null : statAt(place.locate(same_as))
  return other !== null && fileOf(other) === fileOf(found)
}

/** A further name of a file that is there, and is what this one was. */
function linked(path: string, wanted: State, place: Place): boolean {
  if (wanted.same_as === undefined) return false
  const other = place.locate(wanted.same_as)
  if (!sameState(look(other).state, wanted)) return false
  linkSync(other, path)
  return true
}

async function putLink(path: string, target: string): Promise<void> {
  const temporary = join(dirname(path), `.${newId('undo').slice(5)}.tmp`)
  await symlink(target, temporary)
  try {
    await rename(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** A file of several names keeps them. From the start on, so that `isTorn` knows it after a kill. */
function overwrite(path: string, bytes: Uint8Array, wanted: State): void {
  const fd = openSync(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at)
    ftruncateSync(fd, bytes.length)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  chmodSync(path, permissions(wanted))
}

/** Whether it is what an interrupted `overwrite` leaves: the beginning of one content, then the rest of the other. */
function isTorn(path: string, { before, after }: Entry, { images }: Place): boolean {
  const found = statAt(path)
  if (!found?.isFile() || found.nlink < 2 || !before?.hash || !after?.hash) return false
  const [old, wanted, bytes] = [images.get(before.hash), images.get(after.hash), look(path, found).bytes]
  if (!old || !wanted || !bytes) return false
  let at = 0
  while (at < bytes.length && bytes[at] === wanted[at]) at++
  return Buffer.compare(bytes.subarray(at), old.subarray(at)) === 0
}

const TEMPORARY = /^\.[0-9a-z]{12}\.tmp$/

/** Removes the files that a killed restore was writing. */
export function sweep(entries: readonly Entry[], place: Place, since_ms: number): void {
  for (const directory of new Set(pathsOf(entries, place).map(dirname))) {
    for (const name of namesIn(directory)) {
      const path = join(directory, name)
      if (TEMPORARY.test(name) && (statAt(path)?.ctimeMs ?? 0) >= since_ms) rmSync(path, { force: true })
    }
  }
}
