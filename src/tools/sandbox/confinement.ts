import { lstat, realpath } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { placed, type SandboxConfig } from '../../config/sandbox.ts'
import { closedFor, type Place } from './closed.ts'
import { inodeOf } from './confine.ts'
import { createProxy } from './proxy.ts'
import { proxyEnv } from './proxy-env.ts'
import type { Availability, Bounds, Isolation, Launcher } from './sandbox.ts'
import { LEADING_OUT } from './secrets.ts'
import { createTemporary } from './temporary.ts'

/** What isolates the commands of one session, or of one server, with what they share: a temporary directory, and a proxy. */
export type Confinement = {
  /** For these settings: what would isolate a command, or why nothing does. */
  look(config: SandboxConfig): Promise<Look>
  /** The command as it has to be started to run isolated. */
  confine(command: readonly string[], given: Given): Promise<{ command: string[]; env: Record<string, string> }>
  close(): Promise<void>
}

export type Look = { isolation: Isolation } | { isolation: null; reason: string }

type Given = {
  config: SandboxConfig
  roots: Place['roots']
  cwd: string
  env: Record<string, string>
  hidden: Place['hidden']
  /** Further files that it needs although they may lie where everything is hidden. */
  visible?: readonly string[]
}

export function createConfinement(options: {
  home: string
  /** Whether this machine can, tried on first use. */
  available(config: SandboxConfig): Promise<Availability>
}): Confinement {
  const { home, available } = options
  const temporary = createTemporary()
  /** By what they let out to: agents of a session may differ. */
  const proxies = new Map<string, ReturnType<typeof createProxy>>()

  async function proxyFor(
    hosts: readonly string[],
    { hosts: kind }: Launcher,
  ): Promise<Exclude<Bounds['network'], string>> {
    const key = hosts.join('\n')
    const place = kind === 'port' ? null : join(await temporary.path(), `.proxy-${proxies.size}`)
    const proxy = proxies.get(key) ?? createProxy(hosts, place)
    proxies.set(key, proxy)
    const direct = LOOPBACK.filter(name => !hosts.includes(name)).join(',')
    return { proxy: (await proxy).address, direct }
  }

  /** Landlock cannot close a file: one that was renamed since an earlier call is recognized by its inode, and not opened. */
  const seen = new Set<string>()
  async function inodesOf(paths: readonly string[]): Promise<string[]> {
    const found = await Promise.all(paths.map(path => lstat(path).catch(() => null)))
    for (const one of found) if (one) seen.add(inodeOf(one))
    return [...seen]
  }

  return {
    async look(config) {
      const found = await available(config)
      if (!found.launcher) return { isolation: null, reason: found.reason }
      return { isolation: { by: found.launcher.by, network: config.network, write: config.write } }
    },
    async confine(command, { config, roots, cwd, env, hidden, visible = [] }) {
      const found = await available(config)
      if (!found.launcher) throw new AppError('PERMISSION_DENIED', found.reason)
      const { launcher } = found
      const own = await temporary.path()
      const { closed, fixed } = await closedFor(config, { roots, home, hidden })
      const programs = (env.PATH ?? '').split(delimiter).filter(isAbsolute)
      const network = Array.isArray(config.network) ? await proxyFor(config.network, launcher) : config.network
      const bounds: Bounds = {
        writable: await existing(config.write.map(path => placed(path, { PROJECT: roots.project, TMP: own }))),
        closed,
        inodes: launcher.by === 'landlock' ? await inodesOf(closed) : [],
        fixed,
        visible: await existing([home, ...roots.allowed, ...programs, ...visible]),
        project: roots.project,
        cwd,
        temporary: own,
        network,
      }
      return {
        command: await launcher.wrap(command, bounds),
        env: {
          ...within(env, launcher.temporary(bounds)),
          ...(typeof network === 'object' &&
            typeof network.proxy === 'number' &&
            proxyEnv(network.proxy, network.direct)),
        },
      }
    },
    async close() {
      await Promise.all([...proxies.values()].map(async proxy => (await proxy.catch(() => null))?.close()))
      await temporary.remove()
    },
  }
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/** Real paths of those that exist: what does not cannot be opened before it is made, by somebody outside. */
async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(path => realpath(path).catch(() => null)))
  return [...new Set(found.filter(path => path !== null))]
}

function within(env: Record<string, string>, temporary: string): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !LEADING_OUT.includes(name))
  return { ...Object.fromEntries(kept), TMPDIR: temporary, TMP: temporary, TEMP: temporary }
}
