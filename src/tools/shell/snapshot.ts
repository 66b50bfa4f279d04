import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { openRepository, type Repository, read } from '../git/repository.ts'
import type { Change, ToolContext } from '../tool.ts'

/** A project with more files, or a slower disk, is not watched: knowing what a command changed is a courtesy. */
const MAX_FILES = 20_000
const BUDGET_MS = 400
/** A command that changes more is a build or a checkout: its files are counted, not told one by one. */
const MAX_CHANGES = 200
/** How many files are looked at before others get their turn. */
const SLICE = 200
const SKIPPED = new Set(['.git', '.hg', '.svn', 'node_modules', '.venv', '__pycache__', '.direnv'])

/** What tells a file from its other states: the change time cannot be set by programs. By real path. */
type Snapshot = Map<string, string>

/**
 * Looks at the project's files now; the function it returns looks again and says what is different. In a git repository
 * those that git does not ignore, else all but the usual caches. Null where that would take too long.
 */
export async function watchProject(context: ToolContext): Promise<(() => Promise<Change[] | null>) | null> {
  const { project } = context.roots
  const repository = await openRepository(project, context).catch(() => null) // no repository: walk
  const before = await takeSnapshot(project, repository, context)
  if (before === null) return null
  return async () => {
    const after = await takeSnapshot(project, repository, context)
    return after === null ? null : compare(before, after)
  }
}

/** Created, modified and deleted files, sorted by path; at most 200, what a person can look at. */
export function compare(before: Snapshot, after: Snapshot): Change[] {
  const changes: Change[] = []
  const add = (path: string, change: Change['change']) =>
    changes.push({ path, operation: 'shell', before: null, after: null, change })
  for (const [path, state] of after) {
    const earlier = before.get(path)
    if (earlier === undefined) add(path, 'created')
    else if (earlier !== state) add(path, 'modified')
  }
  for (const path of before.keys()) if (!after.has(path)) add(path, 'deleted')
  return changes.sort((one, other) => (one.path < other.path ? -1 : 1)).slice(0, MAX_CHANGES)
}

async function takeSnapshot(project: string, repository: Repository | null, context: ToolContext) {
  const deadline = performance.now() + BUDGET_MS
  const paths = repository ? await listTracked(project, repository, context) : await walk(project, deadline)
  if (paths === null || paths.length > MAX_FILES) return null
  const snapshot: Snapshot = new Map()
  for (const [index, path] of paths.entries()) {
    if (index % SLICE === SLICE - 1) {
      if (performance.now() > deadline) return null
      await breathe()
    }
    const state = stateOf(path)
    if (state !== null) snapshot.set(path, state)
  }
  return snapshot
}

function stateOf(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats === undefined || stats.isDirectory() ? null : `${stats.ctimeMs} ${stats.size} ${stats.ino}`
}

async function listTracked(project: string, repository: Repository, context: ToolContext): Promise<string[] | null> {
  try {
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
    const names = await read({ ...repository, at: project }, list, context, { timeout_ms: 2000 })
    return names.split('\0').flatMap(name => (name === '' || name.endsWith('/') ? [] : [join(project, name)]))
  } catch {
    return null // too many, too slow, or interrupted: the command itself will tell
  }
}

async function walk(project: string, deadline: number): Promise<string[] | null> {
  const files: string[] = []
  const folders = [project]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (files.length > MAX_FILES || performance.now() > deadline) return null
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) files.push(path)
      else if (!SKIPPED.has(entry.name)) folders.push(path)
    }
    if (files.length % SLICE === 0) await breathe()
  }
  return files
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return [] // deleted meanwhile, or not ours to read
  }
}
