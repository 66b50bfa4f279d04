import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { writeAtomic } from '../files.ts'
import { isLocked } from './lock.ts'
import { readEvents } from './log.ts'

/** What is known of a saved session without reading its log again. `size` and `modified` say which log it was read off. */
const Entry = v.looseObject({
  session_id: v.string(),
  project_path: v.nullable(v.string()),
  title: v.string(),
  first_prompt: v.nullable(v.string()),
  started_at: v.string(),
  ended_at: v.nullable(v.string()),
  status: v.picklist(['active', 'ended', 'open', 'damaged']),
  model: v.nullable(v.string()),
  message_count: v.number(),
  usage: v.nullable(v.looseObject({})),
  files_changed: v.array(v.string()),
  log: v.string(),
  size: v.number(),
  modified: v.number(),
})
export type Entry = v.InferOutput<typeof Entry>

const Index = v.object({ version: v.literal(1), project_path: v.nullable(v.string()), sessions: v.array(Entry) })

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
      for (const log of logs) {
        const { size, mtimeMs: modified } = await stat(log)
        const entry = known.get(log)
        const fresh = entry?.size === size && entry.modified === modified
        if (!fresh) changed = true
        const current = fresh ? entry : await readEntry(log, size, modified)
        list.push(
          current.status === 'damaged' || current.status === 'ended'
            ? current
            : { ...current, status: isLocked(lockOf(log)) ? 'active' : 'open' },
        )
      }
      return { list, changed }
    },
  }
}

export async function saveIndex(directory: string, sessions: Entry[], project_path?: string): Promise<void> {
  const owner = project_path ?? sessions.find(entry => entry.project_path)?.project_path ?? null
  await writeAtomic(
    join(directory, 'index.json'),
    JSON.stringify({ version: 1, project_path: owner, sessions } satisfies v.InferOutput<typeof Index>),
  )
}

const lockOf = (log: string) => log.replace(/\.jsonl$/, '.lock')

async function readIndex(path: string): Promise<v.InferOutput<typeof Index>> {
  try {
    return v.parse(Index, JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return { version: 1, project_path: null, sessions: [] } // absent or damaged: made again from the logs
  }
}

/** Reads one log. A damaged one is listed as such, so that nobody thinks it vanished. */
async function readEntry(log: string, size: number, modified: number): Promise<Entry> {
  const { events } = readEvents(await readFile(log))
  const { summarise } = await import('../transcript/summary.ts')
  const session_id = basename(log, '.jsonl').replace(/^session-/, '')
  if (events[0]?.type === 'session.created') return { ...summarise(events), session_id, log, size, modified }
  return {
    session_id,
    project_path: null,
    title: 'Damaged log',
    first_prompt: null,
    started_at: new Date(`${basename(dirname(log))}T00:00:00Z`).toISOString(),
    ended_at: null,
    status: 'damaged',
    model: null,
    message_count: 0,
    usage: null,
    files_changed: [],
    log,
    size,
    modified,
  }
}
