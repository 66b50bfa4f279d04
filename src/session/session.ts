import { findAgent } from '../agent/agents.ts'
import { checkAttachments } from '../agent/attachments.ts'
import { endTurn, failTurn, runTurn } from '../agent/loop.ts'
import { AppError, messageOf } from '../errors.ts'
import type {
  AgentState,
  Attachment,
  EditorContext,
  Effort,
  Event,
  Prompt,
  PromptQueued,
  SessionConfig,
  Storable,
  Stored,
  Transient,
} from '../event.ts'
import { newId } from '../ids.ts'
import { type Approvals, createApprovals } from './approvals.ts'
import { createLive, type Listener } from './live.ts'
import type { Log } from './log.ts'
import { createOutcomes, type TurnOutcome } from './outcomes.ts'
import { createQuestions, type Questions } from './questions.ts'
import { apply, closing, createState, type SessionState } from './state.ts'
import type { Surroundings } from './surroundings.ts'
import { createTurns, type Turns } from './turns.ts'

export type PromptRequest = {
  text: string
  prompt_id?: string
  context?: EditorContext
  attachments?: Attachment[]
  agent?: string
  effort?: Effort
  when_busy?: 'queue' | 'steer' | 'reject'
}
export type Settings = {
  model?: string
  agent?: string
  title?: string
  config?: Partial<Omit<SessionConfig, 'save_transcript'>>
}

const LONGEST_QUEUE = 100
const STATUS = { queue: 'queued', steer: 'steered' } as const

/**
 * One conversation. It owns the log and is its only writer: prompts, decisions, settings and the loop all come through
 * here, and everybody else reads. Everything it knows is a fold of the log (`state`), but for what is going on right now.
 */
export class Session {
  readonly log: Log
  readonly state: SessionState
  readonly approvals: Approvals
  readonly questions: Questions
  readonly #around: Surroundings
  readonly #live: ReturnType<typeof createLive>
  readonly #turns: Turns
  readonly #outcomes: ReturnType<typeof createOutcomes>
  /** Set while a turn runs: how to stop it, and when it has. */
  #running: { turn_id: string; abort: AbortController; done: Promise<void>; isEnding: boolean } | null = null
  #dropped: { turn_id: string; text: string }[] = []
  #closing = false
  #over = false

  constructor(log: Log, around: Surroundings) {
    const [created, ...rest] = log.events
    this.log = log
    this.#around = around
    this.state = createState(created as Stored & { type: 'session.created' })
    for (const event of rest) apply(this.state, event)
    this.#live = createLive(around.redactor, this.state.agent)
    this.#outcomes = createOutcomes(log)
    this.questions = createQuestions(event => this.append(event))
    this.approvals = createApprovals({
      append: event => this.append(event),
      isDecided: id => this.state.decided.has(id),
      timeout_seconds: around.config.approval_timeout_seconds,
      remember: (rule, scope) => this.#remember(rule, scope),
    })
    this.#turns = createTurns(this, around)
  }

  get id(): string {
    return this.state.session_id
  }
  get agent_state() {
    return this.#live.state
  }
  get partials() {
    return this.#live.partials
  }
  /** Of those that may be told: the end of a turn is not before it is on the disk, and nor is what comes after it. */
  get last_event_id(): number {
    const { held } = this.#live
    return held ? held.id - 1 : (this.log.events.at(-1)?.id ?? 0)
  }
  /** After a failed sync the log accepts nothing more; resuming opens it again. */
  get failed(): boolean {
    return this.log.failed
  }
  /** Nothing can follow: it was closed, or let go of to be resumed. */
  get isOver(): boolean {
    return this.#over
  }
  get config() {
    return this.#around.config
  }
  get place() {
    return this.#turns.place
  }

  /** `ended` is called when nothing can follow any more. */
  subscribe(listener: Listener, ended?: () => void): () => void {
    return this.#live.subscribe(listener, ended)
  }

