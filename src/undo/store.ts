import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { PRIVATE_DIR } from '../base/files.ts'
import { tryLock } from '../base/lockfile.ts'
import type { GitContext } from '../tools/git/repository.ts'
import type { Roots } from '../tools/tool.ts'
import { openImages } from './images.ts'
import { createKeeper } from './keeper.ts'
import { dropAbandoned, enforceLimit, LOCK, UNSAVED } from './limit.ts'
import { locate } from './locate.ts'
import { differences, type Named } from './named.ts'
import type { Place } from './plan.ts'
import { restore, sweep } from './restore.ts'
import { type Entry, look, sameState } from './state.ts'
import { type OpenLine, openSteps, type UndoLine } from './steps.ts'
import { createTree } from './tree.ts'

/** The limit is looked at again after such a part of it. */
const PART = 1 / 16

export type Store = ReturnType<typeof openStore>

/** What the undo of one session needs of its files. */
export type Keeping = {
  /** The directory of the session: `undo/<session id>` in the state directory. */
  dir: string
  roots: Roots
  most_bytes: number
  /** The session leaves nothing behind. */
  unsaved: boolean
  at(): number
  /** Says that older sessions were dropped, or that the live ones are over the limit. */
  report(message: string): void
}

/** Opens what is kept of a session; the directory is made. It is this process's until `close`. */
export function openStore(keeping: Keeping) {
  const { dir } = keeping
  mkdirSync(dir, { recursive: true, mode: PRIVATE_DIR })
  const release = tryLock(join(dir, LOCK))
  if (!release) throw new AppError('SESSION_LOCKED', 'Another backend has the undo of this session open.')
  /** What was opened, in this order. */
  const closing = [release]
  const close = () => {
    for (const each of closing.splice(0).reverse()) each()
  }
  try {
    return openLocked(keeping, closing, close)
  } catch (error) {
    close()
    throw error
  }
}

function openLocked(
  { dir, roots, most_bytes, unsaved, at, report }: Keeping,
  closing: (() => void)[],
  closeAll: () => void,
) {
  if (unsaved) writeFileSync(join(dir, UNSAVED), '')
  dropAbandoned(dirname(dir))
  const steps = openSteps(join(dir, 'steps.jsonl'))
  closing.push(steps.close)
  const images = openImages(join(dir, 'images'))
  closing.push(images.close)
  const place: Place = { locate: path => locate(path, roots), images }
  let checked = -1

  const grown = async () => {
    const own = images.size() + steps.size()
    if (checked >= 0 && own < checked + most_bytes * PART) return
    checked = own
    const { dropped, bytes } = enforceLimit(dirname(dir), dir, most_bytes)
    const limit = `undo_limit_mb = ${Math.round(most_bytes / 1024 / 1024)}`
    if (dropped > 0)
      report(
        `The changes of ${dropped} older ${dropped === 1 ? 'session' : 'sessions'} cannot be undone any more: what is kept for undo reached its limit (${limit}).`,
      )
    else if (bytes > most_bytes)
      report(`What the live sessions keep for undo is over its limit (${limit}). It stays until they are closed.`)
  }
  const tree = createTree(join(dir, 'tree'), roots)
  closing.push(tree.remove)
  const keeper = createKeeper({ dir, roots, steps, images, tree, at, grown })

  return {
    steps,
    place,
    keeper,
    /** Does an undo: all or, after a kill and `recover`, all the same. Throws before anything is changed when it cannot be written down. */
    async perform(line: UndoLine): Promise<Extract<(typeof steps.lines)[number], { type: 'done' }>> {
      await images.sync()
      steps.append(line)
      await steps.sync()
      return await finish(line, false)
    },
    /** Closes what a kill left open: calls without an end, undos that were not through. */
    async recover(context: GitContext): Promise<void> {
      const ended = new Set(
        steps.lines.flatMap(line => (line.type === 'call' || line.type === 'done' ? [line.step] : [])),
      )
      const open = steps.lines.filter(line => !ended.has(line.step))
      for (const line of open) {
        if (line.type === 'undo') await finish(line, true)
        if (line.type === 'open') await close(line, context)
      }
    },
    close: closeAll,
  }

  async function finish(line: UndoLine, again: boolean) {
    if (again) sweep(line.entries, place, line.started)
    const failed = await restore(line.entries, place, again)
    const done = { type: 'done' as const, step: line.step, failed }
    steps.append(done)
    await steps.sync()
    return done
  }

  async function close({ step, turn_id, entries }: OpenLine, context: GitContext) {
    const changed = entries ? named(entries) : await watched(context)
    steps.append({ type: 'call', step, turn_id, at: at(), entries: changed })
    await Promise.all([images.sync(), steps.sync()])
  }

  /** What the call meant to write, or what stands there: if that is neither, somebody has changed it since. */
  function named(entries: readonly Entry[]): Entry[] {
    const nowAt = (path: string) => look(place.locate(path)).state
    return entries.flatMap(({ path, before, after }) => {
      const now = nowAt(path)
      const left = sameState(before, after) || sameState(now, before) ? now : after
      return sameState(before, left) ? [] : [{ path, before, after: left }]
    })
  }

  async function watched(context: GitContext): Promise<Entry[]> {
    if (!tree.isKnown()) return []
    const before: Named = new Map()
    const after: Named = new Map()
    for (const entry of await tree.look(context)) {
      before.set(entry.path, entry.before)
      after.set(entry.path, entry.after)
      for (const state of [entry.before, entry.after]) if (state?.hash) images.adopt(tree.images, state.hash)
    }
    const effect = { level: 'write' as const, reason: '', reads: [], writes: [] }
    const { toShown } = keeper
    return toShown(differences(before, after, effect))
  }
}

/** Removes what is kept of a session. */
export const dropStore = (dir: string): void => rmSync(dir, { recursive: true, force: true })
export const isKeptIn = (dir: string): boolean => existsSync(join(dir, 'steps.jsonl'))
