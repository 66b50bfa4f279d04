import { AppError, reasonOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Storable, Stored, Undo } from '../event.ts'
import { type History, historyOf, type Lost, takenOf } from './chain.ts'
import { netChanges } from './net.ts'
import type { NetChange, Outcome, Refused, Undoing } from './outcome.ts'
import type { Plan } from './plan.ts'
import { isIdle, type Planning, planLinks, planRedo, planRequest } from './request.ts'
import { changeOf, isDirectory, kindOf } from './state.ts'
import type { UndoLine } from './steps.ts'
import type { Store } from './store.ts'

export type Host = Omit<Planning, 'place'> & {
  store: Store
  append(event: Storable): Stored
  sync(): Promise<void>
  /** Runs while no turn runs. Throws SESSION_BUSY. */
  alone<T>(work: () => Promise<T>): Promise<T>
  lost(): Lost[]
}

/** The undo of one session, over what its store keeps. */
export function createUndoing({ store, roots, events, append, sync, alone, isUnsaved, lost }: Host): Undoing {
  const { steps, place } = store
  const history = (): History => historyOf(steps.lines, lost())
  const lastId = () => events().at(-1)?.id ?? 0

  const planning: Planning = { place, roots, events, isUnsaved }

  function beginOf(turn_id: string): number {
    const begin = events().find(event => event.type === 'prompt' && event.turn_id === turn_id)
    if (begin) return begin.id
    throw new AppError('NOT_FOUND', 'There is no such turn in this session.')
  }

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

  return {
    async changes(since): Promise<NetChange[]> {
      const past = history()
      const from = typeof since === 'string' ? beginOf(since) : (since ?? 0)
      return await netChanges(past, new Set(past.links.filter(link => link.at >= from)), place, roots)
    },
    undo: request =>
      alone(async () => {
        const { plan, more } = await planRequest(request, history(), planning).catch(error => {
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
        const planned = undone && planRedo(undone, steps.lines, planning)
        if (!planned || isIdle(planned.plan))
          throw new AppError('NOTHING_TO_UNDO', 'There is nothing to redo: no undo, or all of them are redone.')
        return await perform(planned.plan, { kind: 'redo', ...planned.more })
      }),
    async rewind(turn_id, to_event_id, also) {
      const past = history()
      const later = past.links.filter(link => !link.hunksOf && link.at > to_event_id)
      const turns = [...new Set(later.map(link => link.turn_id))]
      const plan = planLinks(past, later, planning)
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
