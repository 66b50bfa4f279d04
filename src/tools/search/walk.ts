import { readdir } from 'node:fs/promises'
import { join, relative as relativeTo, sep } from 'node:path'
import { diskPath } from '../../base/files.ts'
import { isForbidden, isInside, relative } from '../paths.ts'
import { isSensitive } from '../permission/sensitive.ts'
import type { ToolContext } from '../tool.ts'
import { isIgnored } from './ignore.ts'
import { ignoreFileOf, type Layer, workTreeOf } from './repository.ts'
import { NONE, type Tracked } from './tracked.ts'

/** A directory on the way: what is in it, sorted by name, without what is ignored or hidden. */
export type Visited = {
  path: string
  files: string[]
  directories: string[]
  /** Links are named, never followed. */
  links: string[]
  /** How many entries were left out because a rule or their name hides them. */
  hidden: number
  /** Those of `files` and `links` that the ignore rules name, though git tracks them. */
  tracked: string[]
}

/** What to leave out. Without `ignored`, the ignore files of git count, wherever the walk starts in its repository. */
export type WalkOptions = Pick<ToolContext, 'roots' | 'hidden' | 'signal'> & {
  children?: ToolContext['children']
  env?: ToolContext['env']
  ignored?: boolean
  depth?: number
}

/** `inIgnored`: the directory itself is ignored, and so is all that is in it. */
type Rules = { layers: Layer[]; tracked: Tracked; inIgnored: boolean }
type Read = Visited & { rules: Rules; ignored: Set<string> }
type Task = { path: string; depth: number; rules: Rules; reading?: Promise<Read> }

/** So many directories are read ahead: enough to keep a disk busy, few enough to stop at once. */
const AHEAD = 16

/**
 * The directories below a real path in a fixed order (files before directories, by name), each before its children. `.git`
 * and our own files are never entered, links never followed; what cannot be read is skipped.
 */
export async function* walk(start: string, options: WalkOptions): AsyncGenerator<Visited> {
  const { host } = options.roots
  if (host?.walk) return yield* host.walk(start, options)
  const rules = options.ignored ? NO_RULES : await rulesAbove(start, options)
  const stack: Task[] = [{ path: start, depth: 0, rules }]
  for (let task = stack.pop(); task; task = stack.pop()) {
    options.signal.throwIfAborted()
    const { path, depth } = task
    const visited = await (task.reading ?? read(task, options))
    yield visited
    if (depth >= (options.depth ?? Number.POSITIVE_INFINITY)) continue
    const children = visited.directories.map(name => ({
      path: join(path, name),
      depth: depth + 1,
      rules: visited.ignored.has(name) ? { ...visited.rules, inIgnored: true } : visited.rules,
    }))
    stack.push(...children.reverse())
    for (const next of stack.slice(-AHEAD)) next.reading ??= read(next, options)
  }
}

/** Whether a walking tool may show this file at all. */
export const isHidden = (path: string, { roots, hidden }: Pick<ToolContext, 'roots' | 'hidden'>): boolean =>
  isForbidden(path, roots) || (hidden ? hidden(path) : isSensitive(relative(path, roots)))

async function read({ path, rules }: Task, options: WalkOptions): Promise<Read> {
  const found = { files: [] as string[], directories: [] as string[], links: [] as string[], tracked: [] as string[] }
  const visited: Read = { path, ...found, hidden: 0, rules, ignored: new Set() }
  const entries = await readdir(await diskPath(path), { withFileTypes: true }).catch(() => []) // gone, or not ours to read
  if (!options.ignored && entries.some(entry => entry.name === '.gitignore')) {
    visited.rules = { ...rules, layers: [...rules.layers, await ignoreFileOf(path)] }
  }
  for (const entry of entries) {
    const isDirectory = entry.isDirectory()
    const names = isDirectory ? visited.directories : entry.isSymbolicLink() ? visited.links : visited.files
    if (!isDirectory && !entry.isFile() && !entry.isSymbolicLink()) continue
    if (entry.name === '.git') continue
    const child = join(path, entry.name)
    const ignored = !options.ignored && (rules.inIgnored || decide(visited.rules.layers, child, isDirectory))
    const { files, directories } = rules.tracked
    if (ignored && !(isDirectory ? directories : files).has(child)) continue
    if (isHidden(child, options)) {
      visited.hidden++
      continue
    }
    names.push(entry.name)
    if (ignored && isDirectory) visited.ignored.add(entry.name)
    else if (ignored) visited.tracked.push(entry.name)
  }
  for (const names of [visited.files, visited.directories, visited.links]) names.sort(byCode)
  return visited
}

/** The innermost file that says anything decides. */
function decide(layers: Layer[], path: string, isDirectory: boolean): boolean {
  for (const { directory, rules } of layers.toReversed()) {
    const ignored = isIgnored(rules, slashed(path.slice(directory.length).replace(/^[/\\]/, '')), isDirectory)
    if (ignored !== undefined) return ignored
  }
  return false
}

/**
 * The ignore rules that reach down to `start`, from the top of its repository (or, without one, of its root). None, if they
 * ignore `start` itself: a directory that is named is meant to be searched.
 */
async function rulesAbove(start: string, options: WalkOptions): Promise<Rules> {
  const { roots } = options
  const root = [roots.project, ...roots.allowed].find(root => isInside(start, root)) ?? start
  const tree = await workTreeOf(root, options)
  const layers = [...(tree?.layers ?? [])]
  let path = tree?.top ?? root
  for (const name of relativeTo(path, start).split(sep).filter(Boolean)) {
    layers.push(await ignoreFileOf(path))
    path = join(path, name)
    if (decide(layers, path, true)) return NO_RULES
  }
  return { layers, tracked: tree?.tracked ?? NONE, inIgnored: false }
}

const NO_RULES: Rules = { layers: [], tracked: NONE, inIgnored: false }
const slashed = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))
/** Not by locale: the order must be the same on every machine. */
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
