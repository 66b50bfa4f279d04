import * as v from 'valibot'
import { AppError, reasonOf } from '../base/errors.ts'
import { openRegular, readRegular } from '../base/files.ts'
import { collectGarbage } from '../base/garbage.ts'
import { wellFormed } from '../base/text.ts'
import { shaped } from '../event/shapes.ts'
import type { SessionCreated, Stored } from '../event.ts'

/** The bytes of a log. Throws SESSION_NOT_FOUND when it is gone, TRANSCRIPT_ERROR when it cannot be read or is no file. */
export const readLog = (path: string): Promise<Uint8Array> => orUnreadable(() => readRegular(path))

async function orUnreadable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
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

/** `…/session-<uuid>.jsonl` → the uuid: a session is called as its file is, whatever stands inside. */
export const idOf = (path: string): string => /session-([0-9a-f-]{36})\.jsonl$/.exec(path)?.[1] ?? ''

/** Throws TRANSCRIPT_ERROR for a log that does not begin with what makes it a session. */
export function requireCreated(events: readonly Stored[]): Stored<SessionCreated> {
  const [created] = events
  if (created?.type === 'session.created') return created
  throw new AppError(
    'TRANSCRIPT_ERROR',
    'This log is damaged: its first event is not readable. The file was left untouched.',
  )
}

export type Lines = {
  events: Stored[]
  /** Numbers of the lines that were passed over, from 1. They stay in the file. */
  bad_lines: number[]
  /** The highest id that a line carries, bad ones included: what comes next is numbered from there. */
  last_id: number
  /** Whether the last line is whole. `closed`: but for its line end; else the bytes of the rest of one. */
  torn: 'no' | 'closed' | Uint8Array
  /** Bytes in all. */
  length: number
}

/**
 * The events in the bytes of the log at `path`. Every intact line survives; one that is not JSON, not an event, or not what
 * events of its type are, is bad. Unknown types are carried along.
 */
export function readEvents(bytes: Uint8Array, path: string): Lines {
  const reader = createLineReader(path)
  reader.feed(bytes)
  return reader.end()
}

/** So much of a log is held beside its events while it is read, and what was made of so many of them. */
const CHUNK = 1024 * 1024
const CHUNKS = 8

/** The same, read piece by piece. Throws what `readLog` throws. */
export const readLogEvents = (path: string): Promise<Lines> =>
  orUnreadable(async () => {
    const file = await openRegular(path)
    try {
      const reader = createLineReader(path)
      const buffer = Buffer.allocUnsafe(CHUNK)
      for (let chunks = 1; ; chunks++) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK, null)
        if (bytesRead === 0) return reader.end()
        reader.feed(buffer.subarray(0, bytesRead))
        if (chunks % CHUNKS === 0) collectGarbage()
      }
    } finally {
      await file.close()
    }
  })

/** Takes the bytes of a log in pieces, which are not kept. */
function createLineReader(path: string) {
  const lines: Lines = { events: [], bad_lines: [], last_id: 0, torn: 'no', length: 0 }
  /** One whose id leaves a gap waits for the next: it may be the id that is damaged, and would hide all that follow. */
  let doubtful: { event: Stored; line: number } | null = null
  let before = 0
  let line = 0
  /** Of a line that is not whole yet. */
  let parts: Uint8Array[] = []

  const accept = (event: Stored) => {
    before = event.id
    lines.events.push(
      event.type === 'session.created' ? { ...event, session_id: idOf(path) || event.session_id } : event,
    )
  }
  const settle = (next: Envelope | null) => {
    if (!doubtful) return
    if (next && next.id > before && next.id <= doubtful.event.id) lines.bad_lines.push(doubtful.line)
    else accept(doubtful.event)
    doubtful = null
  }
  /** Returns whether the line is an event. One without its line end is torn and no bad line: it is cut off. */
  const take = (text: string, isWhole: boolean): boolean => {
    line++
    const envelope = parseLine(text)
    if (envelope) settle(envelope)
    const fits = envelope && envelope.id > before && envelope.id <= before + WIDEST_GAP
    const event = fits ? (shaped(envelope) as unknown as Stored | null) : null
    if (!event) {
      if (isWhole) lines.bad_lines.push(line)
      if (fits && isWhole) lines.last_id = Math.max(lines.last_id, envelope.id)
    } else if (event.id === before + 1) accept(event)
    else doubtful = { event, line }
    return event !== null
  }

  return {
    feed(bytes: Uint8Array): void {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      lines.length += buffer.length
      let from = 0
      for (let newline = buffer.indexOf(10); newline >= 0; newline = buffer.indexOf(10, from)) {
        const rest = buffer.subarray(from, newline)
        take((parts.length > 0 ? Buffer.concat([...parts, rest]) : rest).toString(), true)
        parts = []
        from = newline + 1
      }
      if (from < buffer.length) parts.push(Buffer.from(buffer.subarray(from)))
    },
    end(): Lines {
      if (parts.length > 0) {
        const rest = Buffer.concat(parts)
        lines.torn = take(rest.toString(), false) ? 'closed' : rest
      }
      settle(null)
      lines.bad_lines.sort((a, b) => a - b)
      lines.last_id = Math.max(lines.last_id, before)
      return lines
    },
  }
}

/** Ids increase by one, but a line may be lost. No log has lost so many. */
const WIDEST_GAP = 1_000_000
/** What is nested deeper than that cannot be told on: writing JSON recurses. */
const DEEPEST = 5000

/** What else there is is not looked at here (`shapes.ts`). */
const Envelope = v.object({
  id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  at: v.pipe(
    v.string(),
    v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/),
    v.check(at => !Number.isNaN(Date.parse(at))),
  ),
  type: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
})
type Envelope = v.InferOutput<typeof Envelope> & Record<string, unknown>

/** What an editor puts in front of a file, and what a file system leaves where a crash lost what was written. */
const LEADING = /^[\uFEFF\0]+/

function parseLine(line: string): Envelope | null {
  try {
    const value: unknown = JSON.parse(LEADING.test(line) ? line.replace(LEADING, '') : line)
    if (!v.is(Envelope, value) || (line.length > 2 * DEEPEST && isDeeper(value, DEEPEST))) return null
    return line.includes('\\u') ? wellFormed(value) : value
  } catch {
    return null // not JSON: the caller counts it as a bad line
  }
}

const isDeeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some(item => isDeeper(item, depth - 1)))
