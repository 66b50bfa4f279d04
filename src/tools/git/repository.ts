import { dirname, join, resolve } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { tail } from '../../base/text.ts'
import type { Files } from '../host/host.ts'
import { absent, hostOf } from '../host/local.ts'
import { isInside } from '../paths.ts'
import { type RunOptions, type RunResult, run } from '../shell/process.ts'
import { plain } from '../shell/terminal.ts'
import type { ToolContext } from '../tool.ts'

/** What git needs of a call. */
export type GitContext = Pick<ToolContext, 'roots' | 'env' | 'children' | 'signal'>

/** A work tree that git may be asked about: its root, git's own directory, and the one that git is started in; real paths. */
export type Repository = { git: string; at: string; top: string; gitDir: string; overrides: Setting[] }
type Setting = [key: string, value: string]
type Options = Partial<
  Pick<RunOptions, 'stdin' | 'spill' | 'keep' | 'max_output_bytes' | 'timeout_ms' | 'onOutput' | 'redactor'>
>

const READ_TIMEOUT_MS = 30_000
const READ_OUTPUT = 4 * 1024 * 1024

/** Every call: no pager, no editor, no prompt, no detached housekeeping, no `ext::` remotes. */
const QUIET = [
  '--no-pager',
  ...settings([
    ['core.pager', 'cat'],
    ['core.editor', ':'],
    ['core.askPass', ''],
    ['core.quotePath', 'false'],
    ['color.ui', 'false'],
    ['gc.autoDetach', 'false'],
    ['maintenance.autoDetach', 'false'],
    ['protocol.ext.allow', 'never'],
    ['safe.bareRepository', 'explicit'],
  ]),
]

/**
 * Calls nobody was asked about run nothing that the repository names: no file system monitor, hook, signature check or
 * transport, beside the filters, which `openRepository` finds, and external diffs, which the callers switch off.
 */
const SAFE = [
  ...QUIET,
  ...settings([
    ['core.fsmonitor', 'false'],
    ['core.virtualFilesystem', ''],
    ['core.hooksPath', '/dev/null'],
    ['core.sshCommand', 'false'],
    ['credential.helper', ''],
    ['log.showSignature', 'false'],
    ['status.submoduleSummary', 'false'],
    ['submodule.recurse', 'false'],
  ]),
]

function settings(pairs: Setting[]): string[] {
  return pairs.flatMap(([key, value]) => ['-c', `${key}=${value}`])
}

/** Our own setting among the listed ones proves that this git takes settings from the environment (2.31 and newer). */
const PROBE: Setting = ['emacs-agent.probe', 'true']

/**
 * The repository that `path` (real, existing or not) lies in. Throws TOOL_FAILED when there is no git, no repository, or when
 * its metadata lie in a place that does not know of this work tree: a `.git` file in a foreign directory could name any
 * repository of the user's.
 */
export async function openRepository(path: string, context: GitContext): Promise<Repository> {
  const { env, roots } = context
  const { files, find } = hostOf(roots)
  const git = await find('git', env, roots.project)
  if (git === null) throw failed('git was not found on PATH outside the project. Install git.')
  const at = await existingDirectory(path, files)
  const bare: Repository = { git, at, top: at, gitDir: at, overrides: [PROBE] }
  const config = parseConfig(await read(bare, ['config', '--list', '-z'], context))
  if (!config.some(([key]) => key === PROBE[0])) throw failed('This git is too old: 2.31 or newer is needed.')
  const repository = { ...bare, overrides: config.flatMap(([key]) => withoutFilter(key)) }
  const places = await runSafe(
    repository,
    ['rev-parse', '--path-format=absolute', '--show-toplevel', '--git-dir', '--git-common-dir'],
    context,
  )
  if (places.exit_code !== 0) throw notRepository(places.stderr)
  const [top, gitDir, commonDir, ...rest] = places.stdout
    .trimEnd()
    .split('\n')
    .map(line => resolve(line))
  if (!top || !gitDir || !commonDir || rest.length > 0) throw failed('The path of the repository holds a line break.')
  if (!isInside(at, top)) throw failed('The work tree of this repository (core.worktree) is somewhere else.')
  const hasWorktree = config.some(([key]) => key === 'core.worktree')
  if (!(await ownsWorkTree(gitDir, commonDir, top, hasWorktree, roots.project, files))) {
    throw failed('The metadata of this repository lie outside the project, in a place that does not point back here.')
  }
  return { ...repository, top, gitDir }
}

/** git's standard output of a call that runs nothing of the repository's. Throws TOOL_FAILED with git's own message. */
export async function read(
  repository: Repository,
  args: string[],
  context: GitContext,
  options: Options = {},
): Promise<string> {
  const result = await runSafe(repository, args, context, options)
  if (result.exit_code !== 0) throw gitFailure(result)
  if (result.dropped > 0 && options.keep !== 'ends')
    throw failed('git answered with too much. Ask about a smaller path.')
  return result.stdout
}

/** As `read`, for calls whose exit status is the answer. */
export const runSafe = (repository: Repository, args: string[], context: GitContext, options: Options = {}) =>
  runGit(
    [repository.git, ...SAFE, ...args],
    {
      cwd: repository.at,
      env: safeEnv(context, repository.overrides),
      timeout_ms: READ_TIMEOUT_MS,
      max_output_bytes: READ_OUTPUT,
      keep: 'start',
      ...options,
    },
    context,
  )

