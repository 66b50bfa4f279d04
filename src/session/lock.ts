import { AppError } from '../base/errors.ts'
import { tryLock } from '../base/lockfile.ts'
import { writeFailed } from './log.ts'

/**
 * Takes the lock of a session for this process and returns how to release it. Throws SESSION_LOCKED while another living
 * process holds it, TRANSCRIPT_ERROR when it cannot be written, or when something else is in its place.
 */
export function acquireLock(path: string): () => void {
  const release = attempt(path)
  if (release) return release
  throw new AppError(
    'SESSION_LOCKED',
    'Another running backend has this session open. Attach to that one, or close it there first.',
  )
}

function attempt(path: string) {
  try {
    return tryLock(path)
  } catch (error) {
    throw error instanceof AppError ? new AppError('TRANSCRIPT_ERROR', error.message) : writeFailed(error)
  }
}
