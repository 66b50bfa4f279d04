import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { PRIVATE_FILE, readRegularSync } from '../files.ts'
import { newId } from '../ids.ts'
import { isSameProcess, startTimeOf } from '../processes.ts'
import { writeFailed } from './log.ts'

const Owner = v.object({ pid: v.number(), start_time: v.nullable(v.string()) })

/** Whether a living process holds the lock; a lock whose owner is gone, or that nobody can read, counts as free. */
export function isLocked(path: string): boolean {
  const owner = readOwner(path)
  return owner !== null && isSameProcess(owner.pid, owner.start_time)
}

/**
 * Takes the lock file `path` for this process and returns how to release it. Throws SESSION_LOCKED while another living
 * process holds it, TRANSCRIPT_ERROR when it cannot be written. A stale lock is moved away first: of several that try, the rename lets one win.
 */
export function acquireLock(path: string): () => void {
  const owner = JSON.stringify({ pid: process.pid, start_time: startTimeOf(process.pid) })
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      writeFileSync(path, owner, { flag: 'wx', mode: PRIVATE_FILE })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeFailed(error)
    }
    if (isLocked(path))
      throw new AppError(
        'SESSION_LOCKED',
        'Another running backend has this session open. Attach to that one, or close it there first.',
      )
    removeStale(path)
  }
  throw new AppError('SESSION_LOCKED', 'Another backend is opening this session right now. Try again.')
}

function removeStale(path: string) {
  const aside = `${path}.${newId('job')}`
  try {
    renameSync(path, aside)
  } catch {
    return // somebody else moved it first
  }
  // Between our look and our rename a new owner may have come: give it its lock back.
  if (isLocked(aside)) linkSync(aside, path)
  rmSync(aside, { force: true })
}

function readOwner(path: string): v.InferOutput<typeof Owner> | null {
  try {
    return v.parse(Owner, JSON.parse(String(readRegularSync(path))))
  } catch {
    return null // absent or half written: nobody that we could name
  }
}
