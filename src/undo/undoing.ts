import { AppError, reasonOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Storable, Stored, Undo } from '../event.ts'
import type { Roots } from '../tools/tool.ts'
import { type History, historyOf, type Link, type Lost, takenOf, withHunks } from './chain.ts'
import { planHunks } from './hunks.ts'
import { netChanges } from './net.ts'
import type { NetChange, Outcome, Refused, Undoing, UndoRequest } from './outcome.ts'
import { type Aim, now, type Plan, planReversal, take, unitsOf, withoutSharedFiles } from './plan.ts'
import { isConflict, replaced } from './reverse.ts'
import { choose, isBelow, shownPath } from './selection.ts'
import { changeOf, isDirectory, kindOf } from './state.ts'
import type { UndoLine } from './steps.ts'
import type { Store } from './store.ts'

export type Host = {
  store: Store
  roots: Roots
  events(): readonly Stored[]
  append(event: Storable): Stored
  sync(): Promise<void>
  /** Runs while no turn runs. Throws SESSION_BUSY. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Whether an editor has unsaved changes to a path of an event. */
  isUnsaved(path: string): boolean
  lost(): Lost[]
}

const NOTHING = 'There is nothing to undo: what was changed is undone already, or nothing was changed.'

/** The undo of one session, over what its store keeps. */
export function createUndoing({ store, roots, events, append, sync, alone, isUnsaved, lost }: Host): Undoing {
  const { steps, place } = store
  const history = (): History => historyOf(steps.lines, lost())
  const lastId = () => events().at(-1)?.id ?? 0

  /** Records, applies and reports a plan. */
  async function perform(plan: Plan, more: Partial<UndoLine> & Pick<UndoLine, 'kind'>): Promise<Outcome> {
    const line: UndoLine = {
      type: 'undo',
      step: newId('undo'),
      at: lastId(),
      started: Date.now(),
      turns: [],
      calls: [...new Set(plan.chosen.filter(link => !link.hunksOf).map(link => link.step))],
      entries: plan.entries,
      taken: takenOf(plan.chosen),
      refused: plan.refused,
      also: [],
      ...more,
    }
    const { failed } = await store.perform(line).catch(error => {
      throw notPossible(error)
    })
    for (const event of line.also) append(event)
    append(undoEvent(line, failed))
    await sync()
    return outcomeOf(line, failed)
  }

  function guardUnsaved(plan: Plan): Plan {
    const unsaved = plan.entries.filter(({ path }) => isUnsaved(path)).map(({ path }) => path)
    if (unsaved.length === 0) return plan
    const reason = 'an editor has unsaved changes to it: save or revert the buffer first'
    return {
      entries: plan.entries.filter(({ path }) => !unsaved.includes(path)),
      refused: [...plan.refused, ...unsaved.map(path => ({ path, reason }))],
      chosen: plan.chosen.filter(({ entry }) => !unsaved.includes(entry.path)),
    }
  }

  const reversal = (past: History, links: Iterable<Link>): Plan =>
    withoutSharedFiles(guardUnsaved(planReversal(past, withHunks(past.links, new Set(links)), place)), place)
  const isIdle = (plan: Plan) => plan.entries.length === 0 && plan.refused.length === 0

  /** The last turn that changed something and is not undone; one that has changed nothing in the end is passed over. */
  function planLast(past: History): { plan: Plan; turns: string[] } {
    const turns = [...new Set(past.links.filter(link => !link.hunksOf).map(link => link.turn_id))]
    for (const turn of turns.reverse()) {
      if (past.tried.has(turn)) continue
      const plan = reversal(
        past,
        past.links.filter(link => link.turn_id === turn),
      )
      if (!isIdle(plan)) return { plan, turns: [turn] }
    }
    throw new AppError('NOTHING_TO_UNDO', NOTHING)
  }

  async function planOf(request: UndoRequest): Promise<{ plan: Plan; more: Partial<UndoLine> }> {
    const past = history()
    const { turn_id, tool_call_id, paths, hunks } = request
    if (!turn_id && !tool_call_id && !paths && !hunks) {
      const { plan, turns } = planLast(past)
      return { plan, more: { turns, turn_id: turns[0] } }
    }
    const chosen = choose(request, past, events(), roots)
    if (hunks)
      return await planOfHunks(
        hunks.map(({ path, diff }) => ({ path: shownPath(path, roots), diff })),
        past,
        chosen,
      )
    const plan = reversal(past, chosen)
    for (const path of (paths ?? []).map(path => shownPath(path, roots)))
      if (![...chosen].some(({ entry }) => isBelow(entry.path, path)))
        plan.refused.push({ path, reason: 'this session changed nothing there, or it is undone already' })
    if (plan.entries.length === 0 && plan.chosen.length === 0 && (chosen.size === 0 || plan.refused.length === 0))
      throw new AppError('NOTHING_TO_UNDO', NOTHING)
    if (isIdle(plan)) throw new AppError('NOTHING_TO_UNDO', NOTHING)
    return { plan, more: { ...(turn_id && { turn_id }), turns: turn_id && !paths ? [turn_id] : [] } }
  }

  async function planOfHunks(hunks: NonNullable<UndoRequest['hunks']>, past: History, chosen: ReadonlySet<Link>) {
    const { aims, refused, whole, links } = await planHunks(hunks, past, chosen, place, roots)
    if (whole.length > 0) {
      // All of a file: its own undo. What is asked of other files at the same time is another.
      const plan = reversal(
        past,
        [...chosen].filter(({ entry }) => whole.includes(entry.path)),
      )
      const rest: Plan = { entries: [], refused: [], chosen: [] }
      take(rest, aims, place)
      return {
        plan: { ...plan, entries: [...plan.entries, ...rest.entries], refused: [...plan.refused, ...refused] },
        more: rest.entries.length > 0 ? { partial: takenOf(links) } : {},
      }
    }
    const plan: Plan = { entries: [], refused, chosen: [] }
    for (const aim of aims) take(plan, [aim], place)
    if (isIdle(plan)) throw new AppError('NOTHING_TO_UNDO', NOTHING)
    const calls = [...new Set(links.map(link => link.step))]
    return { plan: guardUnsaved(plan), more: { partial: takenOf(links), calls } }
  }

  function planRedo(undone: UndoLine): { plan: Plan; taken: UndoLine['taken'] } {
    const plan: Plan = { entries: [], refused: [], chosen: [] }
    const done = steps.lines.find(line => line.type === 'done' && line.step === undone.step)
    const missed = new Set(done?.type === 'done' ? done.failed.map(({ path }) => path) : [])
    const entries = undone.entries.filter(({ path }) => !missed.has(path))
    const calls = steps.lines.flatMap(line => (line.type === 'call' ? line.entries : []))
    for (const unit of unitsOf(entries.map(entry => calls.findLast(({ path }) => path === entry.path) ?? entry))) {
      const aims = unit.flatMap((path): Aim[] => {
        const entry = entries.find(entry => entry.path === path)
        if (!entry) return []
        try {
          const content = now(path, place)
          const aim = replaced(entry.after, content, entry.before, place.images)
          return [isConflict(aim) ? { path, ...aim } : { path, now: content, wanted: aim }]
        } catch (error) {
          return [{ path, reason: reasonOf(error) }]
        }
      })
      take(plan, aims, place)
    }
    const guarded = withoutSharedFiles(guardUnsaved(plan), place)
    const refused = new Set(guarded.refused.map(({ path }) => path))
    const hunks = (undone.partial ?? []).flatMap(({ paths }) => paths)
    const back = hunks.length > 0 ? [...undone.taken, { step: undone.step, paths: [...new Set(hunks)] }] : undone.taken
    return {
      plan: guarded,
      taken: back.map(({ step, paths }) => ({ step, paths: paths.filter(path => !refused.has(path)) })),
    }
  }

  return {
    async changes(since): Promise<NetChange[]> {
      const past = history()
      const from = since === undefined ? 0 : typeof since === 'number' ? since : undefined
      if (typeof since === 'string') {
        const begin = events().find(event => event.type === 'prompt' && event.turn_id === since)
        if (!begin) throw new AppError('NOT_FOUND', 'There is no such turn in this session.')
        return netChanges(past, new Set(past.links.filter(link => link.at >= begin.id)), place, roots)
      }
      return netChanges(past, new Set(past.links.filter(link => link.at >= from!)), place, roots)
    },
    undo: request =>
      alone(async () => {
        const { plan, more } = await planOf(request).catch(error => {
          throw error instanceof AppError ? error : notPossible(error)
        })
        return request.dry_run ? dry(plan) : await perform(plan, { kind: 'undo', ...more })
      }),
    redo: undo_id =>
      alone(async () => {
        const past = history()
        const undone = undo_id
          ? past.undone.find(line => line.step === undo_id)
          : past.undone.findLast(line => line.kind === 'undo' && !past.redone.has(line.step) && line.entries.length > 0)
        if (undo_id && !undone) throw new AppError('NOT_FOUND', 'There is no such undo in this session.')
        const { plan, taken } = undone ? planRedo(undone) : { plan: null, taken: [] }
        if (!undone || !plan || isIdle(plan))
          throw new AppError('NOTHING_TO_UNDO', 'There is nothing to redo: no undo, or all of them are redone.')
        const { turns, turn_id, calls, partial } = undone
        return await perform(plan, { kind: 'redo', of: undone.step, turns, turn_id, calls, partial, taken })
      }),
    async rewind(turn_id, to_event_id, also) {
      const past = history()
      const later = past.links.filter(link => !link.hunksOf && link.at > to_event_id)
      const turns = [...new Set(later.map(link => link.turn_id))]
      const plan = reversal(past, later)
      if (!isIdle(plan)) return await perform(plan, { kind: 'rewind', turn_id, turns, also })
      for (const event of also) append(event)
      await sync()
      return { restored: [], refused: [] }
    },
  }
}

