import { join, sep } from 'node:path'
import { type GitContext, openRepository, read, runSafe } from '../tools/git/repository.ts'
import { isInside } from '../tools/paths.ts'
import type { Roots } from '../tools/tool.ts'
import { type Held, openHeld } from './held.ts'
import type { Entry } from './state.ts'
import { CACHES, changedBelow, type Walked, walk } from './walk.ts'

const GIT_MS = 2000
const MAX_LISTED_BYTES = 8 * 1024 * 1024
/** Directories that are too large to be watched are looked through for what changed, for so long together. */
const LOOK_MS = 250
/** The clocks of file systems are a little behind. */
const CLOCK_MS = 20

export type Tree = ReturnType<typeof createTree>

/**
 * The project and the allowed directories, watched by size, times and inode. Where there are more files than can be watched,
 * what git ignores is left out first (without git, the usual caches).
 */
export function createTree(path: string, roots: Roots) {
  let held: Held = openHeld(path)
  let without: ReadonlySet<string> = new Set()
  let isAsked = false
  let left: string[] = []

  const walkAll = async (context: GitContext): Promise<Walked> => {
    const walked = await walk(roots, without)
    if (isAsked || walked.left.every(directory => without.has(directory))) return walked
    isAsked = true
    without = await ignoredDirectories(context).catch(() => cachesIn(walked))
    return await walk(roots, without)
  }

  return {
    get images() {
      return held.images
    },
    size: () => held.size(),
    /** What changed since the last look. Throws what the file system says when contents cannot be held. */
    async look(context: GitContext): Promise<Entry[]> {
      const walked = await walkAll(context)
      left = walked.left
      return await held.update(walked)
    },
    sync: () => held.sync(),
    /** Another name of the file that was seen at a path. */
    otherName(path: string, file: string): string | undefined {
      for (const [other, { state }] of held.seen) if (state.file === file && other !== path) return other
      return undefined
    },
    isKnown: () => held.seen.size > 0,
    /** Files that are watched, and not held; directories past the limit, those that git ignores not. */
    unheld: (): string[] => [...held.unheld(), ...left.filter(directory => !without.has(directory))],
    /** What changed in directories that are not watched; those that are too large to say are in it themselves. */
    async changedUnwatched(since_ms: number): Promise<string[]> {
      const changed: string[] = []
      const deadline = performance.now() + LOOK_MS
      for (const directory of left) {
        const found = await changedBelow(directory, since_ms - CLOCK_MS, Math.max(0, deadline - performance.now()))
        changed.push(...(found ?? [directory]))
      }
      return changed
    },
    /** Lets go of what is held of earlier states, once that is most of it. */
    renew() {
      if (!held.isWasteful()) return
      held.remove()
      held = openHeld(path)
    },
    remove: () => held.remove(),
  }
}

/** Those of the paths that git ignores; without git, those below the usual caches. */
export async function ignoredAmong(paths: readonly string[], context: GitContext): Promise<ReadonlySet<string>> {
  if (paths.length === 0) return new Set()
  const { project } = context.roots
  const inProject = paths.filter(path => isInside(path, project))
  try {
    const repository = await openRepository(project, context)
    const asked = { stdin: inProject.join('\0'), timeout_ms: GIT_MS, max_output_bytes: MAX_LISTED_BYTES }
    const { exit_code, stdout } = await runSafe(
      { ...repository, at: project },
      ['check-ignore', '-z', '--stdin'],
      context,
      asked,
    )
    if (exit_code === 0 || exit_code === 1) return new Set(stdout.split('\0'))
  } catch {
    // no git, or no repository
  }
  return new Set(inProject.filter(path => path.split(sep).some(name => CACHES.has(name))))
}

async function ignoredDirectories(context: GitContext): Promise<ReadonlySet<string>> {
  const { project } = context.roots
  const repository = await openRepository(project, context)
  const list = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory', '--no-empty-directory']
  const names = await read({ ...repository, at: project }, list, context, { timeout_ms: GIT_MS })
  const directories = names.split('\0').filter(name => name.endsWith('/'))
  return new Set(directories.map(name => join(project, name.slice(0, -1))))
}

const cachesIn = ({ found }: Walked): ReadonlySet<string> =>
  new Set(Array.from(found.keys()).filter(path => CACHES.has(path.slice(path.lastIndexOf('/') + 1))))
