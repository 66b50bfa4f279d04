import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { emacsSafe } from '../base/emacs-safe.ts'
import { writeAtomic } from '../base/files.ts'
import { isLocked } from '../base/lockfile.ts'
import { idOf, readLog, readLogEvents } from './lines.ts'
import type { Session } from './session.ts'
import { Spent, spentIn } from './spending.ts'
import { type SessionSummary, summaryOf } from './view.ts'

/** What is known of a saved session without reading its log again. `size` and `modified` say which log it was read off. */
const Entry = v.looseObject({
  session_id: v.string(),
  project_path: v.nullable(v.string()),
  title: v.string(),
  first_prompt: v.string(),
  started_at: v.string(),
  ended_at: v.nullable(v.string()),
  /** `active`: some backend has it open. `open`: it ended without a goodbye, and can be resumed like a `closed` one. */
  status: v.picklist(['active', 'open', 'closed', 'damaged']),
  model: v.string(),
  message_count: v.number(),
  usage: v.looseObject({}),
  files_changed: v.array(v.string()),
  spent: v.array(Spent),
  log: v.string(),
  size: v.number(),
  modified: v.number(),
})
export type Entry = v.InferOutput<typeof Entry>

/** Lists go by this, newest first; their cursors name it, so that they hold when sessions come and go. */
export const sortKey = (entry: Pick<Entry, 'started_at' | 'session_id'>) => `${entry.started_at} ${entry.session_id}`

const Index = v.object({ version: v.literal(2), project_path: v.nullable(v.string()), sessions: v.array(Entry) })

/** The `index.json` of a project's directory. A cache: absent, old or damaged, it is made again from the logs. */
export async function loadIndex(directory: string) {
  const index = await readIndex(join(directory, 'index.json'))
  const known = new Map(index.sessions.map(entry => [entry.log, entry]))
  return {
    project_path: index.project_path,
    /** The entries of these logs, reading those that changed; whether anything differs from what is saved. */
    async refresh(logs: string[]): Promise<{ list: Entry[]; changed: boolean }> {
      const list: Entry[] = []
      let changed = logs.length !== index.sessions.length
      const files = await statAll(logs)
      for (const [at, log] of logs.entries()) {
        const file = files[at]
        if (!file?.isFile()) continue // deleted since it was listed, or none of ours
        const { size, mtimeMs: modified } = file
        const entry = known.get(log)
        const fresh = entry?.size === size && entry.modified === modified
        if (!fresh) changed = true
        const current = fresh ? entry : await readEntry(log, size, modified)
        const settled = current.status === 'damaged' || current.status === 'closed'
        list.push(settled ? current : { ...current, status: isLocked(lockOf(log)) ? 'active' : 'open' })
      }
      return { list, changed }
    },
  }
}

export async function saveIndex(directory: string, sessions: Entry[], project_path?: string): Promise<void> {
  const owner = project_path ?? sessions.find(entry => entry.project_path)?.project_path ?? null
  await writeAtomic(
    join(directory, 'index.json'),
    emacsSafe(JSON.stringify({ version: 2, project_path: owner, sessions } satisfies v.InferOutput<typeof Index>)),
  )
}

const lockOf = (log: string) => log.replace(/\.jsonl$/, '.lock')

async function readIndex(path: string): Promise<v.InferOutput<typeof Index>> {
  try {
    return v.parse(Index, JSON.parse(new TextDecoder().decode(await readLog(path))))
  } catch {
    return { version: 2, project_path: null, sessions: [] } // absent or damaged: made again from the logs
  }
}

/** Reads one log. One that is damaged or closed to us is listed as such, so that nobody thinks it vanished. */
async function readEntry(log: string, size: number, modified: number): Promise<Entry> {
  const read = await readLogEvents(log).catch(() => null)
  const events = read?.events ?? []
  const { emptySummary, summaryOf } = await import('../transcript/summary.ts')
  // Permissions change without a trace in the file: what could not be read is tried again.
  const file = { session_id: idOf(log), log, size: read ? size : -1, modified }
  if (events[0]?.type !== 'session.created') {
    const started_at = dayOf(log) ?? new Date(modified).toISOString()
    return {
      ...emptySummary(),
      title: 'Damaged log',
      project_path: null,
      started_at,
      status: 'damaged',
      spent: [],
      ...file,
    }
  }
  const summary = summaryOf(events)
  return {
    ...summary,
    title: summary.title || summary.first_prompt || basename(summary.project_path),
    spent: spentIn(events),
    ...file,
  }
}

/** In slices, so that ten thousand logs neither wait for each other nor crowd the threads. */
async function statAll(paths: string[]) {
  const found = []
  for (let from = 0; from < paths.length; from += SLICE)
    found.push(...(await Promise.all(paths.slice(from, from + SLICE).map(path => stat(path).catch(() => null)))))
  return found
}
const SLICE = 256

/** The day that its directory is named after; null for one with a name of its own. */
function dayOf(log: string): string | null {
  const day = new Date(`${basename(dirname(log))}T00:00:00Z`)
  return Number.isNaN(day.getTime()) ? null : day.toISOString()
}

/** One line for each live session: sends a subscriber all there are, then each change. */
export function createSummaries(sessions: () => Iterable<Session>) {
  const watchers = new Set<(summary: SessionSummary) => void>()
  const tell = (summary: SessionSummary) => {
    for (const watcher of watchers) watcher(summary)
  }
  return {
    /** Returns how to stop. */
    watch(watcher: (summary: SessionSummary) => void): () => void {
      watchers.add(watcher)
      for (const session of sessions()) watcher(summaryOf(session))
      return () => watchers.delete(watcher)
    },
    follow(session: Session) {
      let last = ''
      const look = () => {
        const summary = summaryOf(session)
        const text = JSON.stringify(summary)
        if (text === last) return
        last = text
        tell(summary)
      }
      session.subscribe(event => {
        if (!QUIET.has(event.type)) look()
      })
      look()
    },
    closed: (session: Session) => tell({ ...summaryOf(session), closed: true }),
  }
}

/** Events that change nothing in a summary, and come by the thousand. */
const QUIET = new Set(['message.delta', 'thinking.delta', 'tool.draft', 'tool.progress', 'editor.request'])
