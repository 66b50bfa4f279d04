import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { disarm } from '../disarm.ts'
import { AppError, reasonOf } from '../errors.ts'
import type { Storable, Stored } from '../event.ts'
import { PRIVATE_DIR, PRIVATE_FILE, readRegular } from '../files.ts'

/** An append-only list of events. The session is its only writer; everything else reads `events`. */
export type Log = {
  readonly path: string | null
  readonly events: readonly Stored[]
  /** A sync failed: nothing more is accepted, and what was said to be on the disk may not be. */
  readonly failed: boolean
  /** Writes one event, in order, before anybody hears of it. Throws TRANSCRIPT_ERROR, leaving the file as it was. */
  append(event: Storable): Stored
  /** Resolves when all that was appended is on the disk. After a failure the log accepts nothing more (reopen it). */
  sync(): Promise<void>
  close(): void
}

/** A log in memory only, for sessions that must leave nothing behind. */
export function memoryLog(): Log {
  const events: Stored[] = []
  return {
    path: null,
    events,
    failed: false,
    append: event => number(events, event),
    sync: async () => {},
    close: () => {},
  }
}

/** Throws TRANSCRIPT_ERROR when there is no place for it. */
export async function createLog(path: string): Promise<Log> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIR })
    const log = fileLog(path, openSync(path, 'ax', PRIVATE_FILE), [], 0)
    syncDirectory(dirname(path))
    return log
  } catch (error) {
    throw writeFailed(error)
  }
}

/**
 * Opens an existing log to go on with it. A torn tail is closed when it is a whole event, else cut off; what was cut is
 * kept in `<path>.torn`. Throws TRANSCRIPT_ERROR when the log has no readable session.created; the file is not touched then.
 */
export async function openLog(path: string): Promise<{ log: Log; bad_lines: number[] }> {
  const bytes = await readLog(path)
  const { events, bad_lines, torn } = readEvents(bytes)
  requireCreated(events)
  const fd = openForAppending(path)
  try {
    let length = bytes.length
    if (torn === 'closed') length += writeSync(fd, '\n')
    if (typeof torn === 'object') {
      await appendFile(`${path}.torn`, Buffer.concat([bytes.subarray(torn.from), NEWLINE]), { mode: PRIVATE_FILE })
      ftruncateSync(fd, (length = torn.from))
    }
    return { log: fileLog(path, fd, events, length), bad_lines }
  } catch (error) {
    closeSync(fd)
    throw writeFailed(error)
  }
}

/** Throws SESSION_NOT_FOUND when it is gone, TRANSCRIPT_ERROR when it cannot be read. */
export async function readLog(path: string): Promise<Uint8Array> {
  try {
    return await readRegular(path)
  } catch (error) {
    if (reasonOf(error) === 'ENOENT')
      throw new AppError('SESSION_NOT_FOUND', 'This session was deleted a moment ago.', { resumable: false })
    throw new AppError(
      'TRANSCRIPT_ERROR',
      `The session's log cannot be read (${reasonOf(error)}). Mend the permissions of the transcripts directory.`,
      {},
      { cause: error },
    )
  }
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a', PRIVATE_FILE)
  } catch (error) {
    throw writeFailed(error)
  }
}

/** Throws TRANSCRIPT_ERROR for a log that does not begin with what makes it a session. */
export function requireCreated(events: readonly Stored[]): Stored & { type: 'session.created' } {
  const created = events[0]
  if (created?.type !== 'session.created' || !v.is(Created, created))
    throw new AppError(
      'TRANSCRIPT_ERROR',
      'This log is damaged: its first event is not readable. The file was left untouched.',
    )
  return created
}

const NEWLINE = Buffer.from('\n')
const Envelope = v.looseObject({ id: v.pipe(v.number(), v.integer(), v.minValue(1)), at: v.string(), type: v.string() })
const Created = v.looseObject({
  session_id: v.string(),
  project_path: v.string(),
  model: v.string(),
  agent: v.string(),
})

/** Tolerant beyond the envelope: every intact line survives, unknown types are carried along, bad lines are reported. */
export function readEvents(bytes: Uint8Array): {
  events: Stored[]
  bad_lines: number[]
  torn: 'no' | 'closed' | { from: number }
} {
  const events: Stored[] = []
  const bad_lines: number[] = []
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let from = 0
  let last = 0
  for (let line = 1; from < buffer.length; line++) {
    const newline = buffer.indexOf(10, from)
    const event = parseLine(buffer.toString('utf8', from, newline < 0 ? buffer.length : newline))
    // An id that does not grow is a duplicate or a stranger: readers count on ids to resume.
    if (event && event.id > last) {
      last = event.id
      events.push(event)
    } else if (newline >= 0) bad_lines.push(line)
    if (newline < 0) return { events, bad_lines, torn: event ? 'closed' : { from } }
    from = newline + 1
  }
  return { events, bad_lines, torn: 'no' }
}

function parseLine(line: string): Stored | null {
  try {
    const value: unknown = JSON.parse(line)
    return v.is(Envelope, value) ? (value as unknown as Stored) : null
  } catch {
    return null // not JSON: the caller counts it as a bad line
  }
}

function number(events: Stored[], event: Storable): Stored {
  const stored = { id: (events.at(-1)?.id ?? 0) + 1, at: new Date().toISOString(), ...event } as Stored
  events.push(stored)
  return stored
}

function fileLog(path: string, fd: number, events: Stored[], length: number): Log {
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
      const stored = number(events, event)
      const line = Buffer.from(`${disarm(JSON.stringify(stored))}\n`)
      try {
        for (let offset = 0; offset < line.length; ) offset += writeSync(fd, line, offset)
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
      written++
      return stored
    },
    async sync() {
      refuseAfterFailure()
      const target = written
      try {
        // One fdatasync serves everybody who waits; whoever wrote after it began waits for the next.
        while (synced < target) await (syncing ??= syncOnce().finally(() => (syncing = null)))
      } catch (error) {
        fail(error)
      }
    },
    close() {
      // The number may soon belong to another file: whoever still writes must not write there.
      failed ??= new AppError('SHUTTING_DOWN', 'This session has ended. Resume it to go on.')
      closeSync(fd)
    },
  }
}

const pathOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException)?.path

export const writeFailed = (error: unknown): AppError =>
  new AppError(
    'TRANSCRIPT_ERROR',
    `The session's log cannot be written (${reasonOf(error)}). Free some disk space or mend ${pathOf(error) ?? 'the directory'}, then resume the session.`,
    {},
    { cause: error },
  )

function syncDirectory(path: string) {
  if (process.platform === 'win32') return // directories cannot be opened there
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