const notPossible = (error: unknown) =>
  new AppError(
    'INTERNAL',
    `Nothing was changed: the undo could not be written down (${reasonOf(error)}). Free some disk space, then try again.`,
    {},
    { cause: error },
  )

const dry = (plan: Plan): Outcome => ({ undo_id: null, ...shownOf(plan.entries, plan.refused) })

function outcomeOf(line: UndoLine, failed: Refused[]): Outcome {
  const missed = new Set(failed.map(({ path }) => path))
  const done = line.entries.filter(({ path }) => !missed.has(path))
  return { undo_id: line.step, ...shownOf(done, [...line.refused, ...failed]) }
}

/** Directories are restored, and not listed. */
const shownOf = (entries: UndoLine['entries'], refused: Refused[]) => ({
  restored: entries
    .filter(({ before, after }) => !isDirectory(before ?? after) || (after !== null && !isDirectory(after)))
    .map(({ path, before, after }) => ({
      path,
      change: changeOf(before && kindOf(before) === 'directory' ? null : before, after),
    })),
  refused,
})

export function undoEvent(line: UndoLine, failed: Refused[]): Undo {
  const { restored, refused } = outcomeOf(line, failed)
  const shown = new Set(restored.map(({ path }) => path))
  return {
    type: 'undo',
    undo_id: line.step,
    kind: line.kind,
    ...(line.turn_id && { turn_id: line.turn_id }),
    tool_call_ids: line.calls,
    files: line.entries
      .filter(({ path }) => shown.has(path))
      .map(({ path, before, after }) => ({ path, before_hash: before?.hash ?? null, after_hash: after?.hash ?? null })),
    refused,
  }
}
