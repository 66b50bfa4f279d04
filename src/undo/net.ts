import { isAbsolute } from 'node:path'
import { diffOf } from '../tools/files/change.ts'
import { unifiedDiff } from '../tools/files/diff.ts'
import { decodeText } from '../tools/text.ts'
import type { Roots } from '../tools/tool.ts'
import type { History, Link } from './chain.ts'
import { countEdits } from './lines.ts'
import type { NetChange } from './outcome.ts'
import type { Place } from './plan.ts'
import { type Content, isConflict, reverse } from './reverse.ts'
import { changeOf, isDirectory, isKept, kindOf, look, type State, sameState } from './state.ts'

/** Diffs of more files than that are left out: they are asked for by path. */
const MAX_DIFFS = 500

type Sides = { path: string; links: Link[]; origin: Content; left: Content; isLost: boolean }

/** What these links come to, one entry a file, sorted by path: from what stood there to what was left there. */
export async function netChanges(
  history: History,
  chosen: ReadonlySet<Link>,
  place: Place,
  roots: Roots,
): Promise<NetChange[]> {
  const paths = [...new Set(Array.from(chosen, link => link.entry.path))].sort()
  const sides = paths.flatMap(path => sidesOf(path, history, chosen, place) ?? [])
  const byPath = new Map(sides.map(side => [side.path, side]))
  const moved = new Map(sides.flatMap(side => movedFrom(side, byPath)))
  const sources = new Set(moved.values())
  const changes: NetChange[] = []
  for (const side of sides)
    if (!sources.has(side.path))
      changes.push(
        await toChange(side, byPath.get(moved.get(side.path) ?? ''), place, roots, changes.length < MAX_DIFFS),
      )
  return changes
}

/** Null for a path that is as it was, or where nothing but a directory was. */
export function sidesOf(path: string, history: History, chosen: ReadonlySet<Link>, place: Place): Sides | null {
  const all = history.links.filter(link => link.entry.path === path)
  const links = all.filter(link => chosen.has(link))
  const last = history.left.get(path) ?? links.at(-1)?.entry.after ?? null
  const isLost = links.some(({ lost, entry }) => lost || !isKept(entry.before) || !isKept(entry.after))
  const left = contentOf(last, place)
  const reversed = isLost ? null : reverse(all, chosen, left, place.images)
  const origin = reversed && !isConflict(reversed) ? reversed : contentOf(links[0]!.entry.before, place)
  if (isDirectory(origin.state) || isDirectory(left.state)) {
    if ([origin.state, left.state].every(state => state === null || isDirectory(state))) return null
  }
  const isSame = sameState(origin.state, left.state) || (!isLost && sameState(origin.state, stateNow(path, place)))
  return isSame ? null : { path, links, origin, left, isLost: isLost || !isGood(origin) }
}

const isGood = ({ state, bytes }: Content): boolean => state === null || isDirectory(state) || bytes !== undefined

function contentOf(state: State | null, { images }: Place): Content {
  const bytes = state?.hash ? images.get(state.hash) : null
  return { state, ...(bytes && { bytes }) }
}

function stateNow(path: string, place: Place): State | null {
  try {
    return look(place.locate(path)).state
  } catch {
    return null // not open to us
  }
}

function movedFrom({ path, links, origin, left }: Sides, byPath: Map<string, Sides>): [string, string][] {
  const from = links.findLast(link => link.entry.from !== undefined)?.entry.from
  const source = from === undefined ? undefined : byPath.get(from)
  return origin.state === null && left.state !== null && source?.origin.state && source.left.state === null
    ? [[path, from!]]
    : []
}

async function toChange(
  { path, links, origin, left, isLost }: Sides,
  source: Sides | undefined,
  place: Place,
  roots: Roots,
  withDiff: boolean,
): Promise<NetChange> {
  const old = source?.origin ?? origin
  const both = [...(source?.links ?? []), ...links].sort((a, b) => a.at - b.at)
  const calls = [...new Set(both.filter(link => !link.hunksOf).map(link => link.step))]
  const lost = isLost || source?.isLost === true
  const isTold = withDiff && !links.some(link => link.entry.ignored)
  const now = stateNow(path, place)
  const mode = { before: old.state?.mode ?? null, after: left.state?.mode ?? null }
  return {
    path,
    ...(source && { from: source.path }),
    change: changeOf(origin.state, left.state),
    ...(lost ? { added: 0, removed: 0 } : countEdits(textOf(old), textOf(left))),
    ...(!lost && isTold && { diff: await diffBetween(path, source?.path, old, left, roots) }),
    ...(mode.before !== null && mode.after !== null && mode.before !== mode.after && { mode }),
    calls,
    state: lost ? 'not_undoable' : sameState(now, left.state) ? 'current' : 'edited_since',
  }
}

/** Contents, or a link's target as git has it. */
const textOf = ({ state, bytes }: Content): Uint8Array | null =>
  state === null || isDirectory(state) ? null : (bytes ?? null)

async function diffBetween(
  path: string,
  from: string | undefined,
  old: Content,
  left: Content,
  roots: Roots,
): Promise<string> {
  const [before, after] = [textOf(old), textOf(left)]
  const place = (shown: string) => (isAbsolute(shown) ? shown : `${roots.project}/${shown}`)
  if (from === undefined) return await diffOf({ path: place(path), operation: 'shell', before, after }, roots)
  if (before && after && old.state!.hash !== left.state!.hash && kindOf(left.state!) === 'file')
    return (await unifiedDiff(path, decodeText(before), decodeText(after))).replace(`--- a/${path}`, `--- a/${from}`)
  return await diffOf({ path: place(path), from: place(from), operation: 'move', before: null, after }, roots)
}
