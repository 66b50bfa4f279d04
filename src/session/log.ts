import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { emacsSafe } from '../base/emacs-safe.ts'
import { AppError, reasonOf } from '../base/errors.ts'
import { PRIVATE_DIR, PRIVATE_FILE, writeAtomic } from '../base/files.ts'
import { newId } from '../base/ids.ts'
import { withRemedy } from '../base/remedy.ts'
import { wellFormed } from '../base/text.ts'
import type { Storable, Stored } from '../event.ts'
import { readLogEvents, requireCreated } from './lines.ts'

/** An append-only list of events. The session is its only writer; everything else reads `events`. */
export type Log = {
  readonly path: string | null
  readonly events: readonly Stored[]
  /** A sync failed, or the file is another one now: nothing more is accepted until it is opened again. */
  readonly failed: boolean
  /** Writes one event, well formed and in order, before it is sent to subscribers. Throws TRANSCRIPT_ERROR, leaving the file as it was. */
  append(event: Storable): Stored
  /** Resolves when all that was appended is on the disk. After a failure the log accepts nothing more (reopen it). */
  sync(): Promise<void>
  close(): void
}

/** A log in memory only, for sessions that must leave nothing behind. */
export function memoryLog(events: Stored[] = []): Log {
  return {
    path: null,
    events,
    failed: false,
    append: event => number(events, event, events.length + 1),
    sync: async () => {},
    close: () => {},
  }
}

/** Throws TRANSCRIPT_ERROR when there is no place for it. */
export async function createLog(path: string): Promise<Log> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIR })
    const log = fileLog(path, openSync(path, 'ax', PRIVATE_FILE), [], 0, 0)
    syncDirectory(dirname(path))
    return log
  } catch (error) {
    throw cannotBegin(error)
  }
}

/** A log that begins with these events: the file is there whole, or not at all. Throws TRANSCRIPT_ERROR. */
export async function writeLog(path: string, events: readonly Stored[]): Promise<Log> {
  try {
    await writeAtomic(path, Buffer.concat(events.map(lineOf)))
    syncDirectory(dirname(path))
  } catch (error) {
    throw cannotBegin(error)
  }
  return (await openLog(path)).log
}

/**
 * Opens an existing log to go on with it. A torn tail is closed when it is a whole event, else cut off; what was cut is
 * kept in `<path>.torn`. Throws TRANSCRIPT_ERROR when the log has no readable session.created; the file is not touched then.
 */
export async function openLog(path: string): Promise<{ log: Log; bad_lines: number[] }> {
  const { events, bad_lines, last_id, torn, ...read } = await readLogEvents(path)
  requireCreated(events)
  const fd = openForAppending(path)
  try {
    let { length } = read
    if (torn === 'closed') length += writeSync(fd, '\n')
    else if (torn !== 'no') {
      await appendFile(`${path}.torn`, Buffer.concat([torn, NEWLINE]), { mode: PRIVATE_FILE })
      length -= torn.length
      ftruncateSync(fd, length)
    }
    return { log: fileLog(path, fd, events, last_id, length), bad_lines }
  } catch (error) {
    closeSync(fd)
    throw writeFailed(error)
  }
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a', PRIVATE_FILE)
  } catch (error) {
    throw writeFailed(error)
  }
}

const NEWLINE = Buffer.from('\n')

function number(events: Stored[], event: Storable, id: number): Stored {
  const stored = { id, at: new Date().toISOString(), ...wellFormed(event) } as Stored
  events.push(stored)
  return stored
}

const lineOf = (event: Stored): Buffer => Buffer.from(`${emacsSafe(JSON.stringify(event))}\n`)

function writeWhole(fd: number, bytes: Buffer) {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset)
}

function fileLog(path: string, fd: number, events: Stored[], last_id: number, length: number): Log {
  const own = fstatSync(fd)
  let failed: AppError | null = null
  let written = 0
  let synced = 0
  let syncing: Promise<void> | null = null

  const refuseAfterFailure = () => {
    if (failed) throw failed
  }
  const fail = (error: unknown): never => {
    failed = writeFailed(error)
    throw failed
  }
  /** Whatever is written into a file that was deleted, replaced or changed by somebody else is lost. */
  const refuseAnother = () => {
    const file = statSync(path, { throwIfNoEntry: false })
    if (file?.ino === own.ino && file.dev === own.dev && file.size === length) return
    failed = writtenAgain(path, events)
    throw failed
  }
  const syncOnce = () => {
    const target = written
    return new Promise<void>((resolve, reject) => {
      fdatasync(fd, error => {
        if (error) return reject(error)
        synced = Math.max(synced, target)
        resolve()
      })
    })
  }

  return {
    path,
    events,
    get failed() {
      return failed !== null
    },
    append(event) {
      refuseAfterFailure()
      refuseAnother()
      const stored = number(events, event, last_id + 1)
      const line = lineOf(stored)
      try {
        writeWhole(fd, line)
      } catch (error) {
        events.pop()
        try {
          ftruncateSync(fd, length) // never leave half a record for the next one to be glued to
        } catch (second) {
          fail(second)
        }
        throw writeFailed(error)
      }
      length += line.length
      last_id++
      written++
      return stored
    },
    async sync() {
      refuseAfterFailure()
      const target = written
      try {
        // One fdatasync serves all that wait; what was written after it began waits for the next.
        while (synced < target) await (syncing ??= syncOnce().finally(() => (syncing = null)))
      } catch (error) {
        fail(error)
      }
    },
    close() {
      // The number may soon belong to another file: a late write must not go there.
      failed ??= new AppError('SHUTTING_DOWN', 'This session has ended. Resume it to go on.')
      closeSync(fd)
    },
  }
}

/**
 * Puts a log whose file is not ours any more back in its place, from memory: what was acknowledged must not be lost with it.
 * What stands there now is kept beside. Returns the error that says so.
 */
function writtenAgain(path: string, events: readonly Stored[]): AppError {
  try {
    const aside = statSync(path, { throwIfNoEntry: false }) && `${path}.${newId('job').slice(4)}`
    if (aside) renameSync(path, aside)
    mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIR })
    const fd = openSync(path, 'ax', PRIVATE_FILE)
    try {
      writeWhole(fd, Buffer.concat(events.map(lineOf)))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    syncDirectory(dirname(path))
    const what = aside ? `replaced or changed by another program (its version is kept as ${aside})` : 'deleted'
    return new AppError(
      'TRANSCRIPT_ERROR',
      `The log of this session, ${path}, was ${what} while the session was open. What it held is written there again: resume the session to go on.`,
    )
  } catch (error) {
    return writeFailed(error)
  }
}

const pathOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException)?.path

export function writeFailed(error: unknown, then = 'resume the session'): AppError {
  const path = pathOf(error)
  const what = path === undefined ? "The session's log" : `The session's log in ${path}`
  const message = `${withRemedy(`${what} cannot be written (${reasonOf(error)}).`, error)} Then ${then}.`
  return new AppError('TRANSCRIPT_ERROR', message, {}, { cause: error })
}

/** The same for a session that is not there yet. */
export const cannotBegin = (error: unknown): AppError =>
  writeFailed(error, 'try again; transcript_path says where the logs of all sessions are')

function syncDirectory(path: string) {
  if (process.platform === 'win32') return // directories cannot be opened there
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
