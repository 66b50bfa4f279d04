import { AppError, reasonOf } from '../base/errors.ts'
import type { Stored } from '../event.ts'
import type { Roots } from '../tools/tool.ts'
import { type History, type Link, takenOf, withHunks } from './chain.ts'
import { planHunks } from './hunks.ts'
import type { UndoRequest } from './outcome.ts'
import { type Aim, now, type Place, type Plan, planReversal, take, unitsOf, withoutSharedFiles } from './plan.ts'
import { isConflict, replaced } from './reverse.ts'
import { choose, isBelow, shownPath } from './selection.ts'
import type { Line, UndoLine } from './steps.ts'

/** What a request is planned with. */
export type Planning = {
  place: Place
  roots: Roots
  events(): readonly Stored[]
  /** Whether an editor has unsaved changes to a path of an event. */
  isUnsaved(path: string): boolean
}
/** A plan, and what its line says beside it. */
export type Planned = { plan: Plan; more: Partial<UndoLine> }

export const isIdle = (plan: Plan): boolean => plan.entries.length === 0 && plan.refused.length === 0

const nothing = () =>
  new AppError(
    'NOTHING_TO_UNDO',
    'There is nothing to undo: what was changed is undone already, or nothing was changed.',
  )

/** What the request comes to now. Throws NOTHING_TO_UNDO, NOT_FOUND, INVALID_TOOL_CALL; and what files do. */
export async function planRequest(request: UndoRequest, past: History, planning: Planning): Promise<Planned> {
  const { turn_id, tool_call_id, paths, hunks } = request
  const { events, roots } = planning
  if (!turn_id && !tool_call_id && !paths && !hunks) return planLast(past, planning)
  const chosen = choose(request, past, events(), roots)
  if (hunks) return await planOfHunks(hunks, past, chosen, planning)
  const plan = planLinks(past, chosen, planning)
  if (chosen.size === 0 || isIdle(plan)) throw nothing()
  for (const path of (paths ?? []).map(path => shownPath(path, roots)))
    if (![...chosen].some(({ entry }) => isBelow(entry.path, path))) plan.refused.push({ path, reason: UNCHANGED })
  return { plan, more: { ...(turn_id && { turn_id }), turns: turn_id && !paths ? [turn_id] : [] } }
}

const UNCHANGED = 'this session changed nothing there, or it is undone already'

/** The plan to take these links back, but for what an editor has unsaved. */
export const planLinks = (past: History, links: Iterable<Link>, planning: Planning): Plan =>
  guarded(planReversal(past, withHunks(past.links, new Set(links)), planning.place), planning)

/** The last turn that changed something and is not undone; one that has changed nothing in the end is passed over. */
function planLast(past: History, planning: Planning): Planned {
  const turns = [...new Set(past.links.filter(link => !link.hunksOf).map(link => link.turn_id))]
  for (const turn of turns.reverse()) {
    if (past.tried.has(turn)) continue
    const links = past.links.filter(link => link.turn_id === turn)
    const plan = planLinks(past, links, planning)
    if (!isIdle(plan)) return { plan, more: { turns: [turn], turn_id: turn } }
  }
  throw nothing()
}

/** All hunks of a file are the file: it is undone as a whole. */
async function planOfHunks(
  hunks: NonNullable<UndoRequest['hunks']>,
  past: History,
  chosen: ReadonlySet<Link>,
  planning: Planning,
): Promise<Planned> {
  const { place, roots } = planning
  const asked = hunks.map(({ path, diff }) => ({ path: shownPath(path, roots), diff }))
  const { aims, refused, whole, links } = await planHunks(asked, past, chosen, place, roots)
  const wholes = [...chosen].filter(({ entry }) => whole.includes(entry.path))
  const parts: Plan = { entries: [], refused, chosen: [] }
  for (const aim of aims) take(parts, [aim], place)
  const [plan, rest] = [planLinks(past, wholes, planning), guarded(parts, planning)]
  const both = {
    entries: [...plan.entries, ...rest.entries],
    refused: [...plan.refused, ...rest.refused],
    chosen: plan.chosen,
  }
  if (isIdle(both)) throw nothing()
  const calls = [...new Set([...plan.chosen, ...links].filter(link => !link.hunksOf).map(link => link.step))]
  return { plan: both, more: { calls, ...(rest.entries.length > 0 && { partial: takenOf(links) }) } }
}

/** What this undo took back, made again: each file for itself, where it still is what the undo left. */
export function planRedo(undone: UndoLine, lines: readonly Line[], planning: Planning): Planned {
  const { place } = planning
  const plan: Plan = { entries: [], refused: [], chosen: [] }
  const done = lines.find(line => line.type === 'done' && line.step === undone.step)
  const missed = new Set(done?.type === 'done' ? done.failed.map(({ path }) => path) : [])
  const entries = undone.entries.filter(({ path }) => !missed.has(path))
  const calls = lines.flatMap(line => (line.type === 'call' ? line.entries : []))
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
  const allowed = guarded(plan, planning)
  const refused = new Set(allowed.refused.map(({ path }) => path))
  const hunks = [...new Set((undone.partial ?? []).flatMap(({ paths }) => paths))]
  const back = hunks.length > 0 ? [...undone.taken, { step: undone.step, paths: hunks }] : undone.taken
  const taken = back.map(({ step, paths }) => ({ step, paths: paths.filter(path => !refused.has(path)) }))
  const { step, turns, turn_id, calls: tool_calls, partial } = undone
  return { plan: allowed, more: { of: step, turns, turn_id, calls: tool_calls, partial, taken } }
}

/** Without what an editor has unsaved, and what is another name of a file that is refused. */
function guarded(plan: Plan, { isUnsaved, place }: Planning): Plan {
  const unsaved = new Set(plan.entries.map(({ path }) => path).filter(isUnsaved))
  const reason = 'an editor has unsaved changes to it: save or revert the buffer first'
  const allowed: Plan = {
    entries: plan.entries.filter(({ path }) => !unsaved.has(path)),
    refused: [...plan.refused, ...Array.from(unsaved, path => ({ path, reason }))],
    chosen: plan.chosen.filter(({ entry }) => !unsaved.has(entry.path)),
  }
  return withoutSharedFiles(allowed, place)
}
