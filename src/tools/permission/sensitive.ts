/**
 * Paths that hold secrets or run code (the contract, "Rules"). Judged by name alone, component by component, on relative
 * and absolute paths; a directory of the list covers all that is below it. Callers pass *real* paths, relative to the
 * project where they are inside it, so that a project that itself lives below `.env-tools/` stays usable.
 *
 * Names are folded first, because file systems fold them: macOS and Windows ignore case, HFS+ ignores zero-width
 * characters (the hole of CVE-2014-9390), Windows drops trailing dots and spaces and reads `name:stream` as `name`.
 */

const DIRECTORIES = new Set(['.ssh', '.aws', '.gnupg'])
const FILES = new Set(['.netrc', '.npmrc', '.pypirc', 'credentials.json'])
const KEYS = /^id_(?:rsa|dsa|ecdsa|ed25519)$/
const EXAMPLES = /^\.env\.(?:example|sample|template)$/
const GIT_SECRETS = new Set(['config', 'config.worktree', 'hooks'])

/** The same names as globs of one or two parts, to hold other globs against. */
export const SENSITIVE_GLOBS: readonly string[] = [
  ...DIRECTORIES,
  ...FILES,
  ...['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', '*.pem', '.env*'],
  ...[...GIT_SECRETS].map(name => `.git/${name}`),
]

/** True for what no tool may read or write without a rule for that very path. */
export function isSensitive(path: string): boolean {
  const names = namesOf(path)
  return names.some((name, at) => isSensitiveName(name) || isGitSecret(names, at)) || isInsideProcess(names)
}

/** What `/proc/PID` has of a process that is no way into its memory, environment, descriptors or directories (proc(5)). */
const PUBLIC_OF_PROCESS = new Set(
  'cgroup comm cpuset io limits loginuid mountinfo mounts mountstats numa_maps oom_score oom_score_adj sched schedstat sessionid smaps_rollup stat statm status timers wchan'.split(
    ' ',
  ),
)
const PROCESS = /^(?:\d+|self|thread-self)$/

/** Of absolute paths only: `/proc/PID/environ`, `mem`, `root`, `cwd`, `fd` … by any process or task, and `/dev/fd` beyond the standard three. */
function isInsideProcess([root, top, process = '', ...rest]: string[]): boolean {
  if (root !== '') return false
  if (top === 'dev') return process === 'fd' && rest.length > 0 && !(rest.length === 1 && /^[0-2]?$/.test(rest[0]!))
  if (top !== 'proc') return false
  if (process === 'kcore') return true
  if (!PROCESS.test(process)) return false
  const [first = '', ...below] = rest[0] === 'task' ? rest.slice(2) : rest
  return first !== '' && !(below.length === 0 && PUBLIC_OF_PROCESS.has(first))
}

/** Whether a word whose parts may be patterns could name such a file; `fits` says whether a part may be that name. */
export function mayBeInsideProcess(parts: string[], fits: (part: string, name: string) => boolean): boolean {
  const [root, top = '', process = '', ...rest] = parts.filter((part, at) => at === 0 || (part !== '' && part !== '.'))
  if (root !== '' || rest.length === 0 || !fits(top, 'proc')) return false
  if (!PROCESS.test(process) && !['self', 'thread-self', '1', '11111'].some(name => fits(process, name))) return false
  return rest.length > 1 || !PUBLIC_OF_PROCESS.has(rest[0]!)
}

/** What a warning says of a write to `path`: a word for programs; null when there is nothing to warn of. */
export function dangerOf(path: string): Danger | null {
  const names = namesOf(path)
  if (names.includes('.git')) return 'git_internals'
  return DANGEROUS_FILES[names.at(-1) ?? ''] ?? null
}

export type Danger = 'git_internals' | 'editor_code' | 'shell_environment' | 'agent_config'

/** Each word of `dangerOf`, as the end of a sentence for a person: "It …". */
export const DANGERS: Record<Danger, string> = {
  git_internals: 'is inside .git, where files can run code',
  editor_code: 'can run code in Emacs when a file beside it is opened',
  shell_environment: 'can run code in a shell that enters the directory',
  agent_config: 'configures this very agent',
}

const DANGEROUS_FILES: Record<string, Danger | undefined> = Object.assign(Object.create(null), {
  '.dir-locals.el': 'editor_code',
  '.dir-locals-2.el': 'editor_code',
  '.envrc': 'shell_environment',
  'emacs-agent.toml': 'agent_config',
  '.mcp.json': 'agent_config',
})

const isSensitiveName = (name: string): boolean =>
  DIRECTORIES.has(name) ||
  FILES.has(name) ||
  KEYS.test(name) ||
  name.endsWith('.pem') ||
  (name.startsWith('.env') && !EXAMPLES.test(name))

/** `.git/config` and `.git/hooks`, and their twins in `.git/modules/<name>/` and `.git/worktrees/<name>/`. */
function isGitSecret(names: string[], at: number): boolean {
  if (!GIT_SECRETS.has(names[at]!)) return false
  if (names[at - 1] === '.git') return true
  const git = names.lastIndexOf('.git', at - 1)
  return git >= 0 && (names[git + 1] === 'modules' || names[git + 1] === 'worktrees')
}

const namesOf = (path: string): string[] => path.split(/[/\\]+/).map(fold)

function fold(name: string): string {
  const visible = name.replace(IGNORED, '').normalize('NFKC').toLowerCase()
  return visible.replace(/(?<=[^:]):.*$/s, '').replace(/(?<=[^. ])[. ]+$/, '')
}

/** Code points that HFS+ skips when it compares names. */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g
