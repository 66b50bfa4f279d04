import { realpath } from 'node:fs/promises'
import type { Config, Dirs, LogLevel } from '../config/config.ts'
import { childEnv, secretsOf } from '../config/environment.ts'
import { type LoadedConfig, type LoadOptions, loadConfig, projectConfig } from '../config/load.ts'
import { type ConfigProblem, leftOut, problemLine } from '../config/problem.ts'
import { createModels } from '../llm/models/models.ts'
import type { Pool } from '../mcp/pool.ts'
import { createArchive } from '../session/archive.ts'
import type { World } from '../session/world.ts'

/** The configuration as every command loads it; what checks permission rules is loaded only when there is a file. */
export const configure = (options: Omit<LoadOptions, 'validateRule'>): Promise<LoadedConfig> =>
  loadConfig({ ...options, validateRule: async () => (await import('../tools/permission/rule.ts')).validateRule })

const LEVELS: LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Lines on stderr, for whoever started us; control characters are shown, not obeyed. */
export const createLogger =
  (level: LogLevel, write: (text: string) => void): World['log'] =>
  (severity, message) => {
    if (LEVELS.indexOf(severity) >= LEVELS.indexOf(level))
      write(`${new Date().toISOString()} ${severity} ${escaped(message)}\n`)
  }

const escaped = (text: string) =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** Wires what sessions need, from what the process was given. Heavy parts are imported when they are first used. */
export function createWorld(given: {
  env: Readonly<Record<string, string | undefined>>
  dirs: Dirs
  loaded: LoadedConfig
  log: World['log']
  version: string
  secrets(): string[]
}): World & { close(): Promise<void> } {
  const { env, dirs, loaded, log } = given
  const models = createModels({ config: loaded.config, env })
  const remembered = async () =>
    (await import('../tools/permission/remembered.ts')).createRemembered(dirs.state, message => log('warn', message))
  let pool: Promise<Pool> | null = null
  let poolSecrets = (): string[] => []

  const said = new Set<string>()
  const logOnce = (notice: string) => {
    if (!said.has(notice)) log('warn', notice)
    said.add(notice)
  }
  for (const notice of [...loaded.notices, ...loaded.problems.map(leftOut)]) logOnce(notice)
  /** By real path. The pool asks synchronously; whoever opens a project has had its configuration read before. */
  const servers = new Map<string, Config['mcp_servers']>()
  const projectSecrets = new Set(secretsOf(loaded.config))
  const projectProblems = new Map<string, ConfigProblem[]>()

  const projectConfigOf = async (project: string): Promise<Config> => {
    const { config, notices, problems } = await projectConfig(loaded, project)
    for (const notice of [...notices, ...problems.map(leftOut)]) logOnce(notice)
    for (const secret of secretsOf(config)) projectSecrets.add(secret)
    const real = await realpath(project).catch(() => project)
    servers.set(real, config.mcp_servers)
    projectProblems.set(real, problems)
    return config
  }
  const children = (extra: Record<string, string> = {}) =>
    childEnv(env, { secrets: [...models.secrets(), ...projectSecrets], extra })

  return {
    dirs,
    config: loaded,
    models,
    archive: createArchive(loaded.config.transcript_path, log),
    projectConfig: projectConfigOf,
    problems: () => distinct([...loaded.problems, ...[...projectProblems.values()].flat()]),
    childEnv: children,
    async pool() {
      pool ??= import('../mcp/pool.ts').then(({ createPool }) => {
        const created = createPool({
          servers: project => (project === null ? loaded.config.mcp_servers : (servers.get(project) ?? [])),
          dirs,
          env: () => children(),
          log: message => log('warn', message),
          version: given.version,
        })
        poolSecrets = created.secrets
        return created
      })
      return pool
    },
    remembered: {
      list: async project => (await remembered()).list(project),
      add: async (project, rule) => (await remembered()).add(project, rule),
      remove: async rule_id => (await remembered()).remove(rule_id),
    },
    secrets: () => [...given.secrets(), ...models.secrets(), ...projectSecrets, ...poolSecrets()],
    log,
    async close() {
      await (await pool)?.close()
    },
  }
}

/** Those of the user's file come again with each project. */
const distinct = (problems: ConfigProblem[]): ConfigProblem[] => [
  ...new Map(problems.map(problem => [problemLine(problem), problem])).values(),
]
