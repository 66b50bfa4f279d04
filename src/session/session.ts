import { findAgent } from '../agent/agents.ts'
import { AppError } from '../base/errors.ts'
import type { Definition, Event, SessionConfig, Storable, Stored, Transient } from '../event.ts'
import { type Approvals, createApprovals } from './approvals.ts'
import { createEditor, type SessionEditor } from './editor.ts'
import type { Log } from './log.ts'
import { canHave } from './mode.ts'
import { createPreparation, type Preparation } from './prepare.ts'
import { createQuestions, type Questions } from './questions.ts'
import type { SessionContext } from './session-context.ts'
import { apply, createState, type SessionState } from './state.ts'
import { createSubscribers, type Listener, type Subscribers } from './subscribers.ts'
import { createTurns, type Dropped, isStorable, type Turns } from './turns.ts'
import { createSessionUndo, type SessionUndo } from './undo.ts'

/*
 * Sessions: `log` appends events to a file and syncs it, `state` is their fold, `turns` runs one prompt after the other,
 * `prepare` collects what a turn needs, `approvals` and `questions` wait for the person, `editor` asks the client,
 * `subscribers` sends events on. `store` holds all open sessions; `archive`, `index` and `search` are about the saved ones.
 */

export type Settings = {
  model?: string
  agent?: string
  title?: string
  config?: Partial<Omit<SessionConfig, 'save_transcript'>>
}

/**
 * One conversation. It owns the log and is its only writer: prompts, decisions, settings and the loop all come through
 * here, and everybody else reads. Everything it knows is a fold of the log (`state`), but for what is going on right now.
 */
export class Session {
  readonly log: Log
  readonly state: SessionState
  readonly approvals: Approvals
  readonly questions: Questions
  /** The prompts: one runs, the others wait. */
  readonly turns: Turns
  readonly undo: SessionUndo
  /** The editor that a client attached. */
  readonly editor: SessionEditor
  readonly #context: SessionContext
  readonly #subscribers: Subscribers
  readonly #preparation: Preparation
  #closing = false
  #over = false

