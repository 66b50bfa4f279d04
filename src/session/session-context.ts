import type { Children } from '../base/children.ts'
import type { Config, Dirs } from '../config/config.ts'
import type { SandboxConfig } from '../config/sandbox.ts'
import type { Definition } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import type { ProjectServers } from '../lsp/project.ts'
import type { Pool } from '../mcp/pool.ts'
import type { Rule } from '../tools/permission/policy.ts'
import type { Availability } from '../tools/sandbox/sandbox.ts'
import type { Redactor } from './redact.ts'

/** What a session gets from outside. Made once per session by the store; nothing in a session is global. */
export type SessionContext = {
  /** In force for the session's project. */
  config: Config
  models: Models
  pool: Pool | null
  redactor: Redactor
  dirs: Pick<Dirs, 'config' | 'home'>
  children: Children
  /** What isolates commands, or why nothing can. */
  sandbox(config: SandboxConfig): Promise<Availability>
  /** Environment of the session's children, stripped of secrets. */
  env: Record<string, string>
  /** Real paths that no tool may touch: our configuration, state, tokens and transcripts. */
  forbidden: string[]
  /** Where long results are kept; null when the session leaves nothing behind. */
  spill_dir: string | null
  /** Where what its calls change is kept. */
  undo_dir: string
  /** Those of a project, by its real path. Starts none. */
  languageServers(project: string): Promise<ProjectServers>
  /** Where agents that are isolated get copies of the project. */
  worktrees_dir: string
  projectRules(): Rule[]
  /** Remembers a rule for the project, bound to what a server says of the tool. */
  remember(rule: string, definition?: Definition): Promise<void>
}
