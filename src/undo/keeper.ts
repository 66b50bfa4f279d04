import { existsSync } from 'node:fs'
import { NEVER } from '../base/abort.ts'
import { AppError, reasonOf } from '../base/errors.ts'
import { relative } from '../tools/paths.ts'
import type { Change, Effect, Roots, ToolContext } from '../tools/tool.ts'
import type { Images } from './images.ts'
import { differences, intended, lookAtNamed, type Named } from './named.ts'
import { namedOutside } from './outside.ts'
import { type Entry, isDirectory, isKept, look, MAX_KEPT_BYTES, sameState, statAt } from './state.ts'
import type { Steps } from './steps.ts'
import { ignoredAmong, type Tree } from './tree.ts'

/** A call that may change something, before it runs. */
type Writing = { tool: string; category: string; effect: Effect; context: ToolContext }

/** What of a call cannot be undone, as far as that is known before; `names` are paths as events have them. */
export type Foreseen = { undo?: 'none' | 'partial'; names: string[] }

/** `changes`: the files that a call changed which does not say so itself. */
type Aftermath = { changes?: Change[]; not_undoable: string[] }
export type Kept = { settle(): Promise<Aftermath> }

export type Keeper = {
  foresee(writing: Writing): Promise<Foreseen>
  /** Keeps what the call may change. It is on the disk when this resolves. Throws TOOL_FAILED: then the call must not run. */
  keep(writing: Writing, call: { turn_id: string; tool_call_id: string }): Promise<Kept>
}

/** More changed files are counted, not told one by one: that is a build or a checkout. */
const MAX_TOLD = 200
const MAX_TOLD_BYTES = 16 * 1024 * 1024
const MAX_NAMED = 8
const MAX_LISTED = 100

type Store = {
  dir: string
  roots: Roots
  steps: Steps
  images: Images
  tree: Tree
  /** The last event of the log. */
  at(): number
  /** Called when something was kept. */
  grown(): Promise<void>
}

