import { existsSync, lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isLocked } from '../base/lockfile.ts'
import { namesIn } from './state.ts'

/** In the directory of a session that is not saved: nothing of it is wanted when its process is gone. */
export const UNSAVED = 'unsaved'
/** Held while a session is live: what it keeps stays. */
export const LOCK = 'lock'

type Kept = { path: string; bytes: number; at: number }

/**
 * Drops what the oldest sessions below `base` keep, until all together take no more than `most` bytes; live ones stay.
 * `own` is the directory of the session that asks. Returns how many were dropped, and what is left.
 */
export function enforceLimit(base: string, own: string, most: number): { dropped: number; bytes: number } {
  const all = namesIn(base).map(name => sizeOf(join(base, name)))
  let bytes = all.reduce((sum, kept) => sum + kept.bytes, 0)
  let dropped = 0
  for (const kept of all.sort((a, b) => a.at - b.at)) {
    if (bytes <= most) break
    if (kept.path === own || isLocked(join(kept.path, LOCK))) continue
    rmSync(kept.path, { recursive: true, force: true })
    bytes -= kept.bytes
    dropped++
  }
  return { dropped, bytes }
}

/** Removes what sessions that were not saved have left after a kill. */
export function dropAbandoned(base: string): void {
  for (const path of namesIn(base).map(name => join(base, name)))
    if (existsSync(join(path, UNSAVED)) && !isLocked(join(path, LOCK))) rmSync(path, { recursive: true, force: true })
}

/** With the time of the last change. */
function sizeOf(path: string): Kept {
  const kept: Kept = { path, bytes: 0, at: 0 }
  for (const name of namesIn(path)) {
    const found = lstatSync(join(path, name), { throwIfNoEntry: false })
    kept.bytes += found?.size ?? 0
    kept.at = Math.max(kept.at, found?.mtimeMs ?? 0)
  }
  return kept
}
