import { closeSync, existsSync, fdatasyncSync, openSync, rmSync, type Stats, writeSync } from 'node:fs'
import { sep } from 'node:path'
import * as v from 'valibot'
import { PRIVATE_FILE, readRegularSync } from '../base/files.ts'
import { type Images, openImages } from './images.ts'
import { type Entry, look, MAX_KEPT_BYTES, modeOf, State, sameState } from './state.ts'
import { pacer, type Walked } from './walk.ts'

/** Contents of all files together that are held, as they are. */
const MAX_HELD_BYTES = 256 * 1024 * 1024
/** With more of earlier states than this beside what is held, both files begin anew. */
const MAX_WASTE_BYTES = 64 * 1024 * 1024
const MAX_WASTE_ROWS = 100_000
/** Two changes in one tick of the clock of a file system look the same: such a file is read again the next time. */
const TICK_MS = 25

const Seen = v.object({
  state: State,
  size: v.number(),
  mtime: v.number(),
  ctime: v.number(),
  ino: v.number(),
  sure: v.boolean(),
})
/** A call waits no longer for contents to be held; those that are left are held before the next ones. */
const HOLD_MS = 2000

type Seen = v.InferOutput<typeof Seen>
/** A line of the index: what was seen at a path, or that nothing is there any more. */
const Row = v.tuple([v.string(), v.nullable(Seen)])

export type Held = ReturnType<typeof openHeld>

/**
 * The tree as it was when it was last looked at, contents included: what a command may change without saying so. Two scratch
 * files beside the images hold it, so that a kill in the middle of a command loses nothing; what really changed is taken
 * over from here.
 */
export function openHeld(path: string) {
  const index = `${path}.index`
  let images: Images | null = null
  let rows: string[] = []
  let written = 0
  const seen = existsSync(index) ? readIndex(index) : new Map<string, Seen>()
  let bytes = seen.values().reduce((sum, { state }) => sum + (state.hash ? state.size : 0), 0)
  const note = (path: string, now: Seen | null) => rows.push(JSON.stringify([path, now]))

  const hold = (path: string, found: Stats, deadline: number): Seen => {
    const { size, mtimeMs: mtime, ctimeMs: ctime, ino } = found
    const why = found.isFile() ? tooMuch(size, deadline) : undefined
    const { state, bytes: contents } =
      why === undefined ? look(path, found) : { state: { mode: modeOf(found), hash: null, size, why } }
    if (contents) {
      images!.put(contents, null, state?.hash ?? undefined)
      bytes += contents.length
    }
    return {
      state: state ?? { mode: modeOf(found), hash: null, size, why: 'it was gone before it could be read' },
      size,
      mtime,
      ctime,
      ino,
      sure: Date.now() - ctime > TICK_MS && why !== TOO_SLOW,
    }
  }
  const tooMuch = (size: number, deadline: number): string | undefined => {
    if (size > MAX_KEPT_BYTES) return TOO_LARGE
    if (bytes + size > MAX_HELD_BYTES) return TOO_MANY
    return performance.now() > deadline ? TOO_SLOW : undefined
  }
  const forget = (path: string, old: Seen) => {
    seen.delete(path)
    if (old.state.hash) bytes -= old.state.size
  }

  return {
    seen: seen as ReadonlyMap<string, { state: State }>,
    get images(): Images {
      return (images ??= openImages(path))
    },
    size: () => images?.size() ?? 0,
    /** What is different from the last time, by path; from now on this is the last time. The first time all is new. */
    async update({ found, closed }: Walked): Promise<Entry[]> {
      images ??= openImages(path)
      const changed: Entry[] = []
      const pace = pacer()
      const deadline = performance.now() + HOLD_MS
      for (const [path, stats] of found) {
        const old = seen.get(path)
        if (old && isSame(old, stats)) continue
        if (old) forget(path, old)
        const now = hold(path, stats, deadline)
        seen.set(path, now)
        note(path, now)
        // Nothing says that what is not kept is the same, but then its times do.
        const isTouched = old?.state.why !== undefined && hasSameTimes(old, stats)
        if (!isTouched && !(old && sameState(old.state, now.state)))
          changed.push({ path, before: old?.state ?? null, after: now.state })
        await pace()
      }
      for (const [path, old] of seen) {
        if (found.has(path) || closed.some(directory => path.startsWith(directory + sep))) continue
        forget(path, old)
        note(path, null)
        changed.push({ path, before: old.state, after: null })
      }
      return changed
    },
    /** All that is held is on the disk. */
    async sync(): Promise<void> {
      if (rows.length === 0) return
      await images?.sync()
      const fd = openSync(index, 'a', PRIVATE_FILE)
      try {
        const text = Buffer.from(`${rows.join('\n')}\n`)
        for (let at = 0; at < text.length; ) at += writeSync(fd, text, at)
        fdatasyncSync(fd)
      } finally {
        closeSync(fd)
      }
      written += rows.length
      rows = []
    },
    /** The file has grown by what is not held any more. */
    isWasteful: () => (images?.size() ?? 0) > bytes + MAX_WASTE_BYTES || written > seen.size + MAX_WASTE_ROWS,
    unheld: (): string[] => Array.from(seen).flatMap(([path, { state }]) => (state.why === undefined ? [] : [path])),
    remove() {
      images?.remove()
      images = null
      seen.clear()
      bytes = 0
      rows = []
      for (const file of [path, index]) rmSync(file, { force: true })
    },
  }
}

function readIndex(index: string): Map<string, Seen> {
  const seen = new Map<string, Seen>()
  for (const line of readRegularSync(index).toString().split('\n')) {
    const row = parseRow(line)
    if (row?.[1]) seen.set(row[0], row[1])
    else if (row) seen.delete(row[0])
  }
  return seen
}

function parseRow(line: string): v.InferOutput<typeof Row> | null {
  try {
    const parsed = v.safeParse(Row, JSON.parse(line))
    return parsed.success ? parsed.output : null
  } catch {
    return null // torn
  }
}

const TOO_LARGE = 'it is larger than 64 MiB'
const TOO_SLOW = 'there was no time yet to keep it'
const TOO_MANY = 'the files of the project are more than 256 MiB'

const hasSameTimes = (old: Seen, found: Stats): boolean =>
  old.ctime === found.ctimeMs && old.mtime === found.mtimeMs && old.size === found.size && old.ino === found.ino

const isSame = (old: Seen, found: Stats): boolean =>
  found.isDirectory() && old.state.mode === modeOf(found)
    ? true
    : old.sure && hasSameTimes(old, found) && old.state.mode === modeOf(found)
