import { join } from 'node:path'
import { type RemoteName, readRemoteName } from '../base/remote-name.ts'
import type { Config, McpServerConfig } from '../config/config.ts'
import { undoDir, worktreesDir } from '../config/dirs.ts'
import { secretsIn } from '../config/environment.ts'
import { ownFiles } from '../config/own-files.ts'
import { realProject } from '../conventions/places.ts'
import type { SessionCreated } from '../event.ts'
import type { Rule } from '../tools/permission/policy.ts'
import { createRendering, filesOf, type Rendering } from './archive.ts'
import { acquireLock } from './lock.ts'
import type { Log } from './log.ts'
import { createRedactor, type Redactor, withOwn } from './redact.ts'
import type { Runtime } from './runtime.ts'
import { availableFor } from './sandbox.ts'
import type { Session } from './session.ts'
import type { OnRemote, SessionContext } from './session-context.ts'
import { createTitle } from './title.ts'

/** What a client brings to its session: nothing of it is in the log. */
export type Joined = { mcp_servers: readonly McpServerConfig[]; allowed_directories: readonly string[] }
export const NOTHING: Joined = { mcp_servers: [], allowed_directories: [] }
/** A live session, and what its end lets go of: `release` gives back the lock of its log. */
export type OpenSession = {
  session: Session
  project: string
  env: Record<string, string>
  joined: Joined
  rendering: Rendering | null
  rules: Rule[]
  release(): void
}

/**
 * Makes a live session of a log, with all that it needs of the backend. `release` gives back the lock of the log, which is taken
 * here where there is none. Throws SESSION_LOCKED, and what the MCP servers of `joined` throw.
 */
export async function openSession(
  log: Log,
  configured: Config,
  { env, joined }: Pick<OpenSession, 'env' | 'joined'>,
  { runtime, redactor, release }: { runtime: Runtime; redactor: Redactor; release?: () => void },
): Promise<OpenSession> {
  const { archive, models, dirs, remembered } = runtime
  const { project_path, session_id } = log.events[0] as SessionCreated & { id: number }
  const allowed = new Set([...configured.allowed_directories, ...joined.allowed_directories])
  const config = { ...configured, allowed_directories: [...allowed] }
  const hasServers = [...config.mcp_servers, ...joined.mcp_servers].some(({ enabled }) => enabled)
  const pool = hasServers ? await runtime.pool() : null
  await models.load()
  const name = readRemoteName(project_path)
  const project = await realProject(project_path)
  const live = { project, env, joined, rules: await remembered.list(project) } as OpenSession
  const own = secretsIn(env)
  const context: SessionContext = {
    config,
    project,
    ...(name && { remote: await onRemote(name, env, runtime) }),
    models,
    pool,
    dirs,
    redactor: own.length === 0 ? redactor : createRedactor(withOwn(runtime.secrets, own)),
    children: runtime.children,
    sandbox: config => availableFor(config, project, runtime),
    env: runtime.childEnv(env),
    forbidden: ownFiles(dirs, config.transcript_path, runtime.config.base.user?.path),
    spill_dir: log.path && filesOf(log.path).spill,
    undo_dir: join(undoDir(dirs.state), session_id),
    languageServers: project =>
      name
        ? Promise.reject(new Error('No server of this machine has its files'))
        : runtime.languageServers(config, project),
    worktrees_dir: worktreesDir(dirs.state),
    projectRules: () => live.rules,
    remember: async (rule, definition) => {
      await remembered.add(project, rule, definition)
      live.rules = await remembered.list(project)
    },
  }
  live.release = release ?? (log.path ? acquireLock(filesOf(log.path).lock) : () => {})
  // Last of what has to be undone: a session that cannot be opened leaves no servers.
  pool?.join(session_id, joined.mcp_servers)
  // The loop, the tools and all that sessions are made of: a server that was only started has loaded none of it.
  live.session = new (await import('./session.ts')).Session(log, context)
  createTitle(live.session, models, runtime.log)
  live.rendering = log.path ? createRendering(live.session, archive, runtime.log) : null
  return live
}

/** What a session on another machine needs; loaded for the first one. */
async function onRemote(name: RemoteName, env: Record<string, string>, { config }: Runtime): Promise<OnRemote> {
  const [{ createRemote }, { editorThere }, { limitsThere, undoThere }] = await Promise.all([
    import('../tools/host/remote/remote.ts'),
    import('../tools/editor/there.ts'),
    import('./remote-project.ts'),
  ])
  const { mcp_servers, format, sandbox } = config.config
  return {
    name,
    env,
    connect: (roots, editor) => createRemote(name, roots, editor),
    editor: editor => editorThere(editor, name),
    undo: session => undoThere(session, name),
    limits: limitsThere(name, {
      servers: mcp_servers.filter(({ enabled, url }) => enabled && !url).map(server => server.name),
      formats: format.length > 0,
      sandboxed: sandbox.mode !== 'off',
    }),
  }
}
