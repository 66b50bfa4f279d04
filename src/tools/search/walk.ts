import { lstat, readdir } from 'node:fs/promises'
import { dirname, join, relative as relativeTo, sep } from 'node:path'
import { readRegular } from '../../files.ts'
import { isForbidden, isInside, relative } from '../paths.ts'
import { isSensitive } from '../permission/sensitive.ts'
import type { ToolContext } from '../tool.ts'
import { type IgnoreRule, isIgnored, parseIgnore } from './ignore.ts'

/** A directory on the way: what is in it, sorted by name, without what is ignored or hidden. */
export type Visited = {
  path: string
  files: string[]
  directories: string[]
  /** Links are named, never followed. */
  links: string[]
  /** How many entries were left out because a rule or their name hides them. */
  hidden: number
}

/** What to leave out. Without `ignored`, the ignore files of git count, wherever the walk starts in its repository. */
export type WalkOptions = Pick<ToolContext, 'roots' | 'hidden' | 'signal'> & { ignored?: boolean; depth?: number }

/** The rules of one ignore file, and the directory they are about. */
type Layer = { directory: string; rules: IgnoreRule[] }
type Task = { path: string; depth: number; layers: Layer[]; reading?: Promise<Visited & { layers: Layer[] }> }

/** So many directories are read ahead: enough to keep a disk busy, few enough to stop at once. */
const AHEAD = 16
const MAX_IGNORE_BYTES = 1024 * 1024

/**
 * The directories below a real path in a fixed order (files before directories, by name), each before its children. `.git`
 * and our own files are never entered, links never followed; what cannot be read is skipped.
 */
export async function* walk(start: string, options: WalkOptions): AsyncGenerator<Visited> {
  const layers = options.ignored ? [] : await layersAbove(start, options)
  const stack: Task[] = [{ path: start, depth: 0, layers }]
  for (let task = stack.pop(); task; task = stack.pop()) {
    options.signal.throwIfAborted()
    const { path, depth } = task
    const visited = await (task.reading ?? read(task, options))
    yield visited
    if (depth >= (options.depth ?? Number.POSITIVE_INFINITY)) continue
    const children = visited.directories.map(name => ({
      path: join(path, name),
      depth: depth + 1,
      layers: visited.layers,
    }))
    stack.push(...children.reverse())
    for (const next of stack.slice(-AHEAD)) next.reading ??= read(next, options)
  }
}

/** Whether a walking tool may show this file at all. */
export const isHidden = (path: string, { roots, hidden }: Pick<ToolContext, 'roots' | 'hidden'>): boolean =>
  isForbidden(path, roots) || (hidden ? hidden(path) : isSensitive(relative(path, roots)))

async function read({ path, layers }: Task, options: WalkOptions): Promise<Visited & { layers: Layer[] }> {
  const visited = { path, files: [] as string[], directories: [] as string[], links: [] as string[], hidden: 0, layers }
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []) // gone, or not ours to read
  if (!options.ignored && entries.some(entry => entry.name === '.gitignore')) {
    visited.layers = [...layers, await layerOf(path, '.gitignore')]
  }
  for (const entry of entries) {
    const isDirectory = entry.isDirectory()
    const names = isDirectory ? visited.directories : entry.isSymbolicLink() ? visited.links : visited.files
    if (!isDirectory && !entry.isFile() && !entry.isSymbolicLink()) continue
    if (entry.name === '.git') continue
    const child = join(path, entry.name)
    if (!options.ignored && decide(visited.layers, child, isDirectory)) continue
    if (isHidden(child, options)) visited.hidden++
    else names.push(entry.name)
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
 * The ignore files that reach down to `start`, from the top of its repository (or, without one, of its root). None, if they
 * ignore `start` itself: whoever names such a directory wants to see into it.
 */
async function layersAbove(start: string, { roots }: WalkOptions): Promise<Layer[]> {
  const root = [roots.project, ...roots.allowed].find(root => isInside(start, root)) ?? start
  const top = (await repositoryOf(root)) ?? root
  const layers = [await layerOf(top, join('.git', 'info', 'exclude'))]
  let path = top
  for (const name of relativeTo(top, start).split(sep).filter(Boolean)) {
    layers.push(await layerOf(path, '.gitignore'))
    path = join(path, name)
    if (decide(layers, path, true)) return []
  }
  return layers
}

async function repositoryOf(directory: string): Promise<string | null> {
  for (let path = directory; ; path = dirname(path)) {
    if (await lstat(join(path, '.git')).catch(() => null)) return path
    if (path === dirname(path)) return null
  }
}

async function layerOf(directory: string, name: string): Promise<Layer> {
  try {
    const path = join(directory, name)
    const found = await lstat(path)
    if (!found.isFile() || found.size > MAX_IGNORE_BYTES) return { directory, rules: [] }
    return { directory, rules: parseIgnore(String(await readRegular(path))) }
  } catch {
    return { directory, rules: [] } // no such file
  }
}

const slashed = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))
/** Not by locale: the order must be the same on every machine. */
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
