import { realpath, rm, stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { findAgent } from '../agent/agents.ts'
import { AppError } from '../base/errors.ts'
import { newSessionId } from '../base/ids.ts'
import type { Config } from '../config/config.ts'
import type { SessionConfig, SessionCreated, Stored } from '../event.ts'
import type { Rule } from '../tools/permission/policy.ts'
import { createRendering, filesOf, type Rendering } from './archive.ts'
import { createSummaries } from './index.ts'
import { acquireLock } from './lock.ts'
import { createLog, type Log, memoryLog, openLog } from './log.ts'
import type { SessionContext } from './prepare.ts'
import { createRedactor } from './redact.ts'
import { lastPrompt } from './rewind.ts'
import type { Runtime } from './runtime.ts'
import type { Session, Settings } from './session.ts'
import type { Dropped, PromptRequest } from './turns.ts'
import { type SessionSummary, type SessionView, viewOf } from './view.ts'

export type CreateRequest = {
  project_path: string
  model?: string
  agent?: string
  title?: string
  env?: Record<string, string>
  config?: Partial<SessionConfig>
}

type Resumed = { session: Session; dropped: Dropped[] }
type OpenSession = {
  session: Session
  project: string
  env: Record<string, string>
  rendering: Rendering | null
  rules: Rule[]
  release(): void
}

/** All live sessions: opens, resumes and closes them, and tells whoever watches all of them. */
export class Store {
  readonly #world: Runtime
  readonly #live = new Map<string, OpenSession>()
  readonly #opening = new Map<string, Promise<Resumed>>()
  readonly #ending = new Map<string, Promise<string | null>>()
  readonly #summaries = createSummaries(() => this.sessions)
  /** What was said of the names that models were asked for by. */
  readonly #notices = new WeakMap<Session, string>()
  readonly #observe: (event: Stored) => void
  #stopping = false

  /** `observe` hears every stored event of every session. */
  constructor(world: Runtime, observe: (event: Stored) => void) {
    this.#world = world
    this.#observe = observe
  }

  get sessions(): Session[] {
    return [...this.#live.values()].map(live => live.session)
  }

  has(id: string): boolean {
    return this.#live.has(id)
  }

  /** Throws SESSION_NOT_FOUND that says whether resuming would help. */
  async get(id: string): Promise<Session> {
    return (this.#live.get(id) ?? (await this.#missing(id))).session
  }

  async #missing(id: string): Promise<never> {
    const path = await this.#world.archive.find(id)
    throw new AppError(
      'SESSION_NOT_FOUND',
      path
        ? 'This session is not live. POST …/resume brings it back from its log.'
        : 'There is no such session, live or saved.',
      { resumable: path !== null },
    )
  }

  /** Throws INVALID_REQUEST for a project that is no directory, an unknown agent or provider. */
  async create(request: CreateRequest): Promise<Session> {
    this.#refuseStopping()
    const project_path = await checkProject(request.project_path)
    const { models, archive } = this.#world
    const config = await this.#world.projectConfig(project_path)
    const agent = findAgent(config, request.agent ?? config.agent)
    const wanted = request.model ?? agent.model ?? config.model
    const { id: model, notice } = await models.resolve(wanted ?? (await models.best()))
    const created: SessionCreated = {
      type: 'session.created',
      format: 1,
      session_id: newSessionId(),
      project_path,
      title: request.title ?? '',
      model,
      agent: agent.name,
      config: {
        auto_approve_readonly: true,
        auto_approve_tools: [],
        save_transcript: agent.name !== 'ask',
        ...request.config,
      },
    }
    const path = created.config.save_transcript ? await archive.place(created) : null
    const log = path ? await createLog(path) : memoryLog()
    try {
      log.append(created)
      await log.sync()
      const session = await this.#open(log, config, request.env ?? {})
      this.#tell(session, notice)
      return session
    } catch (error) {
      log.close()
      // Nothing was promised yet: no damaged log stays behind.
      if (path) for (const file of [path, filesOf(path).lock]) await rm(file, { force: true })
      throw error
    }
  }

  /** Brings a session back from its log; on a live one nothing happens. Throws SESSION_NOT_FOUND, SESSION_LOCKED, TRANSCRIPT_ERROR. */
  async resume(id: string): Promise<Resumed> {
    this.#refuseStopping()
    await this.#ending.get(id)?.catch(() => {}) // whoever closes it is told; from then on it can be resumed
    const live = this.#live.get(id)
    if (live && !live.session.failed) return { session: live.session, dropped: [] }
    if (!this.#opening.has(id))
      this.#opening.set(
        id,
        this.#reopen(id).finally(() => this.#opening.delete(id)),
      )
    return this.#opening.get(id)!
  }

  async #reopen(id: string) {
    const failed = this.#live.get(id)
    if (failed) await this.#suspend(failed)
    const env = failed?.env ?? {} // it is in no log, but known as long as we live
    const path = await this.#world.archive.find(id)
    if (!path) throw new AppError('SESSION_NOT_FOUND', 'There is no such session, live or saved.', { resumable: false })
    const release = acquireLock(filesOf(path).lock)
    try {
      const { log, bad_lines } = await openLog(path)
      if (bad_lines.length > 0)
        this.#world.log(
          'warn',
          `${path}: lines ${bad_lines.join(', ')} are damaged: they were passed over, and stay in the file`,
        )
      const { project_path } = log.events[0] as SessionCreated & { id: number }
      const config = await this.#world.projectConfig(project_path)
      const session = await this.#open(log, config, env, release)
      const dropped = await session.reopen()
      return { session, dropped }
    } catch (error) {
      const opened = this.#live.get(id)
      if (opened) await this.#suspend(opened)
      else release()
      throw error
    }
  }

  async #open(log: Log, config: Config, env: Record<string, string>, release?: () => void): Promise<Session> {
    const { archive, models, dirs, remembered } = this.#world
    const { project_path } = log.events[0] as SessionCreated & { id: number }
    const project = await realpath(project_path).catch(() => project_path)
    const live = { project, env, rules: await remembered.list(project) } as OpenSession
    const around: SessionContext = {
      config,
      models,
      pool: config.mcp_servers.some(server => server.enabled) ? await this.#world.pool() : null,
      dirs,
      redactor: createRedactor(this.#world.secrets),
      children: this.#world.children,
      env: this.#world.childEnv(env),
      forbidden: [dirs.config, dirs.state, resolve(config.transcript_path)],
      spill_dir: log.path && filesOf(log.path).spill,
      projectRules: () => live.rules,
      remember: async rule => {
        await remembered.add(project, rule)
        live.rules = await remembered.list(project)
      },
    }
    live.release = release ?? (log.path ? acquireLock(filesOf(log.path).lock) : () => {})
    // The loop, the tools and all that sessions are made of: a server that was only started has loaded none of it.
    live.session = new (await import('./session.ts')).Session(log, around)
    live.rendering = log.path ? createRendering(live.session, archive, this.#world.log) : null
    this.#live.set(live.session.id, live)
    live.session.subscribe(event => {
      if ('id' in event) this.#observe(event)
    })
    this.#summaries.follow(live.session)
    return live.session
  }

  /** Ends a session, once. Resolves with the path of its .org, written by then; null when it is not saved. */
  async close(id: string): Promise<string | null> {
    const live = this.#live.get(id) ?? (await this.#missing(id))
    if (!this.#ending.has(id))
      this.#ending.set(
        id,
        this.#close(live).finally(() => this.#ending.delete(id)),
      )
    return this.#ending.get(id)!
  }

  async #close(live: OpenSession): Promise<string | null> {
    const { session } = live
    const transcript_path = session.log.path && filesOf(session.log.path).org
    try {
      await session.close(transcript_path)
      await live.rendering?.finish()
      return transcript_path
    } finally {
      this.#live.delete(session.id)
      live.release()
      this.#summaries.closed(session)
    }
  }

  /** Interrupts everything, syncs and lets go of all sessions; they can be resumed. */
  async shutdown(): Promise<void> {
    this.#stopping = true
    await Promise.allSettled([...this.#live].map(([id, live]) => this.#ending.get(id) ?? this.#suspend(live)))
  }

  async #suspend(live: OpenSession) {
    try {
      await live.session.suspend()
      // What cannot be rendered now can be made again from the log.
      await live.rendering?.finish().catch((error: Error) => this.#world.log('warn', error.message))
    } finally {
      this.#live.delete(live.session.id)
      live.release()
    }
  }

  /** Applies settings; a model is resolved first, so that answers always carry `provider/model`. */
  async update(id: string, settings: Settings): Promise<Session> {
    const session = await this.get(id)
    const wanted = settings.model ?? (settings.agent && findAgent(session.config, settings.agent).model)
    const model = wanted ? await this.#world.models.resolve(wanted) : undefined
    await session.update({ ...settings, ...(model && { model: model.id }) })
    if (model) this.#tell(session, model.notice)
    return session
  }

  #tell(session: Session, notice: string | undefined) {
    this.#notices.delete(session)
    if (!notice) return
    this.#notices.set(session, notice)
    this.#world.log('warn', notice)
  }

  async prompt(id: string, request: PromptRequest) {
    this.#refuseStopping()
    return (await this.get(id)).queue.prompt(request)
  }

  /** Sends the last prompt again, from now on to `model` when one is given. */
  async retry(id: string, model: string | undefined) {
    this.#refuseStopping()
    const { queue, counting } = await this.get(id)
    queue.refuseBusy()
    lastPrompt(counting)
    if (model) await this.update(id, { model })
    return queue.retry()
  }

  /** After a remembered rule was deleted. */
  async reloadRules(): Promise<void> {
    for (const live of this.#live.values()) live.rules = await this.#world.remembered.list(live.project)
  }

  view(session: Session): SessionView {
    const info = this.#world.models.info(session.state.model)
    return viewOf(session, { ...info, notice: this.#notices.get(session) ?? info.notice })
  }

  /** All live sessions' summaries, then each change. Returns how to stop. */
  watch(listener: (summary: SessionSummary) => void): () => void {
    return this.#summaries.watch(listener)
  }

  #refuseStopping() {
    if (this.#stopping)
      throw new AppError('SHUTTING_DOWN', 'The backend is shutting down. Start it again, then resume the session.')
  }
}

async function checkProject(path: string): Promise<string> {
  if (!isAbsolute(path)) throw new AppError('INVALID_REQUEST', 'project_path: must be an absolute path.')
  const info = await stat(path).catch(() => null)
  if (!info) throw new AppError('INVALID_REQUEST', 'project_path: there is no such directory.')
  if (!info.isDirectory()) throw new AppError('INVALID_REQUEST', 'project_path: this is a file; a directory is needed.')
  return resolve(path)
}
