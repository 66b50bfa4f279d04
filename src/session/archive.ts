import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, messageOf } from '../base/errors.ts'
import { hashOf, makePrivateDir, writeAtomic } from '../base/files.ts'
import type { SessionCreated, Stored } from '../event.ts'
import { FORMAT_NAMES, FORMATS, type Format } from '../transcript/formats.ts'
import { projectName } from '../transcript/record.ts'
import { type Entry, loadIndex, saveIndex, sortKey } from './index.ts'
import { readEvents, readLog, readLogEvents, requireCreated } from './lines.ts'
import { acquireLock } from './lock.ts'
import { cannotBegin } from './log.ts'
import { type SearchRequest, searchLogs } from './search.ts'
import type { Session } from './session.ts'
import { type Group, isWithin, type Period, type Spent, spentIn, tabulate } from './spending.ts'

export type ListRequest = { project?: string; limit: number; cursor?: string }
export type Archive = ReturnType<typeof createArchive>

/** The files of one session: the log is the truth, everything beside it can be made again. */
export const filesOf = (log: string) => {
  const stem = log.replace(/\.jsonl$/, '')
  return {
    log,
    ...renderedBeside(stem),
    spill: `${stem}.spill`,
    lock: `${stem}.lock`,
    torn: `${log}.torn`,
  }
}

const renderedBeside = (stem: string) =>
  Object.fromEntries(FORMAT_NAMES.map(name => [name, `${stem}.${FORMATS[name].extension}`])) as Record<Format, string>

/** Of the sessions that an id may mean, so many are named. */
const MAX_NAMED = 5

const LOG_NAME = /^session-([0-9a-f-]{36})\.jsonl$/

/**
 * The sessions on disk: `<base>/<project>/<YYYY-MM-DD>/session-<uuid>.jsonl`. Lists and searches read the logs; the
 * `index.json` of a project only saves reading them again, and is rebuilt whenever it does not fit.
 */
export function createArchive(base: string, report: (level: 'warn', message: string) => void, undo?: string) {
  /** Every log, by session id; newest last within a project directory. */
  const logs = async (): Promise<{ directory: string; path: string; id: string }[]> => {
    const found = []
    const within = (directory: string) =>
      names(directory).catch((error: Error) => {
        report('warn', `The transcripts in ${directory} cannot be listed: ${error.message}`)
        return []
      })
    for (const directory of await within(base))
      for (const day of await within(join(base, directory)))
        for (const file of await within(join(base, directory, day))) {
          const id = LOG_NAME.exec(file)?.[1]
          if (id) found.push({ directory: join(base, directory), path: join(base, directory, day, file), id })
        }
    return found
  }

  const find = async (id: string): Promise<string | null> =>
    /^[0-9a-f-]{36}$/.test(id) ? ((await logs()).find(log => log.id === id)?.path ?? null) : null

  const mustFind = async (id: string): Promise<string> => {
    const path = await find(id)
    if (path) return path
    throw new AppError('SESSION_NOT_FOUND', 'There is no such session, live or saved.', { resumable: false })
  }

  /** What is known of every saved session, newest first; reads only logs that changed since the index was written. */
  const entries = async (project?: string): Promise<Entry[]> => {
    const all: Entry[] = []
    const byDirectory = Map.groupBy(await logs(), log => log.directory)
    for (const [directory, group] of byDirectory) {
      const index = await loadIndex(directory)
      const { list, changed } = await index.refresh(group.map(log => log.path))
      if (changed)
        await saveIndex(directory, list).catch((error: Error) =>
          report('warn', `${directory}/index.json: ${error.message}`),
        )
      all.push(...list)
    }
    return all
      .filter(entry => project === undefined || entry.project_path === project)
      .sort((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1))
  }

  return {
    find,

    /** The whole id of the one saved session whose id begins so. Throws SESSION_NOT_FOUND where none does, or several do. */
    async idOf(beginning: string): Promise<string> {
      const found = (await logs()).map(log => log.id).filter(id => id.startsWith(beginning.toLowerCase()))
      if (found.includes(beginning) || found.length === 1) return found.includes(beginning) ? beginning : found[0]!
      if (found.length === 0)
        throw new AppError('SESSION_NOT_FOUND', 'There is no such session, live or saved, nor one whose id begins so.')
      const some = found.slice(0, MAX_NAMED).join(', ')
      throw new AppError(
        'SESSION_NOT_FOUND',
        `The ids of ${found.length} sessions begin so: ${some}${found.length > MAX_NAMED ? ' …' : ''}. Write more of the one you mean.`,
      )
    },

    /** Where the log of a new session goes. Two projects of one name get directories of their own. */
    async place(created: SessionCreated): Promise<string> {
      const name = projectName(created.project_path)
      const own = join(base, name)
      let directory = own
      try {
        const owner = await ownerOf(own)
        if (owner !== null && owner !== created.project_path)
          directory = `${own}-${hashOf(created.project_path).slice(7, 13)}`
        await makePrivateDir(directory)
        if (owner === null) await saveIndex(directory, [], created.project_path)
      } catch (error) {
        throw cannotBegin(error)
      }
      return join(directory, localDay(new Date()), `session-${created.session_id}.jsonl`)
    },

    /** The events of a saved session. Throws SESSION_NOT_FOUND, or TRANSCRIPT_ERROR for a damaged log. */
    async read(id: string): Promise<readonly Stored[]> {
      const path = await mustFind(id)
      const { events } = await readLogEvents(path)
      requireCreated(events)
      return events
    },

    /** Writes the transcripts beside a log, each in one step; returns the path of the .org. */
    async writeTranscripts(log: string, events: readonly Stored[]): Promise<string> {
      const files = filesOf(log)
      for (const format of FORMAT_NAMES) await writeAtomic(files[format], await FORMATS[format].render(events))
      return files.org
    },

    async list({ project, limit, cursor }: ListRequest) {
      const before = cursor === undefined ? null : decodeCursor(cursor)
      const all = await entries(project)
      const from = before === null ? 0 : all.findIndex(entry => sortKey(entry) < before)
      const page = from < 0 ? [] : all.slice(from, from + limit)
      const more = from >= 0 && from + limit < all.length
      return { transcripts: page.map(shown), next_cursor: more ? encodeCursor(sortKey(page.at(-1)!)) : null }
    },

    /** What all saved sessions used, from the index; a log is read again only where the period cuts one of its days. */
    async usage({ by, ...period }: Period & { by: Group }) {
      const parts: (Spent & { project: string })[] = []
      for (const entry of await entries()) {
        const within = entry.spent.map(part => isWithin(part, period))
        const spent = within.includes(undefined)
          ? spentIn((await readLogEvents(entry.log)).events, period)
          : entry.spent.filter((_, at) => within[at])
        parts.push(...spent.map(part => ({ ...part, project: entry.project_path ?? '' })))
      }
      return tabulate(parts, by)
    },

    async search(request: SearchRequest) {
      return searchLogs(await entries(request.project), request)
    },

    /** Removes a session with all its files. Throws SESSION_NOT_FOUND, SESSION_LOCKED, TRANSCRIPT_ERROR. */
    async remove(id: string): Promise<void> {
      const files = filesOf(await mustFind(id))
      const release = acquireLock(files.lock)
      try {
        // The log goes first: without it nothing is a session any more.
        for (const path of Object.values(files))
          if (path !== files.lock) await rm(path, { recursive: true, force: true })
        if (undo) await rm(join(undo, id), { recursive: true, force: true })
      } finally {
        release()
      }
    },
  }
}

