import { rm } from 'node:fs/promises'
import { findAgent } from '../agent/agents.ts'
import { AppError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import type { SessionCreated, Stored } from '../event.ts'
import { filesOf } from './archive.ts'
import { type CreateRequest, creation } from './creation.ts'
import { type ForkRequest, forkLog } from './fork.ts'
import { createSummaries } from './index.ts'
import { acquireLock } from './lock.ts'
import { createLog, type Log, memoryLog, openLog } from './log.ts'
import { checkMode } from './mode.ts'
import { type Joined, NOTHING, type OpenSession, openSession } from './opening.ts'
import { createRedactor, type Redactor } from './redact.ts'
import { lastPrompt } from './rewind.ts'
import type { Runtime } from './runtime.ts'
import type { Session, Settings } from './session.ts'
import type { Dropped, PromptRequest } from './turns.ts'
import { type SessionSummary, type SessionView, viewOf } from './view.ts'

type Resumed = { session: Session; dropped: Dropped[] }

/** All live sessions: opens, resumes and closes them, and serves subscribers of all of them. */
export class Store {
  readonly #runtime: Runtime
  readonly #redactor: Redactor
  readonly #sessions = new Map<string, OpenSession>()
  readonly #opening = new Map<string, Promise<Resumed>>()
  readonly #ending = new Map<string, Promise<string | null>>()
  readonly #summaries = createSummaries(() => this.sessions)
  /** What was said of the names that models were asked for by. */
  readonly #notices = new WeakMap<Session, string>()
  readonly #observe: (event: Stored) => void
  #stopping = false

  /** `observe` is called for every stored event of every session. */
  constructor(runtime: Runtime, observe: (event: Stored) => void) {
    this.#runtime = runtime
    this.#redactor = createRedactor(runtime.secrets)
    this.#observe = observe
  }

  get sessions(): Session[] {
    return [...this.#sessions.values()].map(live => live.session)
  }

  has(id: string): boolean {
    return this.#sessions.has(id)
  }

  /** Throws SESSION_NOT_FOUND that says whether resuming would help. */
  async get(id: string): Promise<Session> {
    return (this.#sessions.get(id) ?? (await this.#missing(id))).session
  }

  async #missing(id: string): Promise<never> {
    const path = await this.#runtime.archive.find(id)
    throw new AppError(
      'SESSION_NOT_FOUND',
      path
        ? 'This session is not live. POST …/resume brings it back from its log.'
        : 'There is no such session, live or saved.',
      { resumable: path !== null },
    )
  }

  /** Throws INVALID_REQUEST for a project that is no directory, an unknown agent or provider. */
  async create(request: CreateRequest, joined = NOTHING): Promise<Session> {
    this.#refuseStopping()
    const { created, config, notice } = await creation(request, this.#runtime)
    const path = created.config.save_transcript ? await this.#runtime.archive.place(created) : null
    const log = path ? await createLog(path) : memoryLog()
    try {
      log.append(created)
      const { mode } = created.config
      if (mode && mode !== 'ask') log.append({ type: 'session.mode', mode, by: 'user' })
      await log.sync()
      const session = await this.#open(log, config, { env: request.env ?? {}, joined })
      this.#tell(session, notice)
      session.created()
      return session
    } catch (error) {
      log.close()
      // Nothing was promised yet: no damaged log stays behind.
      if (path) for (const file of [path, filesOf(path).lock]) await rm(file, { force: true })
      throw error
    }
  }

  /**
   * A new session that begins with what came before in this one, and has what that one was joined with unless `joined` is
   * given. Throws SESSION_BUSY, NOT_FOUND, TRANSCRIPT_ERROR.
   */
  async fork(id: string, request: ForkRequest, joined?: Joined): Promise<Session> {
    this.#refuseStopping()
    const { session, env, joined: own } = this.#sessions.get(id) ?? (await this.#missing(id))
    return session.turns.alone(async () => {
      const { log, release, discard } = await forkLog(session, request, this.#runtime.archive)
      return this.#open(log, session.config, { env, joined: joined ?? own }, release).catch(async error => {
        log.close()
        await discard()
        throw error
      })
    })
  }

  /** Brings a session back from its log; on a live one nothing happens. Throws SESSION_NOT_FOUND, SESSION_LOCKED, TRANSCRIPT_ERROR. */
  async resume(id: string, joined = NOTHING): Promise<Resumed> {
    this.#refuseStopping()
    await this.#ending.get(id)?.catch(() => {}) // the close reports it; from then on it can be resumed
    const live = this.#sessions.get(id)
    if (live && !live.session.failed) return { session: live.session, dropped: [] }
    if (!this.#opening.has(id))
      this.#opening.set(
        id,
        this.#reopen(id, joined).finally(() => this.#opening.delete(id)),
      )
    return this.#opening.get(id)!
  }

  async #reopen(id: string, joined: Joined) {
    const failed = this.#sessions.get(id)
    if (failed) await this.#suspend(failed)
    const brought = failed ?? { env: {}, joined } // it is in no log, but known as long as we live
    const path = await this.#runtime.archive.find(id)
    if (!path) throw new AppError('SESSION_NOT_FOUND', 'There is no such session, live or saved.', { resumable: false })
    const release = acquireLock(filesOf(path).lock)
    try {
      const { log, bad_lines } = await openLog(path)
      if (bad_lines.length > 0)
        this.#runtime.log(
          'warn',
          `${path}: lines ${bad_lines.join(', ')} are damaged: they were passed over, and stay in the file`,
        )
      const { project_path } = log.events[0] as SessionCreated & { id: number }
      const config = await this.#runtime.projectConfig(project_path)
      const session = await this.#open(log, config, brought, release)
      const dropped = await session.reopen()
      return { session, dropped }
    } catch (error) {
      const opened = this.#sessions.get(id)
      if (opened) await this.#suspend(opened)
      else release()
      throw error
    }
  }

  async #open(
    log: Log,
    config: Config,
    brought: Pick<OpenSession, 'env' | 'joined'>,
    release?: () => void,
  ): Promise<Session> {
    const live = await openSession(log, config, brought, { runtime: this.#runtime, redactor: this.#redactor, release })
    this.#sessions.set(live.session.id, live)
    live.session.subscribe(event => {
      if ('id' in event) this.#observe(event)
    })
    this.#summaries.follow(live.session)
    return live.session
  }

  /** Ends a session, once. Resolves with the path of its .org, written by then; null when it is not saved. */
  async close(id: string): Promise<string | null> {
    const live = this.#sessions.get(id) ?? (await this.#missing(id))
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
      this.#sessions.delete(session.id)
      live.release()
      this.#summaries.closed(session)
    }
  }

  /** Interrupts everything, syncs and lets go of all sessions; they can be resumed. */
  async shutdown(): Promise<void> {
    this.#stopping = true
    await Promise.allSettled([...this.#sessions].map(([id, live]) => this.#ending.get(id) ?? this.#suspend(live)))
  }

  async #suspend(live: OpenSession) {
    try {
      await live.session.suspend()
      // What cannot be rendered now can be made again from the log.
      await live.rendering?.finish().catch((error: Error) => this.#runtime.log('warn', error.message))
    } finally {
      this.#sessions.delete(live.session.id)
      live.release()
    }
  }

  /** Applies settings; a model is resolved first, so that answers always carry `provider/model`. */
  async update(id: string, settings: Settings): Promise<Session> {
    const session = await this.get(id)
    await checkMode(settings.config?.mode, () => session.sandbox())
    const wanted = settings.model ?? (settings.agent && findAgent(session.config, settings.agent).model)
    const model = wanted ? await this.#runtime.models.resolve(wanted) : undefined
    await session.update({ ...settings, ...(model && { model: model.id }) })
    if (model) this.#tell(session, model.notice)
    return session
  }

  #tell(session: Session, notice: string | undefined) {
    this.#notices.delete(session)
    if (!notice) return
    this.#notices.set(session, notice)
    this.#runtime.log('warn', notice)
  }

  async prompt(id: string, request: PromptRequest) {
    this.#refuseStopping()
    return (await this.get(id)).turns.prompt(request)
  }

  /** Sends the last prompt again, from now on to `model` when one is given. */
  async retry(id: string, model: string | undefined) {
    this.#refuseStopping()
    const { turns, counting } = await this.get(id)
    turns.refuseBusy()
    lastPrompt(counting)
    if (model) await this.update(id, { model })
    return turns.retry()
  }

  /** After a remembered rule was deleted. */
  async reloadRules(): Promise<void> {
    for (const live of this.#sessions.values()) live.rules = await this.#runtime.remembered.list(live.project)
  }

  view(session: Session): SessionView {
    const info = this.#runtime.models.info(session.state.model)
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
