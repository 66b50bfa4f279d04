import { realpathSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { readRegular } from '../../base/files.ts'
import { placed, type SandboxConfig } from '../../config/sandbox.ts'
import { isInside } from '../paths.ts'
import { compile } from '../permission/binding.ts'
import type { Roots } from '../tool.ts'
import { SECRETS_OF_HOME, SECRETS_OF_MACHINE } from './secrets.ts'

/** Large, and nobody keeps secrets there. */
const PASSED_OVER = 'node_modules'
/** Files with code or settings for programs that run outside of the sandbox. */
const FIXED = new Set(['.dir-locals.el', '.dir-locals-2.el', '.envrc'])
const FIXED_AT_TOP = ['emacs-agent.toml', '.mcp.json']
const FIXED_OF_GIT = ['hooks', 'config', 'config.worktree']
const GLOB = /[*?[{]/

export type Place = {
  roots: Roots
  home: string
  /** Files of the project that no tool reads unasked: by name, or by a rule. */
  hidden(path: string): boolean
}

/** What a command may neither read nor write, and what it may only read. Real paths of what exists. */
export async function closedFor(
  { read_deny }: Pick<SandboxConfig, 'read_deny'>,
  place: Place,
): Promise<{ closed: string[]; fixed: string[] }> {
  const { roots, home } = place
  const patterns = read_deny.map(path => placed(path, { PROJECT: roots.project }))
  const named = [
    ...roots.forbidden,
    ...SECRETS_OF_HOME.map(name => join(home, name)),
    ...SECRETS_OF_MACHINE,
    ...patterns.filter(pattern => !GLOB.test(pattern)),
    ...(await socketsOfOthers()).filter(path => !isInside(path, roots.project)),
  ]
  // A hundred short calls: handing each to a thread takes longer.
  const found = named.map(realOf)
  const globs = patterns.filter(pattern => GLOB.test(pattern)).map(pattern => globOf(pattern, place))
  const isHidden = (path: string) => place.hidden(path) || globs.some(binds => binds(path))
  const walked = await Promise.all([roots.project, ...roots.allowed].map(root => walk(root, isHidden)))
  const fixed = FIXED_AT_TOP.map(name => join(roots.project, name))
  return {
    closed: [...new Set([...found.filter(path => path !== null), ...walked.flatMap(w => w.closed)])],
    fixed: [...new Set([...fixed, ...walked.flatMap(w => w.fixed)])],
  }
}

function realOf(path: string): string | null {
  try {
    return realpathSync.native(path)
  } catch {
    return null // not there
  }
}

function globOf(pattern: string, { roots, home }: Place): (path: string) => boolean {
  const glob = isInside(pattern, roots.project) ? pattern.slice(roots.project.length + 1) : pattern
  const rule = compile(`read_file(${glob})`, { project: roots.project, home })?.path
  if (!rule)
    throw new AppError('INVALID_REQUEST', `read_deny under [sandbox]: ${pattern} is neither a path nor a glob.`)
  return rule.binds
}

async function walk(root: string, isHidden: (path: string) => boolean) {
  const closed: string[] = []
  const fixed: string[] = []
  const visit = async (directory: string): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
    await Promise.all(
      entries.map(async entry => {
        const path = join(directory, entry.name)
        if (entry.name === '.git') fixed.push(...(await codeOfGit(path, entry.isDirectory())))
        else if (FIXED.has(entry.name)) fixed.push(path)
        else if (entry.name === PASSED_OVER || entry.isSymbolicLink()) return
        else if (isHidden(path)) closed.push(path)
        else if (entry.isDirectory()) await visit(path)
      }),
    )
  }
  await visit(root)
  return { closed, fixed }
}

/** Of a repository and its submodules: what git runs. */
async function codeOfGit(git: string, isDirectory: boolean): Promise<string[]> {
  if (!isDirectory) return [git]
  const modules = await readdir(join(git, 'modules')).catch(() => [])
  const all = [git, ...modules.map(name => join(git, 'modules', name))]
  return all.flatMap(directory => FIXED_OF_GIT.map(name => join(directory, name)))
}

/** Sockets in the file system that somebody listens on: connecting to one needs no right to write (unix(7), proc_net(5)). */
async function socketsOfOthers(): Promise<string[]> {
  const table = await readRegular('/proc/net/unix').catch(() => '')
  return String(table)
    .split('\n')
    .flatMap(line => / (\/.+)$/.exec(line)?.[1] ?? [])
}
