import * as v from 'valibot'
import { AppError, reasonOf } from '../base/errors.ts'
import { readRegular } from '../base/files.ts'
import { wellFormed } from '../base/text.ts'
import { shaped } from '../event/shapes.ts'
import type { SessionCreated, Stored } from '../event.ts'

/** The bytes of a log. Throws SESSION_NOT_FOUND when it is gone, TRANSCRIPT_ERROR when it cannot be read or is no file. */
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
  /** Whether the last line is whole. `closed`: but for its line end; else where the rest of one begins. */
  torn: 'no' | 'closed' | { from: number }
}

/**
 * The events of the log at `path`. Every intact line survives; one that is not JSON, not an event, or not what events of its
 * type are, is bad. Unknown types are carried along.
 */
export function readEvents(bytes: Uint8Array, path: string): Lines {
  const lines: Lines = { events: [], bad_lines: [], last_id: 0, torn: 'no' }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  /** One whose id leaves a gap waits for the next: it may be the id that is damaged, and would hide all that follow. */
  let doubtful: { event: Stored; line: number } | null = null
  let before = 0

  const refuse = (line: number) => lines.bad_lines.push(line)
  const accept = (event: Stored) => {
    before = event.id
    lines.events.push(
      event.type === 'session.created' ? { ...event, session_id: idOf(path) || event.session_id } : event,
    )
  }
  const settle = (next: Envelope | null) => {
    if (!doubtful) return
    if (next && next.id > before && next.id <= doubtful.event.id) refuse(doubtful.line)
    else accept(doubtful.event)
    doubtful = null
  }

  for (let line = 1, from = 0; from < buffer.length; line++) {
    const newline = buffer.indexOf(10, from)
    const envelope = parseLine(buffer.toString('utf8', from, newline < 0 ? buffer.length : newline))
    if (envelope) settle(envelope)
    const fits = envelope && envelope.id > before && envelope.id <= before + WIDEST_GAP
    const event = fits ? (shaped(envelope) as unknown as Stored | null) : null
    if (!event) {
      // A tail without its line end is torn, and no bad line: it is cut off.
      if (newline >= 0) refuse(line)
      if (fits && newline >= 0) lines.last_id = Math.max(lines.last_id, envelope.id)
    } else if (event.id === before + 1) accept(event)
    else doubtful = { event, line }
    if (newline < 0) lines.torn = event ? 'closed' : { from }
    from = newline < 0 ? buffer.length : newline + 1
  }
  settle(null)
  lines.bad_lines.sort((a, b) => a - b)
  lines.last_id = Math.max(lines.last_id, before)
  return lines
}

/** Ids increase by one, but a line may be lost. No log has lost so many. */
const WIDEST_GAP = 1_000_000
/** What is nested deeper than that cannot be told on: writing JSON recurses. */
const DEEPEST = 5000

const Envelope = v.looseObject({
  id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  at: v.pipe(
    v.string(),
    v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/),
    v.check(at => !Number.isNaN(Date.parse(at))),
  ),
  type: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
})
type Envelope = v.InferOutput<typeof Envelope>

function parseLine(line: string): Envelope | null {
  try {
    const value: unknown = JSON.parse(line)
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