const shown = ({ log, size: _, modified: __, spent: ___, ...entry }: Entry) => {
  const { spill: _spill, lock: _lock, torn: _torn, ...paths } = filesOf(log)
  return { ...entry, paths }
}

const encodeCursor = (key: string) => Buffer.from(key).toString('base64url')
const decodeCursor = (cursor: string) => {
  const key = Buffer.from(cursor, 'base64url').toString()
  if (!/^\S* [0-9a-f-]{36}$/.test(key))
    throw new AppError('INVALID_REQUEST', 'cursor: expected the next_cursor of an earlier answer.')
  return key
}

/** Whose directory this is, by its index or its first log; null when it is free. */
async function ownerOf(directory: string): Promise<string | null> {
  const index = await loadIndex(directory)
  if (index.project_path !== null) return index.project_path
  for (const day of await names(directory))
    for (const file of await names(join(directory, day))) {
      if (!LOG_NAME.test(file)) continue
      const path = join(directory, day, file)
      const created = await readLog(path).then(
        bytes => readEvents(bytes, path).events[0],
        () => undefined, // not readable, or gone: another file has it
      )
      if (created?.type === 'session.created') return created.project_path
    }
  return null
}

const localDay = (date: Date) =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`

/** The names in a directory in order; none when it is not one. */
async function names(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

export type Rendering = {
  /** Renders what is there now, and stops. Resolves with the path of the .org. */
  finish(): Promise<string>
}

/** Rendering may take this share of the time, so that its cost stays linear however long a session grows. */
const SHARE = 0.05
const SOONEST_MS = 200
/** A session in which one turn follows the other without a pause is rendered after this time all the same. */
const LATEST_MS = 60_000

/**
 * Keeps the transcript files of a session up to date, off the reply path: once it pauses after a turn, and the less often the
 * longer it takes.
 */
export function createRendering(
  session: Session,
  archive: Archive,
  report: (level: 'warn', message: string) => void,
): Rendering {
  const path = session.log.path!
  let cost = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<string> = Promise.resolve('')

  const render = (): Promise<string> => {
    running = running
      .catch(() => '') // reported where it happened
      .then(async () => {
        const started = performance.now()
        const org = await archive.writeTranscripts(path, session.log.events).catch(error => {
          throw new AppError(
            'TRANSCRIPT_ERROR',
            `The transcripts beside the log could not be written (${error.code ?? messageOf(error)}). The log has everything: free some disk space, and GET …/transcript renders it.`,
          )
        })
        cost = performance.now() - started
        return org
      })
    return running
  }

  /** When the first turn ended that is in no file yet. */
  let behind: number | undefined
  const unsubscribe = session.subscribe(event => {
    if (event.type === 'prompt') clearTimeout(timer)
    if (event.type !== 'turn.end') return
    clearTimeout(timer)
    behind ??= performance.now()
    const pause = Math.max(SOONEST_MS, cost / SHARE)
    const left = behind + Math.max(LATEST_MS, pause) - performance.now()
    timer = setTimeout(
      () => {
        behind = undefined
        render().catch(error => report('warn', `${path}: ${messageOf(error)}`))
      },
      Math.max(0, Math.min(pause, left)),
    )
  })

  return {
    finish() {
      unsubscribe()
      clearTimeout(timer)
      return render()
    },
  }
}