/** A call a person approved: hooks, filters, signing and transports of the repository work, prompts still do not. */
export const runApproved = (repository: Repository, args: string[], context: GitContext, options: Options = {}) =>
  runGit(
    [repository.git, ...QUIET, ...args],
    { cwd: repository.at, env: approvedEnv(context), timeout_ms: 600_000, ...options },
    context,
  )

const runGit = (
  command: string[],
  options: Omit<RunOptions, 'children' | 'signal'>,
  { children, signal, roots }: GitContext,
): Promise<RunResult> => run(command, { children, signal, ...options }, hostOf(roots).start)

/** What went wrong in git's own words, as short as they are. */
export function gitFailure(result: RunResult): AppError {
  if (result.timed_out) return new AppError('TIMEOUT', 'git took too long and was ended.')
  return failed(`git failed: ${tail(saidBy(result), 2000) || `exit status ${result.exit_code}`}`)
}

/** What git printed, for a model: no terminal codes, and no passwords in URLs. */
export const saidBy = (result: RunResult): string =>
  withoutPassword(plain(`${result.stdout.trimEnd()}\n${result.stderr.trimEnd()}`).trim())

export const withoutPassword = (text: string): string => text.replace(/(?<=:\/\/)[^/\s@]*@/g, '')

/** A filter is run for every file that looks changed, by `status` and `diff` too. An empty command is none. */
function withoutFilter(key: string): Setting[] {
  const [, driver] = key.match(/^filter\.(.*)\.(?:clean|smudge|process|required)$/s) ?? []
  if (driver === undefined) return []
  return ['clean', 'smudge', 'process']
    .map((name): Setting => [`filter.${driver}.${name}`, ''])
    .concat([[`filter.${driver}.required`, 'false']])
}

/** `key LF value NUL`; a key without `=` in its file has no value. */
const parseConfig = (text: string): Setting[] =>
  text
    .split('\0')
    .filter(entry => entry !== '')
    .map(entry => {
      const end = entry.indexOf('\n')
      return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)]
    })

/**
 * Whether a git directory belongs to this work tree: it is its `.git`, lies inside the project, or points back, as those of
 * linked work trees (`gitdir` file) and submodules (`core.worktree`, by which git found `top`) do.
 */
async function ownsWorkTree(
  gitDir: string,
  commonDir: string,
  top: string,
  hasWorktree: boolean,
  project: string,
  files: Files,
): Promise<boolean> {
  const own = join(top, '.git')
  const isHome = (dir: string) => dir === own || isInside(dir, project)
  if (isHome(gitDir)) return isHome(commonDir)
  if (hasWorktree) return commonDir === gitDir
  try {
    const back = resolve(gitDir, String(await files.read(join(gitDir, 'gitdir'))).trim())
    const isBack = (await files.real(dirname(back), {})) === top
    return isBack && (await files.lstat(own)).isFile() && isInside(gitDir, commonDir)
  } catch {
    return false // no way back
  }
}

async function existingDirectory(path: string, files: Files): Promise<string> {
  const found = await files.lstat(path).catch(absent)
  if (found) return found.isDirectory() ? path : dirname(path)
  return existingDirectory(dirname(path), files) // deleted, perhaps with its directory: git still knows of it
}

/** Who commits and where the user's own settings are; all else that starts with GIT_ steers git away from what we said. */
const KEPT = /^GIT_(?:CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM)|(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE))$/
const KEPT_IF_APPROVED = new RegExp(`${KEPT.source}|^GIT_SSH(?:_COMMAND|_VARIANT)?$`)

function safeEnv(context: GitContext, overrides: Setting[]): Record<string, string> {
  const env: Record<string, string> = {
    ...quietEnv(context.env, KEPT),
    ...hostOf(context.roots).outside(context.env, context.roots.project),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: '',
    GIT_CONFIG_COUNT: String(overrides.length),
  }
  // Not as `-c`: that would cut a key at the first `=`.
  for (const [index, [key, value]] of overrides.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key
    env[`GIT_CONFIG_VALUE_${index}`] = value
  }
  return env
}

const approvedEnv = (context: GitContext) => ({
  ...quietEnv(context.env, KEPT_IF_APPROVED),
  LANGUAGE: 'en',
})

function quietEnv(env: Record<string, string>, kept: RegExp): Record<string, string> {
  return {
    ...Object.fromEntries(
      Object.entries(env).filter(([name]) => !/^(GIT_|SSH_ASKPASS)/i.test(name) || kept.test(name)),
    ),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GCM_INTERACTIVE: 'never',
    GIT_PAGER: 'cat',
    GIT_EDITOR: ':',
    TERM: 'dumb',
  }
}

function notRepository(stderr: string): AppError {
  if (/not a git repository/i.test(stderr)) return failed('This directory is not in a git repository.')
  if (/must be run in a work tree/i.test(stderr)) return failed('This repository is bare, it has no work tree.')
  return failed(`git refuses this repository: ${tail(plain(stderr).trim(), 1000)}`)
}

export const failed = (message: string) => new AppError('TOOL_FAILED', message)
