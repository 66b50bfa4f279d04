import { dirname, join } from 'node:path'
import type { Effect } from '../tools/tool.ts'
import type { Images } from './images.ts'
import { type Entry, isDirectory, look, namesIn, type State, sameState, statAt } from './state.ts'

export type Named = Map<string, State | null>

/**
 * What stands at the paths that a call names, with all below them and the directories above that are not there yet. The
 * contents are put among the images.
 */
export function lookAtNamed(paths: readonly string[], images: Images, like?: Named): Named {
  const named: Named = new Map()
  const add = (path: string) => {
    if (named.has(path)) return
    const found = statAt(path)
    const { state, bytes } = look(path, found)
    named.set(path, state)
    if (bytes) images.put(bytes, like?.get(path)?.hash, state?.hash ?? undefined)
    if (found?.isDirectory()) for (const name of namesIn(path)) add(join(path, name))
    if (state === null && dirname(path) !== path && statAt(dirname(path)) === null) add(dirname(path))
  }
  for (const path of paths) add(path)
  return named
}

/** What is different, `from` for what was moved. */
export function differences(before: Named, after: Named, effect: Effect): Entry[] {
  const moved = movesOf(effect)
  return [...new Set([...before.keys(), ...after.keys()])].flatMap(path => {
    const [old, now] = [before.get(path) ?? null, after.get(path) ?? null]
    if (sameState(old, now) || (old?.why && now?.why && old.size === now.size)) return []
    const from = now && !isDirectory(now) ? moved(path) : undefined
    return [{ path, before: old, after: now, ...(from !== undefined && { from }) }]
  })
}

/** Where a path comes from, when the call moves it there: alone, or with its directory. */
function movesOf({ reads, writes }: Effect): (path: string) => string | undefined {
  const [from, to] = [reads[0], writes[0]]
  // A move writes both sides; a copy does not write what it reads.
  if (from === undefined || to === undefined || !writes.includes(from)) return () => undefined
  return path => (path === to || path.startsWith(`${to}/`) ? from + path.slice(to.length) : undefined)
}

/** What the call means to leave, as far as it says so: to know it again after a kill. */
export function intended(before: Named, { changes = [] }: Effect, images: Images): Entry[] {
  const aims = new Map(changes.map(change => [change.path, change.after]))
  return Array.from(before, ([path, state]) => {
    const bytes = aims.get(path)
    if (!bytes) return { path, before: state, after: state }
    const mode = state && !isDirectory(state) ? state.mode : '100644'
    return { path, before: state, after: { mode, hash: images.put(bytes, state?.hash), size: bytes.length } }
  })
}
