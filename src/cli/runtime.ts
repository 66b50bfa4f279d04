import { realpath } from 'node:fs/promises'
import { namesTaken } from '../agent/agents.ts'
import { createChildren } from '../base/children.ts'
import { readRemoteName } from '../base/remote-name.ts'
import type { Config, Dirs } from '../config/config.ts'
import { childrenDir, undoDir } from '../config/dirs.ts'
import { childEnv, maskedOf, secretsOf } from '../config/environment.ts'
import { type LoadedConfig, projectConfig } from '../config/load.ts'
import { ownFiles } from '../config/own-files.ts'
import { type ConfigProblem, leftOut, problemLine } from '../config/problem.ts'
import { createModels } from '../llm/models/models.ts'
import type { Stream } from '../llm/provider.ts'
import type { Pool } from '../mcp/pool.ts'
import { createArchive } from '../session/archive.ts'
import { createRedactor } from '../session/redact.ts'
import type { Runtime } from '../session/runtime.ts'
import { isolationHere } from './isolation.ts'
import { createLanguageServers } from './language-servers.ts'

/** Wires what sessions need, from what the process was given. Heavy parts are imported when they are first used. */
export function createRuntime(given: {
  env: Readonly<Record<string, string | undefined>>
  dirs: Dirs
  loaded: LoadedConfig
  log: Runtime['log']
  version: string
  sweeper?: readonly string[]
  sandbox?: readonly string[]
  secrets(): string[]
}): Runtime & { close(): Promise<void> } {
  const { env, dirs, loaded, log } = given
  const children = createChildren(childrenDir(dirs.state), given.sweeper)
  const models = createModels({ config: loaded.config, env, guide, state: dirs.state })
  const remembered = async () =>
    (await import('../tools/permission/remembered.ts')).createRemembered(dirs.state, message => log('warn', message))
  const languageServers = createLanguageServers({
    children,
    env: () => envOf(),
    log: message => log('debug', redactor.value(message)),
  })
  let pool: Promise<Pool> | null = null
  let poolSecrets = (): string[] => []
  /** As they were given the last time: the same array while they are the same. */
  let secrets: readonly string[] = []

  const said = new Set<string>()
  const logOnce = (notice: string) => {
    if (!said.has(notice)) log('warn', notice)
    said.add(notice)
  }
  for (const notice of [...loaded.notices, ...loaded.problems.map(leftOut)]) logOnce(notice)
  /** By real path. The pool asks synchronously; its configuration is read before a project is opened. */
  const configs = new Map<string, Config>()
  const projectSecrets = new Set(secretsOf(loaded.config))
  const masked = new Set(maskedOf(loaded.config))
  const projectProblems = new Map<string, ConfigProblem[]>()

  /** The configuration with the agents that are files; those that it has itself come first. */
  const withAgents = async (config: Config, project: string | undefined) => {
    const [{ agentProblems, findAgentFiles }, { placeOf }] = await Promise.all([
      import('../conventions/agent-files.ts'),
      import('../conventions/places.ts'),
    ])
    const place = await placeOf(project ?? dirs.config, dirs)
    const listing = await findAgentFiles(place, namesTaken(config))
    const files = listing.entries.filter(({ problem }) => problem === undefined)
    const agents = { ...Object.fromEntries(files.map(({ name, entry }) => [name, entry])), ...config.agents }
    return { config: { ...config, agents }, problems: agentProblems(listing) }
  }
  const projectConfigOf = async (project: string | undefined): Promise<Config> => {
    if (project === undefined) return (await withAgents(loaded.config, undefined)).config
    if (readRemoteName(project)) return remoteConfigOf(project)
    const own = await projectConfig(loaded, project)
    const { notices } = own
    const { config, problems: ofAgents } = await withAgents(own.config, project)
    const problems = [...own.problems, ...ofAgents]
    for (const notice of [...notices, ...problems.map(leftOut)]) logOnce(notice)
    for (const secret of secretsOf(config)) projectSecrets.add(secret)
    for (const secret of maskedOf(config)) masked.add(secret)
    const real = await realpath(project).catch(() => project)
    configs.set(real, config)
    projectProblems.set(real, problems)
    return config
  }
  /** Of a project on another machine the user's: servers that are programs of this one have none of its files. */
  const remoteConfigOf = async (project: string): Promise<Config> => {
    const { config } = await withAgents(loaded.config, undefined)
    const remote = { ...config, mcp_servers: config.mcp_servers.filter(({ url }) => url), format: [], lsp: {} }
    configs.set(project, remote)
    return remote
  }
  const envOf = (extra: Record<string, string> = {}) =>
    childEnv(env, { secrets: [...models.secrets(), ...projectSecrets], extra })

  const allSecrets = (): readonly string[] => {
    const now = [...given.secrets(), ...models.secrets(), ...masked, ...poolSecrets()]
    const isSame = now.length === secrets.length && now.every((secret, i) => secret === secrets[i])
    if (!isSame) secrets = now
    return secrets
  }
  const redactor = createRedactor(allSecrets)

  const sandboxed = isolationHere({ children, env: envOf, dirs, self: given.sandbox ?? [] })

  return {
    dirs,
    config: loaded,
    models,
    archive: createArchive(loaded.config.transcript_path, log, undoDir(dirs.state)),
    projectConfig: projectConfigOf,
    problems: () => distinct([...loaded.problems, ...[...projectProblems.values()].flat()]),
    children,
    childEnv: envOf,
    sandbox: sandboxed,
    languageServers: languageServers.of,
    async pool() {
      pool ??= import('../mcp/pool.ts').then(({ createPool }) => {
        const created = createPool({
          servers: project => (project === null ? loaded.config : configs.get(project))?.mcp_servers ?? [],
          isolation: project => ({
            config: (project === null ? undefined : configs.get(project)) ?? loaded.config,
            home: dirs.home,
            forbidden: ownFiles(dirs, loaded.config.transcript_path, loaded.base.user?.path),
            available: sandboxed,
          }),
          dirs,
          children,
          env: () => envOf(),
          log: message => log('warn', redactor.value(message)),
          version: given.version,
        })
        poolSecrets = created.secrets
        return created
      })
      return pool
    },
    remembered: {
      list: async project => (await remembered()).list(project),
      add: async (...asked) => (await remembered()).add(...asked),
      remove: async rule_id => (await remembered()).remove(rule_id),
    },
    secrets: allSecrets,
    log,
    async close() {
      await Promise.all([(await pool)?.close(), languageServers.close()])
      await children.close()
    },
  }
}

/** Those of the user's file come again with each project. */
const distinct = (problems: ConfigProblem[]): ConfigProblem[] => [
  ...new Map(problems.map(problem => [problemLine(problem), problem])).values(),
]

/** `offline/guide`, loaded when it is first asked. */
const guide: Stream = async function* (request, signal) {
  const { streamOffline } = await import('../guide/guide.ts')
  return yield* streamOffline(request, signal)
}
