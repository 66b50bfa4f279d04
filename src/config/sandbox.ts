import { posix } from 'node:path'
import { type ExpandContext, expandHome, expandVariables } from './expand.ts'
import type { FileConfig } from './schema.ts'

/** From the weakest to the strictest. */
export const SANDBOX_MODES = ['off', 'auto', 'required'] as const

/** The isolation of commands in a session, all layers merged. Paths are absolute, or begin with `$PROJECT` or `$TMP`. */
export type SandboxConfig = {
  /** `auto`: where this machine has a sandbox; `required`: a command does not run without one. */
  mode: (typeof SANDBOX_MODES)[number]
  network: 'off' | 'on' | string[]
  write: string[]
  /** Paths, or globs within the project, that may not be read, in addition to files that no sandboxed command may read. */
  read_deny: string[]
  /** A call whose only limit is the sandbox runs without asking. */
  auto_approve_sandboxed: boolean
}

/** The settings of one layer, agent or server. */
export type SandboxEntry = NonNullable<FileConfig['sandbox']>

/** How an agent or a server differs: `own` comes from the user and replaces, `stricter` from a project and only restricts. */
export type OwnSandbox = { own?: SandboxEntry; stricter?: SandboxEntry[] }

export const defaultSandbox: SandboxConfig = {
  mode: 'off',
  network: 'off',
  write: ['$PROJECT', '$TMP'],
  read_deny: [],
  auto_approve_sandboxed: false,
}

/** Each key of the entry replaces that of the base; `read_deny` adds up. */
export const override = (base: SandboxConfig, entry: SandboxEntry = {}): SandboxConfig => ({
  ...base,
  ...entry,
  read_deny: union(base.read_deny, entry.read_deny),
})

/** Applies an entry of a project's file: a value counts only where it restricts further. */
export function tighten(base: SandboxConfig, { mode, network, write, read_deny }: SandboxEntry): SandboxConfig {
  return {
    ...base,
    mode: SANDBOX_MODES[Math.max(SANDBOX_MODES.indexOf(base.mode), SANDBOX_MODES.indexOf(mode ?? 'off'))]!,
    network: network === undefined ? base.network : narrower(base.network, network),
    write: write === undefined ? base.write : write.flatMap(path => within(path, base.write)),
    read_deny: union(base.read_deny, read_deny),
  }
}

/** The sandbox of an agent or of a server. */
export const sandboxFor = (base: SandboxConfig, { own, stricter = [] }: OwnSandbox = {}): SandboxConfig =>
  stricter.reduce(tighten, override(base, own))

const union = (a: string[], b: string[] = []) => [...new Set([...a, ...b])]

function narrower(base: SandboxConfig['network'], wanted: SandboxConfig['network']): SandboxConfig['network'] {
  if (base === 'on' || wanted === 'off') return wanted
  if (base === 'off' || wanted === 'on') return base
  return wanted.filter(host => base.some(pattern => covers(pattern, host)))
}

/** Whether a pattern of `network` matches a host, or all hosts that another pattern matches. */
export const covers = (pattern: string, host: string): boolean => {
  const [name, wanted] = [host.toLowerCase(), pattern.toLowerCase()]
  return (
    name === wanted || (wanted.startsWith('*.') && name.length > wanted.length - 1 && name.endsWith(wanted.slice(1)))
  )
}

/** The part of `path` that is writable already. */
function within(path: string, writable: string[]): string[] {
  const below = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`)
  const whole = posix.normalize(path)
  if (whole.split('/').includes('..')) return []
  if (writable.some(root => below(whole, root))) return [whole]
  return writable.filter(root => below(root, whole))
}

/** A path of the configuration for one session: `$PROJECT` and `$TMP` at its beginning become these directories. */
export const placed = (path: string, directories: { PROJECT: string; TMP?: string }): string =>
  path.replace(/^\$(PROJECT|TMP)(?=\/|$)/, (whole, name: 'PROJECT' | 'TMP') => directories[name] ?? whole)

/** The entry with its paths made absolute, but for `$PROJECT` and `$TMP`; what is relative begins at the project. */
export function expandSandbox<E extends SandboxEntry>(entry: E, { env, home }: ExpandContext, unset: Set<string>): E {
  const path = (written: string) => {
    const whole = expandHome(expandVariables(written.replace(/^\$HOME(?=\/|$)/, '~'), env, unset), home)
    if (/^(?:\$(?:PROJECT|TMP)(?:\/|$)|\/|[A-Za-z]:[\\/])/.test(whole))
      return posix.normalize(whole).replace(/(?<=.)\/$/, '')
    return `$PROJECT/${posix.normalize(whole)}`.replace(/\/\.?$/, '')
  }
  return {
    ...entry,
    ...(entry.write && { write: entry.write.map(path) }),
    ...(entry.read_deny && { read_deny: entry.read_deny.map(path) }),
  }
}
