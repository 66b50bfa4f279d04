import type { Children } from '../base/children.ts'
import type { RemoteName } from '../base/remote-name.ts'
import type { Config, Dirs } from '../config/config.ts'
import type { SandboxConfig } from '../config/sandbox.ts'
import type { Definition, Storable } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import type { ProjectServers } from '../lsp/project.ts'
import type { Pool } from '../mcp/pool.ts'
import type { Editor } from '../tools/editor/editor.ts'
import type { Remote } from '../tools/host/remote/remote.ts'
import type { Rule } from '../tools/permission/policy.ts'
import type { Availability } from '../tools/sandbox/sandbox.ts'
import type { Roots } from '../tools/tool.ts'
import type { Redactor } from './redact.ts'
import type { Session } from './session.ts'
import type { SessionUndo } from './undo.ts'

/** The other machine of a project, for the session that works there. */
export type OnRemote = {
  name: RemoteName
  /** The environment that the client gave for the session's children: of this machine's, nothing counts there. */
  env: Record<string, string>
  connect(roots: Roots, editor: () => Editor | undefined): Remote
  editor(editor: Editor): Editor
  undo(session: Session): SessionUndo
  /** What cannot work there, for the person. */
  limits: Storable
}

/** What a session gets from outside. Made once per session by the store; nothing in a session is global. */
export type SessionContext = {
  /** In force for the session's project. */
  config: Config
  /** By its real path; one on another machine by its whole name. */
  project: string
  /** Of a project on another machine. */
  remote?: OnRemote
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
