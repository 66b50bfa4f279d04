import { AppError } from '../base/errors.ts'
import { slice } from '../base/text.ts'
import type { Stored } from '../event.ts'
import { countingEvents } from '../transcript/counting.ts'
import { type Entry, sortKey } from './index.ts'
import { readEvents, readLog } from './lines.ts'

export type SearchRequest = {
  q: string
  project?: string
  since?: string
  until?: string
  limit: number
  cursor?: string
}
export type Match = {
  session_id: string
  project_path: string | null
  event_id: number
  at: string
  role: string
  snippet: string
}

/** Characters around a match. */
const AROUND = 80
/** Logs that are read while another is looked through: opening a file is mostly waiting. */
const AHEAD = 8

/** Finds a text, letter case aside, in what was said and done; newest sessions first, in the order of the log within one. */
export async function searchLogs(
  entries: Entry[],
  request: SearchRequest,
): Promise<{ matches: Match[]; next_cursor: string | null }> {
  const needle = request.q.toLowerCase()
  const start = request.cursor === undefined ? null : parseCursor(request.cursor)
  const matches: Match[] = []
  let next = ''
  const wanted = start ? entries.filter(entry => sortKey(entry) <= start.key) : entries
  const ahead: ReturnType<typeof eventsWith>[] = []
  for (const [at, entry] of wanted.entries()) {
    while (ahead.length < AHEAD && at + ahead.length < wanted.length) {
      const reading = eventsWith(wanted[at + ahead.length]!.log, needle)
      reading.catch(() => {}) // thrown when its turn comes
      ahead.push(reading)
    }
    const key = sortKey(entry)
    const after = key === start?.key ? start.event_id : 0
    for (const event of await ahead.shift()!) {
      if (event.id <= after || !isWithin(event.at, request)) continue
      const found = snippetIn(event, needle)
      if (!found) continue
      if (matches.length === request.limit) {
        return { matches, next_cursor: next }
      }
      next = Buffer.from(`${key} ${event.id}`).toString('base64url')
      matches.push({
        session_id: entry.session_id,
        project_path: entry.project_path,
        event_id: event.id,
        at: event.at,
        ...found,
      })
    }
  }
  return { matches, next_cursor: null }
}

/** The events of a log, or none when the bytes cannot contain the text: most logs are ruled out without parsing them. */
async function eventsWith(path: string, needle: string): Promise<readonly Stored[]> {
  const bytes = await readLog(path).catch(() => null)
  if (!bytes) return [] // gone, or closed to us: the list says so
  const written = JSON.stringify(needle).slice(1, -1)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('utf8')
    .toLowerCase()
    .includes(written.toLowerCase())
    ? countingEvents(readEvents(bytes, path).events)
    : []
}

const isWithin = (at: string, { since, until }: SearchRequest) =>
  (since === undefined || at >= since) && (until === undefined || at <= until)

function snippetIn(event: Stored, needle: string): { role: string; snippet: string } | null {
  for (const [role, text] of textsOf(event)) {
    const at = text.toLowerCase().indexOf(needle)
    if (at < 0) continue
    const from = Math.max(0, at - AROUND)
    const to = Math.min(text.length, at + needle.length + AROUND)
    const snippet = slice(text, from, to).replace(/\s+/g, ' ').trim()
    return { role, snippet: `${from > 0 ? '…' : ''}${snippet}${to < text.length ? '…' : ''}` }
  }
  return null
}

function textsOf(event: Stored): [role: string, text: string][] {
  switch (event.type) {
    case 'prompt':
      return [['user', event.text]]
    case 'message':
      return [['assistant', event.content]]
    case 'tool.call':
      return [
        [
          'tool',
          `${event.tool} ${Object.values(event.params)
            .filter(value => typeof value === 'string')
            .join(' ')}`,
        ],
      ]
    case 'tool.result':
      return [['tool', event.result?.content ?? event.message]]
    case 'delegate.start':
      return [['user', event.task]]
    case 'plan':
      return [['plan', event.items.map(({ title }) => title).join('\n')]]
    case 'session.created':
    case 'session.updated':
    case 'session.mode':
    case 'session.resumed':
    case 'session.rewound':
    case 'session.closed':
    case 'prompt.queued':
    case 'prompt.dropped':
    case 'delegate.end': // what it said last
    case 'approval':
    case 'file.changed':
    case 'undo':
    case 'question':
    case 'answer':
    case 'error':
    case 'hook':
    case 'notice':
    case 'context.compacted':
    case 'turn.end':
      return []
    default: // nothing is found in an event of a newer version
      event satisfies never
      return []
  }
}

/** The session and the event of the last match before. */
function parseCursor(cursor: string): { key: string; event_id: number } {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, key, event_id] = /^(\S+ [0-9a-f-]{36}) (\d{1,15})$/.exec(text) ?? []
  if (!key) throw new AppError('INVALID_REQUEST', 'cursor: expected the next_cursor of an earlier answer.')
  return { key, event_id: Number(event_id) }
}