  constructor(log: Log, context: SessionContext) {
    const [created, ...rest] = log.events
    this.log = log
    this.#context = context
    this.state = createState(created as Stored & { type: 'session.created' })
    for (const event of rest) apply(this.state, event)
    this.#subscribers = createSubscribers(context.redactor, this.state.agent)
    this.questions = createQuestions(event => this.append(event))
    this.approvals = createApprovals({
      append: event => this.append(event),
      isDecided: id => this.state.decided.has(id),
      timeout_seconds: context.config.approval_timeout_seconds,
      remember: (...asked) => this.#remember(...asked),
    })
    const { remote } = context
    this.editor = createEditor(event => this.emit(event), context.redactor, remote?.editor)
    this.undo = remote
      ? remote.undo(this)
      : createSessionUndo(this, {
          dir: context.undo_dir,
          limit_mb: context.config.undo_limit_mb,
          place: () => this.place,
        })
    this.#preparation = createPreparation(this, context)
    this.turns = createTurns(this, this.#preparation, this.#subscribers)
  }

  /** Runs the hooks of a new session; nothing waits for them. */
  created(): void {
    const { agent, model } = this.state
    void this.#preparation.hook('session.created', { agent, model }, {}).catch(() => {}) // it ended meanwhile
  }

  get id(): string {
    return this.state.session_id
  }
  get agent_state() {
    return this.#subscribers.state
  }
  get partials() {
    return this.#subscribers.partials
  }
  /** Of those that may be told: the end of a turn is not before it is on the disk, and nor is what comes after it. */
  get last_event_id(): number {
    const { held } = this.#subscribers
    return held ? held.id - 1 : (this.log.events.at(-1)?.id ?? 0)
  }
  /** The events that count: what the model and people are shown. */
  get counting(): readonly Stored[] {
    return this.state.counting.events
  }
  /** After a failed sync the log accepts nothing more; resuming opens it again. */
  get failed(): boolean {
    return this.log.failed
  }
  /** Nothing can follow: it was closed, or let go of to be resumed. */
  get isOver(): boolean {
    return this.#over
  }
  get isClosing(): boolean {
    return this.#closing
  }
  /** What isolates its commands, or why nothing does. */
  sandbox() {
    return this.#context.sandbox(this.config.sandbox)
  }

  get config() {
    return this.#context.config
  }
  get preparation(): Preparation {
    return this.#preparation
  }
  get place() {
    return this.#preparation.place
  }
  /** Which files tools leave out, by the rules in force. */
  hidden(): Promise<(path: string) => boolean> {
    return this.#preparation.hidden()
  }

  /** `ended` is called when nothing can follow any more. */
  subscribe(listener: Listener, ended?: () => void): () => void {
    return this.#subscribers.subscribe(listener, ended)
  }

  /** Writes an event, then sends it. Throws TRANSCRIPT_ERROR, and then it is not sent. */
  append(event: Storable): Stored {
    const stored = this.log.append(this.#context.redactor.value(event))
    apply(this.state, stored)
    this.#subscribers.stored(stored)
    return stored
  }

  /** Appends a stored event, or sends a transient one. */
  take(event: Event): void {
    if (isStorable(event)) this.append(event)
    else this.emit(event)
  }

  sync(): Promise<void> {
    return this.log.sync()
  }

  /** Merges settings in. The caller has resolved the model; the agent must exist. */
  async update({ config, ...settings }: Settings): Promise<void> {
    this.refuseClosing()
    if (settings.agent) findAgent(this.#context.config, settings.agent)
    const { mode, ...own } = config ?? {}
    const switches = mode !== undefined && mode !== this.state.config.mode
    if (switches) this.append({ type: 'session.mode', mode, by: 'user' })
    if (Object.keys(settings).length > 0 || Object.keys(own).length > 0)
      this.append({
        type: 'session.updated',
        ...settings,
        ...(config && { config: { ...this.state.config, ...own } }),
      })
    await this.sync()
    if (!switches) return
    await this.approvals.reconsider(`The mode of the session is ${mode} now.`)
    await this.sync()
  }

  /** Ends the session: interrupts, closes the log, ends every stream. `transcript_path` is where the .org will be. */
  async close(transcript_path: string | null): Promise<void> {
    this.refuseClosing()
    this.#closing = true
    try {
      await this.turns.interrupt()
      await this.#preparation.release()
      await this.undo.close()
      this.append({ type: 'session.closed', transcript_path })
      await this.sync()
    } finally {
      this.#letGo()
    }
  }

  /** Goes on with a log that was opened again: closes what was left open. Resolves with the prompts that were dropped. */
  async reopen(): Promise<Dropped[]> {
    const dropped = this.turns.repair()
    await this.undo.recover()
    this.append({ type: 'session.resumed' })
    if (!(await canHave(this.state.config.mode, () => this.sandbox())))
      this.append({ type: 'session.mode', mode: 'ask', by: 'config' })
    await this.sync()
    return dropped
  }

  /** Stops for a shutdown: the session stays open in its log, and can be resumed. */
  async suspend(): Promise<void> {
    this.#closing = true
    await this.turns.interrupt()
    await this.#preparation.release()
    await this.undo.close()
    await this.sync().catch(() => {}) // the disk may be what failed; there is nobody left to tell
    this.#letGo()
  }

  /** Whoever still follows, or waits for a turn, gets an end: a resumed session is another one. */
  #letGo() {
    this.#over = true
    this.editor.detach()
    this.log.close()
    this.turns.abandon()
    this.#subscribers.end()
  }

  /** Throws SHUTTING_DOWN. */
  refuseClosing() {
    if (this.#closing) throw new AppError('SHUTTING_DOWN', 'This session is being closed. Resume it to go on.')
  }

  emit(event: Transient): void {
    this.#subscribers.transient(event.type === 'agent.state' ? { ...event, last_event_id: this.last_event_id } : event)
  }

  async #remember(rule: string, scope: 'session' | 'project', definition?: Definition) {
    if (scope === 'session')
      return void this.append({ type: 'session.updated', rule, ...(definition && { definition }) })
    await this.#context.remember(rule, definition)
  }
}