  /** Writes an event, then tells everybody. Throws TRANSCRIPT_ERROR, and then nobody hears of it. */
  append(event: Storable): Stored {
    const stored = this.log.append(this.#around.redactor.value(event))
    apply(this.state, stored)
    this.#live.stored(stored)
    return stored
  }

  sync(): Promise<void> {
    return this.log.sync()
  }

  /**
   * Starts a turn, or queues the prompt while one runs. Resolves once the prompt is on the disk; `outcome` resolves when
   * its turn has ended. Throws SESSION_BUSY for `reject`, TOO_MANY, INVALID_REQUEST.
   */
  async prompt(request: PromptRequest): Promise<{
    status: 'accepted' | 'queued' | 'steered'
    agent_state: AgentState
    turn_id: string
    outcome: Promise<TurnOutcome>
  }> {
    const { when_busy = 'queue', ...body } = request
    if (request.agent) findAgent(this.#around.config, request.agent)
    if (request.attachments) await checkAttachments(request.attachments, this.place.roots)
    this.#refuseClosing()
    // From here to the append nothing waits: of two that come at once, the second sees the first.
    const known = request.prompt_id && this.state.prompt_ids.get(request.prompt_id)
    if (known) {
      const waits = this.state.queued.get(known)
      const status = waits ? STATUS[waits.when_busy] : 'accepted'
      return { status, agent_state: this.agent_state.state, turn_id: known, outcome: this.#outcomes.of(known) }
    }
    const turn_id = newId('turn')
    if (!this.#running) {
      this.#repair()
      const outcome = this.#outcomes.of(turn_id)
      this.#start({ type: 'prompt', turn_id, ...body, source: 'user' })
      await this.sync()
      const { state } = this.agent_state
      return { status: 'accepted', agent_state: state === 'idle' ? 'thinking' : state, turn_id, outcome }
    }
    if (when_busy === 'reject')
      throw new AppError(
        'SESSION_BUSY',
        'A turn is running. Wait for it, interrupt it, or send the prompt with when_busy "queue" or "steer".',
      )
    if (this.state.queued.size >= LONGEST_QUEUE)
      throw new AppError('TOO_MANY', `${LONGEST_QUEUE} prompts are waiting already. Let some of them run first.`)
    const outcome = this.#outcomes.of(turn_id)
    this.append({ type: 'prompt.queued', turn_id, ...body, when_busy })
    await this.sync()
    return { status: STATUS[when_busy], agent_state: this.agent_state.state, turn_id, outcome }
  }

  /** Stops everything that runs and drops what waits; resolves when it all has stopped. */
  async interrupt(): Promise<{ turn_id: string; text: string }[]> {
    const running = this.#running
    if (!running) return []
    running.abort.abort(new AppError('INTERRUPTED', 'Interrupted by the user.'))
    // A turn that has just ended by itself takes no notice any more: what waits must not begin all the same.
    if (running.isEnding) {
      this.#dropQueued()
      await this.sync()
    }
    await running.done
    return this.#dropped
  }

  async drop(turn_id: string): Promise<void> {
    const queued = this.state.queued.get(turn_id)
    if (!queued) throw new AppError('NOT_FOUND', 'No prompt with this id is waiting; it may have started already.')
    this.#drop(queued)
    await this.sync()
  }

  /** Merges settings in. The caller has resolved the model; the agent must exist. */
  async update({ config, ...settings }: Settings): Promise<void> {
    this.#refuseClosing()
    if (settings.agent) findAgent(this.#around.config, settings.agent)
    if (!config && Object.keys(settings).length === 0) return
    this.append({
      type: 'session.updated',
      ...settings,
      ...(config && { config: { ...this.state.config, ...config } }),
    })
    await this.sync()
  }

  /** Ends the session: interrupts, closes the log, ends every stream. `transcript_path` is where the .org will be. */
  async close(transcript_path: string | null): Promise<void> {
    this.#refuseClosing()
    this.#closing = true
    try {
      await this.interrupt()
      await this.#turns.release()
      this.append({ type: 'session.closed', transcript_path })
      await this.sync()
    } finally {
      this.#letGo()
    }
  }

  /** Goes on with a log that was opened again: closes what was left open. Resolves with the prompts that were dropped. */
  async reopen(): Promise<{ turn_id: string; text: string }[]> {
    const dropped = [...this.state.queued.values()].map(({ turn_id, text }) => ({ turn_id, text }))
    this.#repair()
    this.append({ type: 'session.resumed' })
    await this.sync()
    return dropped
  }

  /** Stops for a shutdown: the session stays open in its log, and can be resumed. */
  async suspend(): Promise<void> {
    this.#closing = true
    await this.interrupt()
    await this.#turns.release()
    await this.sync().catch(() => {}) // the disk may be what failed; there is nobody left to tell
    this.#letGo()
  }

  /** Whoever still follows, or waits for a turn, gets an end: a resumed session is another one. */
  #letGo() {
    this.#over = true
    this.log.close()
    this.#outcomes.abandon()
    this.#live.end()
  }

  #refuseClosing() {
    if (this.#closing) throw new AppError('SHUTTING_DOWN', 'This session is being closed. Resume it to go on.')
  }

  /** After a turn that could not be written to its end: closes what it left open, now that it works again. */
  #repair() {
    for (const event of closing(this.state)) {
      this.append(event)
      if (event.type === 'prompt.dropped') this.#outcomes.dropped(event.turn_id)
    }
  }

  #start(asked: Prompt) {
    const prompt = { ...asked, agent: asked.agent ?? this.state.agent }
    this.append(prompt)
    this.#dropped = []
    const abort = new AbortController()
    this.#running = { turn_id: prompt.turn_id, abort, done: this.#run(prompt, abort), isEnding: false }
  }

  /** Consumes the loop: what it yields is on record before it goes on. */
  async #run(prompt: Prompt, abort: AbortController): Promise<void> {
    const started = performance.now()
    try {
      const turn = await this.#turns.prepare(prompt, abort.signal).catch((error: unknown) => ({ error }))
      const ending = {
        turn_id: prompt.turn_id,
        log: () => this.log.events,
        agent: { name: prompt.agent ?? this.state.agent },
      }
      const events = !('error' in turn)
        ? runTurn(turn, abort.signal)
        : abort.signal.aborted
          ? endTurn(ending, 'interrupted', started)
          : failTurn(ending, turn.error, started)
      for await (const event of events) await this.#take(event, abort.signal)
    } catch (error) {
      // The log itself failed (or the turn could not even begin): say so live, and stop whatever still runs.
      abort.abort(error)
      this.#fail(error, prompt.turn_id)
    }
    this.#outcomes.ended(prompt.turn_id)
    this.#running = null
    this.#next()
  }

