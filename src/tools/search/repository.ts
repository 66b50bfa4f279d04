import { lstat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { diskPath, readRegular } from '../../base/files.ts'
import { findExecutable } from '../shell/executable.ts'
import { run } from '../shell/process.ts'
import type { ToolContext } from '../tool.ts'
import { type IgnoreRule, parseIgnore } from './ignore.ts'
import { readTracked, type Tracked } from './tracked.ts'

/** The rules of one ignore file, and the directory they are about. */
export type Layer = { directory: string; rules: IgnoreRule[] }
/** A work tree of git's: the rules that hold in all of it, the weakest first, and what they do not hold for. */
export type WorkTree = { top: string; layers: Layer[]; tracked: Tracked }
type Options = Pick<ToolContext, 'roots' | 'signal'> & Partial<Pick<ToolContext, 'children' | 'env'>>

const MAX_IGNORE_BYTES = 1024 * 1024
const TIMEOUT_MS = 5_000

/** The work tree that `directory` lies in; null when it lies in none. */
export async function workTreeOf(directory: string, options: Options): Promise<WorkTree | null> {
  const top = await topOf(directory)
  if (top === null) return null
  const gitDir = await gitDirOf(top)
  const common = await readText(join(gitDir, 'commondir'))
  const exclude = join(common ? resolve(gitDir, common.trim()) : gitDir, 'info', 'exclude')
  const layers = [await layerOf(top, await excludesFile(top, options)), await layerOf(top, exclude)]
  return { top, layers, tracked: await readTracked(gitDir, top) }
}

/** What cannot be read has no rules. */
async function layerOf(directory: string, path: string | null): Promise<Layer> {
  const text = path && (await readText(path))
  return { directory, rules: text ? parseIgnore(text) : [] }
}

/** The `.gitignore` of a directory. A link is none, as it is to git. */
export async function ignoreFileOf(directory: string): Promise<Layer> {
  const path = join(directory, '.gitignore')
  const isLink = await lstat(await diskPath(path)).then(
    found => found.isSymbolicLink(),
    () => true,
  )
  return await layerOf(directory, isLink ? null : path)
}

async function topOf(directory: string): Promise<string | null> {
  for (let path = directory; ; path = dirname(path)) {
    if (await lstat(join(path, '.git')).catch(() => null)) return path
    if (path === dirname(path)) return null
  }
}

/** Linked work trees and submodules have a file in its place that names it. */
async function gitDirOf(top: string): Promise<string> {
  const git = join(top, '.git')
  const [, named] = /^gitdir: (.+)/.exec((await readText(git)) ?? '') ?? []
  return named === undefined ? git : resolve(top, named)
}

/**
 * The person's own excludes (gitignore(5)): git knows all the places where they may be named. Reading its configuration runs
 * nothing, and of the environment only what names the person's configuration counts.
 */
async function excludesFile(top: string, { children, env = {}, roots, signal }: Options): Promise<string | null> {
  const git = await findExecutable('git', env, roots.project)
  const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name)))
  const command = git && [git, '--no-pager', 'config', '--type=path', '--get', 'core.excludesFile']
  const asked =
    command && children
      ? await run(command, { children, cwd: top, env: clean, signal, timeout_ms: TIMEOUT_MS, keep: 'start' }).catch(
          () => null,
        )
      : null
  signal.throwIfAborted()
  if (asked?.exit_code === 0) {
    const named = asked.stdout.replace(/\n$/, '')
    if (named === '') return null
    return isAbsolute(named) ? named : join(top, named)
  }
  const home = env['XDG_CONFIG_HOME'] || (env['HOME'] && join(env['HOME'], '.config'))
  return home ? join(home, 'git', 'ignore') : null
}
const KEPT = /^GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM)$/

async function readText(path: string): Promise<string | null> {
  return await readRegular(await diskPath(path), MAX_IGNORE_BYTES).then(String, () => null)
}
