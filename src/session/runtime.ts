import type { Children } from '../base/children.ts'
import type { Config, Dirs } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ConfigProblem } from '../config/problem.ts'
import type { SandboxConfig } from '../config/sandbox.ts'
import type { Definition } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import type { ProjectServers } from '../lsp/project.ts'
import type { Pool } from '../mcp/pool.ts'
import type { Rule } from '../tools/permission/policy.ts'
import type { Availability } from '../tools/sandbox/sandbox.ts'
import type { Archive } from './archive.ts'

/** What the store needs of the process: read once in `main`, passed down from there. */
export type Runtime = {
  dirs: Dirs
  config: LoadedConfig
  models: Models
  archive: Archive
  /**
   * The configuration in force for a project, with the agents that are files: its own file counts only when its owner trusts it.
   * Without a project, the user's.
   */
  projectConfig(project_path: string | undefined): Promise<Config>
  children: Children
  /** Entries that were left out, of the user's file and of those of the projects opened so far. */
  problems(): ConfigProblem[]
  /** Environment for children: stripped of our secrets, with what the session adds. */
  childEnv(extra: Record<string, string>): Record<string, string>
  /** What isolates the commands of a session with this configuration, or why nothing can. Tried on first use. */
  sandbox(config: SandboxConfig, project: string): Promise<Availability>
  /** The language servers of a project, by its real path, with its configuration. Starts none. */
  languageServers(config: Config, project: string): Promise<ProjectServers>
  pool(): Promise<Pool | null>
  /** Rules that a person asked to remember, per project; of all projects without one. */
  remembered: {
    list(project?: string): Promise<Rule[]>
    add(project: string, rule: string, definition?: Definition): Promise<unknown>
    remove(rule_id: string): Promise<boolean>
  }
  /** What must never reach an event: keys, tokens. Asked each time; the same array while they are the same. */
  secrets(): readonly string[]
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void
}