  async #take(event: Event, signal: AbortSignal): Promise<void> {
    if (!isStorable(event)) return this.emit(event)
    if (event.type !== 'turn.end') return void this.append(event)
    if (signal.aborted) this.#dropQueued()
    this.#running!.isEnding = true
    await this.#live.after(async () => {
      this.append(event)
      await this.sync()
    })
  }

  #next() {
    const [queued] = this.state.queued.values()
    if (!queued || this.#closing) return
    const { turn_id, prompt_id, text, context, attachments, agent, effort } = queued
    try {
      this.#start({ type: 'prompt', turn_id, prompt_id, text, context, attachments, agent, effort, source: 'user' })
    } catch (error) {
      this.#fail(error, turn_id)
    }
  }

  #dropQueued() {
    this.#dropped.push(...[...this.state.queued.values()].map(queued => this.#drop(queued)))
  }

  #drop({ turn_id, text }: Stored<PromptQueued>): { turn_id: string; text: string } {
    this.append({ type: 'prompt.dropped', turn_id, text })
    this.#outcomes.dropped(turn_id)
    return { turn_id, text }
  }

  /** Storing is what failed: it is said live, and the log tells nothing of it. */
  #fail(error: unknown, turn_id: string) {
    const code = error instanceof AppError ? error.code : 'INTERNAL'
    const { agent } = this.state
    this.#live.error({ type: 'error', turn_id, code, message: messageOf(error), recoverable: true })
    this.emit({ type: 'agent.state', state: 'error', agent, details: messageOf(error) })
    this.emit({ type: 'agent.state', state: 'idle', agent })
  }

  emit(event: Transient): void {
    this.#live.transient(event.type === 'agent.state' ? { ...event, last_event_id: this.last_event_id } : event)
  }

  async #remember(rule: string, scope: 'session' | 'project') {
    if (scope === 'session') return void this.append({ type: 'session.updated', rule })
    await this.#around.remember(rule)
  }
}

const TRANSIENT = new Set(['message.delta', 'thinking.delta', 'tool.draft', 'tool.progress', 'agent.state', 'reset'])
const isStorable = (event: Event): event is Storable => !TRANSIENT.has(event.type)
