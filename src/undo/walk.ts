import { readdirSync, type Stats } from 'node:fs'
import { sep } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { isForbidden } from '../tools/paths.ts'
import type { Roots } from '../tools/tool.ts'
import { statAt } from './state.ts'

/** More files are not watched. */
const MAX_WATCHED = 20_000
/** What belongs to version control is never touched. */
const VCS = new Set(['.git', '.hg', '.svn', '.jj', '.bzr'])
/** Where there is no git to say what is ignored. */
export const CACHES = new Set(['node_modules', '.venv', '__pycache__', '.direnv', '.cache', 'target'])
/** How long others wait for their turn at most. */
const SLICE_MS = 12

export type Walked = {
  /** By real path: all files, links and directories, the root itself not. */
  found: Map<string, Stats>
  /** Directories that were left out: named so, or past the limit. */
  left: string[]
  /** Directories that are not ours to read: nobody knows what is in them. */
  closed: string[]
}

/** Lets others have their turn, now and then. */
export function pacer(): () => Promise<void> | undefined {
  let from = performance.now()
  return () => {
    if (performance.now() - from < SLICE_MS) return undefined
    return breathe().then(() => {
      from = performance.now()
    })
  }
}

/** Everything below the roots, wide before deep; links are not followed. `without` are real paths of directories. */
export async function walk(roots: Roots, without: ReadonlySet<string>, limit: number = MAX_WATCHED): Promise<Walked> {
  const walked: Walked = { found: new Map(), left: [], closed: [] }
  const pace = pacer()
  let files = 0
  const queue = [roots.project, ...roots.allowed.filter(root => root !== roots.project)]
  const severalRoots = queue.length > 1
  for (let next = 0; next < queue.length; next++) {
    const directory = queue[next]!
    if (files >= limit) {
      walked.left.push(directory)
      continue
    }
    eachIn(directory, walked.closed, (path, found) => {
      if (isForbidden(path, roots) || (severalRoots && walked.found.has(path))) return
      if (!found.isDirectory()) files++
      else if (without.has(path)) return void walked.left.push(path)
      else queue.push(path)
      walked.found.set(path, found)
    })
    await pace()
  }
  return walked
}

/** The paths below that changed since; null when there are too many to look at in that time. */
export async function changedBelow(directory: string, since_ms: number, budget_ms: number): Promise<string[] | null> {
  const deadline = performance.now() + budget_ms
  const pace = pacer()
  const changed: string[] = []
  const queue = [directory]
  for (let next = 0; next < queue.length; next++) {
    if (performance.now() > deadline) return changed.length > 0 ? changed : null
    const own = statAt(queue[next]!)
    // A directory changes when something in it comes or goes.
    if (!own || own.mtimeMs >= since_ms) changed.push(queue[next]!)
    eachIn(queue[next]!, [], (path, found) => {
      if (found.isDirectory()) queue.push(path)
      else if (found.ctimeMs >= since_ms) changed.push(path)
    })
    await pace()
  }
  return changed
}

/** Without what version control keeps there. A directory that cannot be read is added to `closed`. */
function eachIn(directory: string, closed: string[], act: (path: string, found: Stats) => void): void {
  try {
    for (const name of readdirSync(directory)) {
      if (VCS.has(name)) continue
      const path = directory + sep + name
      const found = statAt(path)
      if (found) act(path, found)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') closed.push(directory)
  }
}
