import type { History, Link } from './chain.ts'
import type { Images } from './images.ts'
import { Diverted } from './locate.ts'
import type { Refused } from './outcome.ts'
import { type Content, isConflict, reverse } from './reverse.ts'
import { type Entry, isDirectory, look, sameState } from './state.ts'

/** What will be done: entries from what stands there now to what is to stand there. */
export type Plan = {
  entries: Entry[]
  refused: Refused[]
  /** The links that are taken back, also where nothing is left to do. */
  chosen: Link[]
}

export type Place = {
  /** Where a path of an event is on the disk. Throws `Diverted`, or another error when it is not open to tools (any more). */
  locate(path: string): string
  images: Images
}

/** The plan to take these links back. Contents that no image has yet are put into one. */
export function planReversal(history: History, chosen: ReadonlySet<Link>, place: Place): Plan {
  const plan: Plan = { entries: [], refused: [], chosen: [] }
  const byPath = Map.groupBy(history.links, link => link.entry.path)
  for (const unit of unitsOf(Array.from(chosen, link => link.entry))) {
    const aims = unit.map(path => aimAt(path, links => reverse(links, chosen, now(path, place), place.images)))
    take(plan, aims, place)
    if (aims.some(aim => 'reason' in aim)) continue
    plan.chosen.push(...unit.flatMap(path => byPath.get(path)!.filter(link => chosen.has(link))))
  }
  return plan

  function aimAt(path: string, act: (links: Link[]) => ReturnType<typeof reverse>): Aim {
    try {
      const wanted = act(byPath.get(path) ?? [])
      return isConflict(wanted) ? { path, ...wanted } : { path, now: named(now(path, place), byPath.get(path)), wanted }
    } catch (error) {
      return { path, reason: error instanceof Error ? error.message : String(error) }
    }
  }
}

/** With the other name of the file, where a change has told it. */
function named({ state, ...content }: Content, links: readonly Link[] = []): Content {
  const known = links.flatMap(({ entry }) => [entry.before?.same_as, entry.after?.same_as]).findLast(Boolean)
  return { ...content, state: state?.file && known ? { ...state, same_as: known } : state }
}

export type Aim = { path: string; now: Content; wanted: Content } | Refused

/** All of a unit, or nothing: what a file was moved from and to belong together. */
export function take(plan: Plan, aims: readonly Aim[], { images }: Place): void {
  const refused = aims.filter(aim => 'reason' in aim)
  if (refused.length > 0) {
    plan.refused.push(...refused)
    for (const aim of aims)
      if (!('reason' in aim) && !sameState(aim.now.state, aim.wanted.state))
        plan.refused.push({ path: aim.path, reason: `it belongs to ${refused[0]!.path}` })
    return
  }
  for (const aim of aims) {
    if ('reason' in aim) continue
    const { path, now, wanted } = aim
    if (sameState(now.state, wanted.state)) continue
    if (now.bytes) images.put(now.bytes, wanted.state?.hash, now.state?.hash ?? undefined)
    if (wanted.bytes) images.put(wanted.bytes, now.state?.hash, wanted.state?.hash ?? undefined)
    // The other name that it is known by, for a redo.
    const same_as = now.state?.file && (now.state.same_as ?? wanted.state?.same_as)
    plan.entries.push({ path, before: now.state && { ...now.state, ...(same_as && { same_as }) }, after: wanted.state })
  }
}

/** Entries without those that would change a file which is refused, as it has this other name. */
export function withoutSharedFiles(plan: Plan, place: Place): Plan {
  const fileAt = (path: string) => {
    try {
      return look(place.locate(path)).state?.file
    } catch {
      return undefined // not open to us, and so refused
    }
  }
  const files = new Set(plan.refused.map(({ path }) => fileAt(path)).filter(file => file !== undefined))
  const shared = plan.entries.flatMap(({ path, before }) => (before?.file && files.has(before.file) ? [path] : []))
  if (shared.length === 0) return plan
  return {
    entries: plan.entries.filter(({ path }) => !shared.includes(path)),
    refused: [
      ...plan.refused,
      ...shared.map(path => ({ path, reason: 'it is another name of a file that was edited since' })),
    ],
    chosen: plan.chosen.filter(({ entry }) => !shared.includes(entry.path)),
  }
}

/** Where a link is on the way nothing is, until that has gone: when the plan is carried out, it is looked at again. */
export function now(path: string, place: Place): Content {
  try {
    return look(place.locate(path))
  } catch (error) {
    if (error instanceof Diverted) return { state: null }
    throw error
  }
}

/** Paths that are refused or restored together: by the moves among these changes. */
export function unitsOf(entries: readonly Entry[]): string[][] {
  const leader = new Map<string, string>()
  const find = (path: string): string => {
    const next = leader.get(path) ?? path
    return next === path ? path : find(next)
  }
  for (const entry of entries) if (!leader.has(entry.path)) leader.set(entry.path, entry.path)
  for (const entry of entries) {
    const isMove = entry.from !== undefined && leader.has(entry.from) && !isDirectory(entry.after)
    if (isMove && find(entry.path) !== find(entry.from!)) leader.set(find(entry.path), find(entry.from!))
  }
  return [...Map.groupBy(leader.keys(), find).values()]
}