/** A call that names what it writes is kept by its paths; any other may write anywhere, and so the whole tree is. */
export function createKeeper({
  dir,
  roots,
  steps,
  images,
  tree,
  at,
  grown,
}: Store): Keeper & { toShown(entries: Entry[]): Entry[] } {
  const shown = (path: string) => relative(path, roots)
  const named = ({ category, effect }: Writing) => category === 'filesystem' && effect.writes.length > 0
  /** Calls that are watched now, and what others found changed meanwhile. */
  const watching = new Set<Map<string, Entry>>()
  let busy: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = busy.then(work)
    busy = done.catch(() => {}) // its caller receives it
    return done
  }
  const looked = async (context: ToolContext) => {
    const changed = await tree.look(context)
    for (const call of watching) for (const entry of changed) compose(call, entry)
    return changed
  }

  async function keepNamed({ effect, context }: Writing, call: Call): Promise<Kept> {
    const before = lookAtNamed(effect.writes, images)
    steps.append({ type: 'open', ...call, at: at(), entries: toShown(intended(before, effect, images)) })
    await Promise.all([images.sync(), steps.sync()])
    return { settle: async () => listed(await settleNamed(before, effect, context, call)) }
  }

  async function settleNamed(before: Named, effect: Effect, context: ToolContext, call: Call): Promise<Aftermath> {
    const after = lookAtNamed(effect.writes, images, before)
    for (const path of before.keys()) if (!after.has(path)) after.set(path, put(path))
    const entries = differences(before, after, effect)
    nameOthers(entries)
    return { ...(await close(entries, call)), changes: toldOf(entries, context, effect.changes?.[0]?.operation) }
  }
  const put = (path: string) => {
    const { state, bytes } = look(path)
    if (bytes) images.put(bytes)
    return state
  }

  async function keepTree({ context }: Writing, call: Call): Promise<Kept> {
    if (watching.size === 0) tree.renew()
    await looked(context)
    context.signal.throwIfAborted()
    steps.append({ type: 'open', ...call, at: at() })
    await Promise.all([tree.sync(), steps.sync()])
    const found = new Map<string, Entry>()
    watching.add(found)
    const since = Date.now()
    return { settle: async () => listed(await inTurn(() => settleTree(found, since, context, call))) }
  }

  /** A file of several names is known by another one of them, where that was seen. */
  const nameOthers = (entries: readonly Entry[]) => {
    for (const { path, before, after } of entries)
      for (const state of [before, after]) {
        const other = state?.file === undefined ? undefined : tree.otherName(path, state.file)
        if (state && other !== undefined) state.same_as = shown(other)
      }
  }

  async function settleTree(found: Map<string, Entry>, since: number, context: ToolContext, call: Call) {
    const settling = { ...context, signal: NEVER }
    try {
      await looked(settling)
    } finally {
      watching.delete(found)
    }
    const changed = [...found.values()].filter(({ before, after }) => !sameState(before, after))
    nameOthers(changed)
    const ignored = await ignoredAmong(
      changed.map(({ path }) => path),
      settling,
    )
    const entries = withMoves(changed).map(entry =>
      ignored.has(entry.path) ? { ...entry, ignored: true as const } : entry,
    )
    for (const { before, after } of entries) {
      if (before?.hash) images.adopt(tree.images, before.hash)
      if (after?.hash) images.adopt(tree.images, after.hash, before?.hash)
    }
    const { not_undoable } = await close(entries, call)
    const unwatched = (await tree.changedUnwatched(since)).map(shown)
    return { changes: toldOf(entries, context), not_undoable: [...not_undoable, ...unwatched] }
  }

  async function close(entries: Entry[], call: Call): Promise<Aftermath> {
    steps.append({ type: 'call', ...call, at: at(), entries: toShown(entries) })
    await Promise.all([images.sync(), steps.sync()])
    await grown()
    const lost = entries.filter(({ before, after }) => !isKept(before) || !isKept(after))
    return { not_undoable: lost.map(({ path }) => shown(path)) }
  }

  const toShown = (entries: Entry[]): Entry[] =>
    entries.map(({ from, ...entry }) => ({ ...entry, path: shown(entry.path), ...(from && { from: shown(from) }) }))

  function toldOf(entries: Entry[], { hidden }: ToolContext, operation: Change['operation'] = 'shell'): Change[] {
    let bytes = 0
    const contents = (path: string, hash: string | null | undefined) => {
      const content = hash && !hidden?.(path) && bytes < MAX_TOLD_BYTES ? images.get(hash) : null
      bytes += content?.length ?? 0
      return content
    }
    return entries
      .filter(({ before, after, ignored }) => !ignored && !isDirectory(before) && !isDirectory(after))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .slice(0, MAX_TOLD)
      .map(({ path, before, after }) => {
        const change = before === null ? 'created' : after === null ? 'deleted' : 'modified'
        const sides = { before: contents(path, before?.hash), after: contents(path, after?.hash) }
        const isWhole = (sides.before !== null || before === null) && (sides.after !== null || after === null)
        return { path, operation, change, ...(isWhole ? sides : { before: null, after: null }) }
      })
  }

  return {
    async foresee(writing) {
      if (writing.tool === 'shell_background') return { undo: 'none', names: [] }
      if (!named(writing) && !tree.isKnown()) await inTurn(() => looked(writing.context).catch(() => [])) // said when it runs
      if (named(writing)) {
        const { writes } = writing.effect
        const lost = writes.filter(isTooLarge)
        if (lost.length === 0) return { names: [] }
        const all = writes.every(path => lost.includes(path) || !existsSync(path))
        return { undo: all ? 'none' : 'partial', names: firstOf(lost.map(shown), MAX_NAMED) }
      }
      const lost = [...namedOutside(writing.effect, roots, writing.context.env['HOME']), ...tree.unheld()]
      return lost.length === 0 ? { names: [] } : { undo: 'partial', names: firstOf(lost.map(shown), MAX_NAMED) }
    },
    async keep(writing, { turn_id, tool_call_id }) {
      const call = { step: tool_call_id, turn_id }
      try {
        return await (named(writing) ? keepNamed(writing, call) : inTurn(() => keepTree(writing, call)))
      } catch (error) {
        writing.context.signal.throwIfAborted()
        const message = `The call was not started: what it changes could not be kept for undo (${reasonOf(error)}). Free some disk space, or mend ${dir}.`
        throw new AppError('TOOL_FAILED', message, {}, { cause: error })
      }
    },
    toShown,
  }
}

/** So many names as a person reads, and how many more there are. */
const firstOf = (names: string[], most: number): string[] =>
  names.length <= most ? names : [...names.slice(0, most), `… and ${names.length - most} more`]

const listed = ({ not_undoable, ...aftermath }: Aftermath): Aftermath => ({
  ...aftermath,
  not_undoable: firstOf(not_undoable, MAX_LISTED),
})

type Call = { step: string; turn_id: string }

/** An interrupted call is settled all the same. */

function isTooLarge(path: string): boolean {
  try {
    const found = statAt(path)
    return found?.isFile() === true && found.size > MAX_KEPT_BYTES
  } catch {
    return false // not ours to see: the call will say so
  }
}

function compose(found: Map<string, Entry>, { path, before, after }: Entry): void {
  found.set(path, { path, before: found.get(path)?.before ?? before, after })
}

/** A file that is gone and one that came with the same contents are one that was moved, if there is no other such. */
function withMoves(entries: Entry[]): Entry[] {
  const byHash = (pick: (entry: Entry) => string | null | undefined) => Map.groupBy(entries, entry => pick(entry) ?? '')
  const gone = byHash(({ before, after }) => (after === null && before?.size ? before.hash : null))
  const came = byHash(({ before, after }) => (before === null && after?.size ? after.hash : null))
  return entries.map(entry => {
    const hash = entry.before === null ? entry.after?.hash : null
    if (!hash || came.get(hash)?.length !== 1 || gone.get(hash)?.length !== 1) return entry
    return { ...entry, from: gone.get(hash)![0]!.path }
  })
}
