import { constants } from 'node:fs'
import { copyFile, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { makePrivateDir } from '../base/files.ts'
import { newSessionId } from '../base/ids.ts'
import type { SessionCreated, Stored } from '../event.ts'
import { isConversation } from '../transcript/counting.ts'
import { type Archive, filesOf } from './archive.ts'
import { acquireLock } from './lock.ts'
import { cannotBegin, type Log, memoryLog, writeLog } from './log.ts'
import { mustFindPrompt } from './rewind.ts'
import type { Session } from './session.ts'

/** `turn_id`: the last turn that is kept; without it, all of the conversation is. */
export type ForkRequest = { turn_id?: string; title?: string }

export type Forked = {
  log: Log
  release(): void
  /** Removes what was written, for a session that could not be opened. */
  discard(): Promise<void>
}

/**
 * Writes the log of a new session on the same project, with the settings that the session has now. It begins with what came
 * before: events get new ids, turns and calls keep theirs. What belongs to their results is copied first; then the log is
 * there in one step. Throws NOT_FOUND, TRANSCRIPT_ERROR.
 */
export async function forkLog(session: Session, { turn_id, title }: ForkRequest, archive: Archive): Promise<Forked> {
  const kept = keptBy(session.counting, turn_id)
  const { project_path, model, agent, config, title: own } = session.state
  const created: SessionCreated = {
    type: 'session.created',
    format: 1,
    session_id: newSessionId(),
    project_path,
    title: title ?? own,
    model,
    agent,
    config,
    forked_from: { session_id: session.id, event_id: kept.at(-1)!.id },
  }
  const events = copied(created, kept)
  if (!session.log.path) return { log: memoryLog(events), release: () => {}, discard: async () => {} }

  const path = await archive.place(created)
  const files = filesOf(path)
  await makePrivateDir(dirname(path)).catch(error => {
    throw cannotBegin(error)
  })
  const release = acquireLock(files.lock)
  const discard = async () => {
    for (const file of [path, files.spill]) await rm(file, { recursive: true, force: true })
    release()
  }
  try {
    await copyResults(filesOf(session.log.path).spill, files.spill, callsIn(events))
    return { log: await writeLog(path, events), release, discard }
  } catch (error) {
    await discard()
    throw error instanceof AppError ? error : cannotBegin(error)
  }
}

/** What came before the fork: up to the prompt that follows the turn. */
function keptBy(counting: readonly Stored[], turn_id: string | undefined): readonly Stored[] {
  if (turn_id === undefined) return counting
  const from = counting.indexOf(mustFindPrompt(counting, turn_id))
  const next = counting.findIndex(
    (event, i) => i > from && event.type === 'prompt' && event.source === 'user' && !event.parent_tool_call_id,
  )
  return next < 0 ? counting : counting.slice(0, next)
}

/** The events of the new log. Of what is about the session, only what the model was told goes with the conversation. */
function copied(created: SessionCreated, kept: readonly Stored[]): Stored[] {
  const isCopied = (event: Stored) =>
    event.type === 'prompt' ||
    event.type === 'undo' ||
    (isConversation(event) && event.type !== 'prompt.queued' && event.type !== 'prompt.dropped')
  const old = kept.filter(isCopied)
  const first = 2
  const newIdOf = (id: number) => {
    const index = old.findIndex(event => event.id >= id)
    return first + (index < 0 ? old.length : index)
  }
  const copies = old.map((event, i): Stored => {
    const copy = { ...event, id: first + i }
    if (copy.type === 'context.compacted' && copy.first_kept_id !== undefined)
      copy.first_kept_id = newIdOf(copy.first_kept_id)
    return copy
  })
  const at = new Date().toISOString()
  return [{ id: 1, at, ...created, inherited_to: 1 + copies.length }, ...copies]
}

const callsIn = (events: readonly Stored[]): Set<string> =>
  new Set(events.flatMap(event => (event.type === 'tool.result' ? [event.tool_call_id] : [])))

/** Long results, and images of results, are files named after their calls. */
async function copyResults(from: string, to: string, calls: ReadonlySet<string>): Promise<void> {
  const names = await readdir(from).catch(() => []) // most sessions have none
  const wanted = names.filter(name => calls.has(name.replace(/\..*$/, '')))
  if (wanted.length > 0) await makePrivateDir(to)
  for (const name of wanted) await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE)
}
