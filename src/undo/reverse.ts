import { hashOf } from '../base/files.ts'
import type { Link } from './chain.ts'
import { GONE } from './chain.ts'
import type { Images } from './images.ts'
import { merge } from './merge.ts'
import { isDirectory, isKept, kindOf, type State, sameState } from './state.ts'

/** Something that may stand at a path. `bytes` of contents that no image has: those of the disk, or merged ones. */
export type Content = { state: State | null; bytes?: Uint8Array }
export type Conflict = { reason: string; diff?: string }
export type Reversed = Content | Conflict

export const isConflict = (reversed: Reversed): reversed is Conflict => 'reason' in reversed

const EDITED = 'it was edited since'

/**
 * What stands at a path without these changes, going back from what stands there now: changes that follow each other are
 * taken back in one step. `chosen` are links of one path, all of them alive.
 */
export function reverse(links: readonly Link[], chosen: ReadonlySet<Link>, now: Content, images: Images): Reversed {
  let result = now
  for (const { base, wanted, lost } of runsOf(links, chosen)) {
    if (lost) return { reason: GONE }
    const next = replaced(base, result, wanted, images)
    if (isConflict(next)) return next
    result = next
  }
  return result
}

type Run = { base: State | null; wanted: State | null; lost: boolean }

/** The last one first. A run ends where somebody else changed the file in between. */
function runsOf(links: readonly Link[], chosen: ReadonlySet<Link>): Run[] {
  const runs: Run[] = []
  let open: Run | null = null
  for (const link of links.toReversed()) {
    if (!chosen.has(link)) {
      open = null
      continue
    }
    const { before, after } = link.entry
    if (open && sameState(open.wanted, after) && !open.lost && !link.lost) open.wanted = before
    else runs.push((open = { base: after, wanted: before, lost: link.lost === true }))
  }
  return runs
}

/** `wanted` in the place of `base`, where `now` stands by now. */
export function replaced(base: State | null, now: Content, wanted: State | null, images: Images): Reversed {
  if (sameState(now.state, wanted)) return now
  if (!isKept(wanted)) return { reason: wanted?.why ?? GONE }
  if (base?.why) return { reason: base.why }
  if (sameState(now.state, base)) {
    if (wanted === null || isDirectory(wanted)) return { state: wanted }
    const bytes = images.get(wanted.hash!)
    return bytes ? { state: wanted, bytes } : { reason: GONE }
  }
  if (now.state?.why) return { reason: now.state.why }
  if (now.state === null) return { reason: 'it was deleted since' }
  if (wanted === null || base === null) return { reason: EDITED, ...whole(base, now, wanted, images) }
  if ([base, now.state, wanted].some(state => kindOf(state) !== kindOf(base))) return { reason: EDITED }
  const mode = mergedMode(base, now.state, wanted)
  if (mode === null) return { reason: 'its mode was changed since' }
  if (isDirectory(now.state)) return { state: { ...now.state, mode } }
  return mergedContents(base, now, wanted, mode, images)
}

function mergedContents(base: State, now: Content, wanted: State, mode: string, images: Images): Reversed {
  const hash = now.state!.hash
  if (hash === base.hash || wanted.hash === base.hash || hash === wanted.hash) {
    const from = hash === base.hash ? wanted.hash : hash
    const bytes = from === hash && now.bytes ? now.bytes : from && images.get(from)
    return bytes ? { state: { mode, hash: from, size: bytes.length }, bytes } : { reason: GONE }
  }
  const old = base.hash && images.get(base.hash)
  const bytes = wanted.hash && images.get(wanted.hash)
  if (!bytes) return { reason: GONE }
  if (!old || !now.bytes || kindOf(base) !== 'file') return { reason: EDITED }
  const merged = merge(old, now.bytes, bytes)
  if ('conflict' in merged) return { reason: EDITED, ...(merged.conflict && { diff: merged.conflict }) }
  return { state: { mode, hash: hashOf(merged.bytes), size: merged.bytes.length }, bytes: merged.bytes }
}

/** Null when both sides changed it, and not to the same. */
function mergedMode(base: State, now: State, wanted: State): string | null {
  if (kindOf(base) === 'link') return wanted.mode
  if (now.mode === base.mode) return wanted.mode
  return wanted.mode === base.mode || wanted.mode === now.mode ? now.mode : null
}

/** The three texts of a file that was not there before or after. */
function whole(base: State | null, now: Content, wanted: State | null, images: Images): { diff?: string } {
  const bytesOf = (state: State | null) => (state?.hash ? images.get(state.hash) : new Uint8Array())
  const [old, goal] = [bytesOf(base), bytesOf(wanted)]
  if (!old || !goal || !now.bytes || (now.state && kindOf(now.state) !== 'file')) return {}
  const merged = merge(old, now.bytes, goal)
  return 'conflict' in merged && merged.conflict ? { diff: merged.conflict } : {}
}
