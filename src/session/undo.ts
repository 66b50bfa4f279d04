import { isAbsolute, join } from 'node:path'
import { NEVER } from '../base/abort.ts'
import { AppError, reasonOf } from '../base/errors.ts'
import type { FileChanged, Stored } from '../event.ts'
import type { Lost } from '../undo/chain.ts'
import type { Keeper } from '../undo/keeper.ts'
import type { Undoing, UndoRequest } from '../undo/outcome.ts'
import type { Line } from '../undo/steps.ts'
import type { Session } from './session.ts'
import type { Workspace } from './workspace.ts'

export type SessionUndo = Undoing & {
  keeper: Keeper
  /** After a kill: closes what it left open, and appends that to the log. */
  recover(): Promise<void>
  close(): Promise<void>
}

type Around = { dir: string; limit_mb: number; place: () => Workspace }
type Opened = { store: import('../undo/store.ts').Store; undoing: Undoing }

/** The changes of a session, kept beside its log; opened when the first call may change something, or somebody asks. */
export function createSessionUndo(session: Session, { dir, limit_mb, place }: Around): SessionUndo {
  let opened: Promise<Opened> | null = null
  const open = (): Promise<Opened> => {
    opened ??= openNow()
    opened.catch(() => {
      opened = null // a passing fault: look again next time
    })
    return opened
  }
  const events = () => session.log.events
  const mask = <T>(value: T): T => place().redactor.value(value)

  async function openNow(): Promise<Opened> {
    const [{ openStore }, { createUndoing }] = await Promise.all([
      import('../undo/store.ts'),
      import('../undo/undoing.ts'),
    ])
    const { roots, unsaved } = place()
    const store = openStore({
      dir,
      roots,
      most_bytes: limit_mb * 1024 * 1024,
      unsaved: session.log.path === null,
      at: () => events().at(-1)?.id ?? 0,
      report: message => void session.append({ type: 'notice', code: 'UNDO_LIMIT', message }),
    })
    const undoing = createUndoing({
      store,
      roots,
      events,
      append: event => session.append(event),
      sync: () => session.sync(),
      alone: session.turns.alone,
      isUnsaved: path => unsaved.has(isAbsolute(path) ? path : join(roots.project, path)),
      lost: () => lostIn(events(), store.steps.lines),
    })
    return { store, undoing }
  }

  return {
    keeper: {
      // What stands in the way is said when the call is to run.
      foresee: async writing =>
        open().then(
          ({ store }) => store.keeper.foresee(writing),
          () => ({ names: [] }),
        ),
      async keep(writing, { turn_id, tool_call_id }) {
        const { store } = await open().catch(error => {
          throw new AppError(
            'TOOL_FAILED',
            `The call was not started: ${dir} cannot be used to keep what it changes (${reasonOf(error)}).`,
          )
        })
        // What a delegated agent changes belongs to the turn that started it.
        return await store.keeper.keep(writing, { tool_call_id, turn_id: session.state.open_turn?.turn_id ?? turn_id })
      },
    },
    // What is kept of files has what stands in them, secrets included: what is shown of it has not.
    changes: async since => mask(await (await open()).undoing.changes(since)),
    undo: async request => {
      const { undoing } = await open()
      return mask(await undoing.undo(await asInFiles(inProject(request), undoing)))
    },
    redo: async undo_id => mask(await (await open()).undoing.redo(undo_id)),
    rewind: async (...asked) => mask(await (await open()).undoing.rewind(...asked)),
    async recover() {
      const { isKeptIn } = await import('../undo/store.ts')
      if (!isKeptIn(dir)) return
      const { store } = await open()
      const { roots, env, children } = place()
      const before = store.steps.lines.length
      await store.recover({ roots, env, children, signal: NEVER })
      for (const line of store.steps.lines.slice(before)) for (const event of changesOf(line)) session.append(event)
      await tellUndone(store.steps.lines)
    },
    async close() {
      const kept = await opened?.catch(() => null)
      opened = null
      kept?.store.close()
      if (session.log.path === null && kept) (await import('../undo/store.ts')).dropStore(dir)
    },
  }

  async function asInFiles({ hunks, ...request }: UndoRequest, undoing: Undoing): Promise<UndoRequest> {
    if (!hunks) return request
    const { unmaskedHunks } = await import('./masked.ts')
    return { ...request, hunks: unmaskedHunks(hunks, await undoing.changes(), mask) }
  }

  /** A path may go through a link to the project, as its own path does. */
  function inProject({ paths, hunks, ...request }: UndoRequest): UndoRequest {
    const { project_path } = session.state
    const below = (path: string) => (path.startsWith(`${project_path}/`) ? path.slice(project_path.length + 1) : path)
    return {
      ...request,
      ...(paths && { paths: paths.map(below) }),
      ...(hunks && { hunks: hunks.map(({ path, diff }) => ({ path: below(path), diff })) }),
    }
  }

  /** An undo that is through, and that the log does not know of. */
  async function tellUndone(lines: readonly Line[]) {
    const { undoEvent } = await import('../undo/undoing.ts')
    const told = new Set(events().flatMap(event => (event.type === 'undo' ? [event.undo_id] : [])))
    const failed = new Map(lines.flatMap(line => (line.type === 'done' ? [[line.step, line.failed]] : [])))
    for (const line of lines) {
      if (line.type !== 'undo' || told.has(line.step)) continue
      for (const event of line.also) if (!isTold(event, line.at)) session.append(event)
      session.append(undoEvent(line, failed.get(line.step) ?? []))
    }
  }
  function isTold(event: object, after: number): boolean {
    const fits = (stored: Stored) =>
      Object.entries(event).every(
        ([key, value]) => JSON.stringify(stored[key as keyof Stored]) === JSON.stringify(value),
      )
    return events().some(stored => stored.id > after && fits(stored))
  }
}

/** A call whose end a kill cut off. */
function changesOf(line: Line): FileChanged[] {
  if (line.type !== 'call') return []
  return line.entries
    .filter(({ before, after }) => [before, after].every(state => state === null || state.hash !== null))
    .map(({ path, before, after }) => ({
      type: 'file.changed',
      turn_id: line.turn_id,
      tool_call_id: line.step,
      path,
      operation: 'shell',
      change: before === null ? 'created' : after === null ? 'deleted' : 'modified',
      ...(before?.hash && { before_hash: before.hash }),
      ...(after?.hash && { after_hash: after.hash }),
    }))
}

/** Changes that are in the log, and of which no image is kept any more. */
function lostIn(events: readonly Stored[], lines: readonly Line[]): Lost[] {
  const kept = new Set(lines.map(line => line.step))
  const [created] = events
  // What a fork took over is the other session's to undo.
  const inherited_to = (created?.type === 'session.created' && created.inherited_to) || 0
  return events.flatMap(event =>
    event.type !== 'file.changed' || event.id <= inherited_to || kept.has(event.tool_call_id)
      ? []
      : [
          {
            step: event.tool_call_id,
            turn_id: event.turn_id,
            at: event.id,
            path: event.path,
            before_hash: event.change === 'created' ? null : (event.before_hash ?? ''),
            after_hash: event.change === 'deleted' ? null : (event.after_hash ?? ''),
          },
        ],
  )
}
