import type { Children } from '../children.ts'
import type { Config } from '../config/config.ts'
import type { Models } from '../llm/models/models.ts'
import type { Pool } from '../mcp/pool.ts'
import type { Rule } from '../tools/permission/policy.ts'
import type { Redactor } from './redact.ts'

/** What a session gets from outside. Made once per session by the store; nothing in a session is global. */
export type Surroundings = {
  /** In force for the session's project. */
  config: Config
  models: Models
  pool: Pool | null
  redactor: Redactor
  home: string
  children: Children
  /** Environment of the session's children, stripped of secrets. */
  env: Record<string, string>
  /** Real paths that no tool may touch: our configuration, state, tokens and transcripts. */
  forbidden: string[]
  /** Where long results are kept; null when the session leaves nothing behind. */
  spill_dir: string | null
  projectRules(): Rule[]
  /** Remembers a rule for the project. */
  remember(rule: string): Promise<void>
}
