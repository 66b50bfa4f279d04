import type { Entry } from './state.ts'
import type { Line, Taken, UndoLine } from './steps.ts'

/** One change to one path. `undo` is set when it is the change of an undo that took single hunks back. */
export type Link = { step: string; turn_id: string; at: number; entry: Entry; hunksOf?: Taken[]; lost?: true }

/** What a call changed whose lines or images are gone: known from the log alone. */
export type Lost = {
  step: string
  turn_id: string
  at: number
  path: string
  before_hash: string | null
  after_hash: string | null
}

/**
 * What counts of a session's changes. A link is alive until an undo takes it back, and again after a redo. What stood at a
 * path when we last let go of it is `left`, whatever put it there.
 */
export type History = {
  links: Link[]
  /** The last state that we left at each path. */
  left: Map<string, Entry['after']>
  undone: UndoLine[]
  redone: Set<string>
  /** Turns whose undo was tried, and not redone. */
  tried: Set<string>
  turns: Set<string>
  calls: Set<string>
}

const isAlive = (link: Link, dead: Dead): boolean => !dead.get(link.step)?.has(link.entry.path)
type Dead = Map<string, Set<string>>

/** The history of the lines; `links` holds only those that are alive, in order. */
export function historyOf(lines: readonly Line[], lost: readonly Lost[]): History {
  const history: History = {
    links: [],
    left: new Map(),
    undone: [],
    redone: new Set(),
    tried: new Set(),
    turns: new Set(),
    calls: new Set(),
  }
  const links: Link[] = lost.map(lostLink)
  const dead: Dead = new Map()
  const failed = new Map(
    lines.flatMap(line => (line.type === 'done' ? [[line.step, new Set(line.failed.map(({ path }) => path))]] : [])),
  )
  for (const line of lines) {
    if (line.type === 'call') {
      history.turns.add(line.turn_id)
      history.calls.add(line.step)
      for (const entry of line.entries) {
        links.push({ step: line.step, turn_id: line.turn_id, at: line.at, entry })
        history.left.set(entry.path, entry.after)
      }
    }
    if (line.type !== 'undo') continue
    const missed = failed.get(line.step) ?? new Set()
    for (const entry of line.entries) {
      if (missed.has(entry.path)) continue
      const hunksOf = line.kind === 'redo' ? [] : (line.partial ?? []).filter(({ paths }) => paths.includes(entry.path))
      if (hunksOf.length > 0) links.push({ step: line.step, turn_id: line.turn_id ?? '', at: line.at, entry, hunksOf })
      history.left.set(entry.path, entry.after)
    }
    for (const { step, paths } of line.taken)
      for (const path of paths.filter(path => !missed.has(path)))
        if (line.kind === 'redo' && step !== line.of) dead.get(step)?.delete(path)
        else dead.set(step, (dead.get(step) ?? new Set()).add(path))
    note(history, line)
  }
  history.links = links.filter(link => isAlive(link, dead)).sort((a, b) => a.at - b.at)
  return history
}

function note(history: History, line: UndoLine): void {
  if (line.kind === 'redo') {
    if (line.of) history.redone.add(line.of)
    for (const turn of line.turns) history.tried.delete(turn)
    return
  }
  history.undone.push(line)
  for (const turn of line.turns) history.tried.add(turn)
}

function lostLink({ step, turn_id, at, path, before_hash, after_hash }: Lost): Link {
  const state = (hash: string | null) => (hash === null ? null : { mode: '100644', hash, size: 0, why: GONE })
  return { step, turn_id, at, lost: true, entry: { path, before: state(before_hash), after: state(after_hash) } }
}

export const GONE = 'what stood there before is not kept any more'

/** The links to undo when these are: hunks that were undone of them alone go with them. */
export function withHunks(links: readonly Link[], chosen: ReadonlySet<Link>): Set<Link> {
  const all = new Set(chosen)
  for (const link of links) {
    if (!link.hunksOf) continue
    const about = links.filter(
      other =>
        other.entry.path === link.entry.path &&
        link.hunksOf!.some(({ step, paths }) => step === other.step && paths.includes(other.entry.path)),
    )
    if (about.length > 0 && about.every(other => all.has(other))) all.add(link)
  }
  return all
}

export const takenOf = (links: Iterable<Link>): Taken[] => {
  const byStep = Map.groupBy(links, link => link.step)
  return Array.from(byStep, ([step, of]) => ({ step, paths: [...new Set(of.map(link => link.entry.path))] }))
}
