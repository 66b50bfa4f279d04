import { findAgent } from '../agent/agents.ts'
import { checkAttachments } from '../agent/attachments.ts'
import { AUTO, chooseAgent } from '../agent/choice.ts'
import { runCommand } from '../agent/command.ts'
import { endTurn, failTurn, runTurn } from '../agent/loop.ts'
import { AppError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Segment } from '../conventions/expansion.ts'
import type { AgentState, Event, Prompt, PromptBody, PromptQueued, Storable, Stored, Transient } from '../event.ts'
import { closing } from './closing.ts'
import { createOutcomes, type TurnOutcome } from './outcomes.ts'
import type { Preparation } from './prepare.ts'
import { reportPrompt } from './reports.ts'
import { lastPrompt, rewound } from './rewind.ts'
import type { Session } from './session.ts'
import type { Subscribers } from './subscribers.ts'

export type PromptRequest = Omit<PromptBody, 'turn_id'> & {
  when_busy?: PromptQueued['when_busy'] | 'reject'
  /** What the text is made of, for a command with shell lines: these run when its turn begins. `text` is shown until then. */
  segments?: Segment[]
}
/** What became of a prompt; `outcome` resolves when the turn that took it has ended. */
export type Taken = {
  status: 'accepted' | 'queued' | 'steered'
  agent_state: AgentState
  turn_id: string
  outcome: Promise<TurnOutcome>
}
export type Dropped = { turn_id: string; text: string }

const LONGEST_QUEUE = 100
const STATUS = { queue: 'queued', steer: 'steered' } as const

/** The prompts of a session: one runs, the others wait, or steer it. What waits is in the log, so this holds only what runs. */
export function createTurns(session: Session, turns: Preparation, live: Subscribers) {
  const { log, state } = session
  const outcomes = createOutcomes(log)
  /** How to stop the turn that runs, and when it has. `isEnding` once it takes no notice of that any more. */
  let running: { abort: AbortController; done: Promise<void>; isEnding: boolean } | null = null
  let dropped: Dropped[] = []
  /** Of commands that wait, by turn. A queue does not outlive the process, nor does this. */
  const segmentsOf = new Map<string, Segment[]>()

  function start(asked: Prompt) {
    const name = asked.agent ?? state.agent
    const prompt = { ...asked, ...(name === AUTO ? chooseAgent(asked.text) : { agent: name }) }
    const segments = segmentsOf.get(prompt.turn_id)
    // A command with shell lines enters the history when these have run; until then it is in the queue.
    if (!segments) session.append(prompt)
    dropped = []
    const abort = new AbortController()
    running = { abort, done: run(prompt, abort, segments), isEnding: false }
  }

  /** Consumes the loop: what it yields is on record before it goes on. */
  async function run(prompt: Prompt & { agent: string }, abort: AbortController, segments?: Segment[]): Promise<void> {
    const started = performance.now()
    const ending = { turn_id: prompt.turn_id, log: () => log.events, agent: { name: prompt.agent } }
    try {
      const turn = await turns.prepare(prompt, abort.signal).catch((error: unknown) => ({ error }))
      const events = !('error' in turn)
        ? segments
          ? runCommand(turn, prompt, segments, abort.signal)
          : runTurn(turn, abort.signal)
        : abort.signal.aborted
          ? endTurn(ending, 'interrupted', started)
          : failTurn(ending, turn.error, started)
      for await (const event of events) await take(event, abort.signal)
    } catch (error) {
      // The log itself failed (or the turn could not even begin): say so live, and stop whatever still runs.
      abort.abort(error)
      fail(error, prompt.turn_id)
      state.queued.delete(prompt.turn_id) // a command that could not be dropped either: it must not begin again
    }
    segmentsOf.delete(prompt.turn_id)
    outcomes.ended(prompt.turn_id, state.queued)
    running = null
    next(!abort.signal.aborted)
  }

  async function take(event: Event, signal: AbortSignal): Promise<void> {
    if (event.type !== 'turn.end') return session.take(event)
    if (signal.aborted) dropAll()
    const unsent = state.queued.get(event.turn_id)
    if (unsent) drop(unsent)
    running!.isEnding = true
    await live.after(async () => {
      session.append(event)
      await session.sync()
    })
    const { turn_id, outcome, usage } = event
    void turns.hook('turn.end', { outcome, usage }, { turn_id }).catch(() => {}) // the session ended meanwhile
  }

  /** What waits begins: the prompts in their order, then the report of an agent that came to an end by itself. */
  function next(listens = true) {
    const [queued] = state.queued.values()
    const report = listens && [...state.reports.values()].find(({ outcome }) => outcome !== 'interrupted')
    const prompt = queued ? promptFrom(queued, 'user') : report ? reportPrompt(report) : undefined
    if (!prompt || session.isClosing) return
    try {
      start(prompt)
    } catch (error) {
      fail(error, prompt.turn_id)
    }
  }

  function refuseBusy() {
    session.refuseClosing()
    if (running || turns.delegation.atWork > 0)
      throw new AppError(
        'SESSION_BUSY',
        'A turn is running, or the session is being changed. Wait for it, or interrupt it, then try again.',
      )
  }

  /**
   * Runs `work` while no turn runs. Prompts that come meanwhile are queued; an interrupt or a close aborts the signal and
   * waits for the end of `work`. Throws SESSION_BUSY when a turn or another such work is under way.
   */
  async function alone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    refuseBusy()
    repair()
    dropped = []
    const abort = new AbortController()
    const { promise: done, resolve } = Promise.withResolvers<void>()
    running = { abort, done, isEnding: false }
    try {
      return await work(abort.signal)
    } finally {
      if (abort.signal.aborted) dropAll()
      running = null
      resolve()
      next()
    }
  }

  /** Storing is what failed: it is sent live, and is not in the log. */
  function fail(error: unknown, turn_id: string) {
    const code = error instanceof AppError ? error.code : 'INTERNAL'
    const { agent } = state
    live.error({ type: 'error', turn_id, code, message: messageOf(error), recoverable: true })
    session.emit({ type: 'agent.state', state: 'error', agent, details: messageOf(error) })
    session.emit({ type: 'agent.state', state: 'idle', agent })
  }

  function drop({ turn_id, text }: Dropped): Dropped {
    segmentsOf.delete(turn_id)
    session.append({ type: 'prompt.dropped', turn_id, text })
    outcomes.dropped(turn_id)
    return { turn_id, text }
  }
  const dropAll = () => dropped.push(...[...state.queued.values()].map(drop))

  /** After a turn that could not be written to its end: closes what it left open, and returns the prompts that waited. */
  function repair(): Dropped[] {
    const waited: Dropped[] = []
    for (const event of closing(state, turns.delegation.isAtWork))
      if (event.type === 'prompt.dropped') waited.push(drop(event))
      else session.append(event)
    return waited
  }

  return {
    repair,
    /**
     * Starts a turn, or queues the prompt while one runs. Resolves once the prompt is on the disk. Throws SESSION_BUSY for
     * `reject`, TOO_MANY, INVALID_REQUEST, SHUTTING_DOWN.
     */
    async prompt({ when_busy = 'queue', segments, ...asked }: PromptRequest): Promise<Taken> {
      const { remote } = turns.place
      const body = remote ? (await import('./remote-project.ts')).promptThere(remote, asked) : asked
      if (body.agent) findAgent(session.config, body.agent)
      if (body.attachments) await checkAttachments(body.attachments, turns.place.roots)
      session.refuseClosing()
      // From here to the append nothing waits: of two that come at once, the second sees the first.
      const known = body.prompt_id && state.prompt_ids.get(body.prompt_id)
      if (known) {
        const waits = state.queued.get(known)
        const status = waits ? STATUS[waits.when_busy] : 'accepted'
        const outcome = outcomes.of(known)
        await session.sync() // the first of the two may still be on its way to the disk
        return { status, agent_state: session.agent_state.state, turn_id: known, outcome }
      }
      const turn_id = newId('turn')
      if (!running) {
        repair()
        const outcome = outcomes.next(turn_id)
        if (segments) {
          segmentsOf.set(turn_id, segments)
          session.append({ type: 'prompt.queued', turn_id, ...body, when_busy: 'queue' })
        }
        start({ type: 'prompt', turn_id, ...body, source: 'user' })
        await session.sync()
        const { state } = session.agent_state
        return { status: 'accepted', agent_state: state === 'idle' ? 'thinking' : state, turn_id, outcome }
      }
      if (when_busy === 'reject')
        throw new AppError(
          'SESSION_BUSY',
          'A turn is running. Wait for it, interrupt it, or send the prompt with when_busy "queue" or "steer".',
        )
      if (state.queued.size >= LONGEST_QUEUE)
        throw new AppError('TOO_MANY', `${LONGEST_QUEUE} prompts are waiting already. Let some of them run first.`)
      const outcome = outcomes.next(turn_id)
      if (segments) segmentsOf.set(turn_id, segments)
      // Its lines run when its turn begins, and its check when that ends: it cannot steer another.
      const waits = segments || body.until ? 'queue' : when_busy
      session.append({ type: 'prompt.queued', turn_id, ...body, when_busy: waits })
      await session.sync()
      return {
        status: STATUS[waits],
        agent_state: session.agent_state.state,
        turn_id,
        outcome,
      }
    },
    /** Stops everything that runs and drops what waits; resolves when it all has stopped. */
    async interrupt(): Promise<Dropped[]> {
      const stopping = running
      stopping?.abort.abort(new AppError('INTERRUPTED', 'Interrupted by the user.'))
      const agents = turns.delegation.stopAll()
      if (!stopping) {
        await agents
        return []
      }
      // A turn that has just ended by itself takes no notice any more: what waits must not begin all the same.
      if (stopping.isEnding) {
        dropAll()
        await session.sync()
      }
      await Promise.all([stopping.done, agents])
      return dropped
    },
    /**
     * Rewinds the last turn, whose files stay as they are, and sends its prompt again. Throws SESSION_BUSY, NOTHING_TO_DO.
     */
    async retry(): Promise<Taken> {
      refuseBusy()
      repair()
      const last = lastPrompt(session.counting)
      const retry_turn_id = newId('turn')
      const outcome = outcomes.of(retry_turn_id)
      session.append({ ...rewound(session.counting, last), retry_turn_id })
      session.place.seen.clear()
      next()
      await session.sync()
      return { status: 'accepted', agent_state: 'thinking', turn_id: retry_turn_id, outcome }
    },
    alone,
    /** Stops a delegated agent alone; on one that has ended nothing happens. Throws INVALID_TOOL_CALL. */
    async stop(tool_call_id: string): Promise<void> {
      if (await turns.delegation.stop(tool_call_id)) return session.sync()
      const isKnown = log.events.some(
        event => event.type === 'delegate.start' && event.parent_tool_call_id === tool_call_id,
      )
      if (!isKnown)
        throw new AppError('INVALID_TOOL_CALL', 'No call with this id gave a task to another agent. The log has those.')
    },
    /** Resolves when no agent works in the background any more. */
    settled: () => turns.delegation.settled(),
    /** An agent in the background has ended: where no turn runs, its report begins one. */
    wake: () => {
      if (!running) next()
    },
    /** The outcome of the turn that runs now; undefined when none does. */
    under_way: (): Promise<TurnOutcome> | undefined =>
      running && state.open_turn ? outcomes.of(state.open_turn.turn_id) : undefined,
    /** Throws SESSION_BUSY while something runs, SHUTTING_DOWN. */
    refuseBusy,
    async drop(turn_id: string): Promise<void> {
      const queued = state.queued.get(turn_id)
      if (!queued) throw new AppError('NOT_FOUND', 'No prompt with this id is waiting; it may have started already.')
      drop(queued)
      await session.sync()
    },
    /** Whoever waits for a turn gets an end. */
    abandon: () => outcomes.abandon(),
  }
}

export type Turns = ReturnType<typeof createTurns>

/** The prompt that waited, as it enters the history. */
export const promptFrom = (
  { id: _, at: __, when_busy: ___, ...body }: Stored<PromptQueued>,
  source: Prompt['source'],
): Prompt => ({ ...body, type: 'prompt', source })

const TRANSIENT: Record<Transient['type'], true> = {
  'message.delta': true,
  'thinking.delta': true,
  'tool.draft': true,
  'tool.progress': true,
  'agent.state': true,
  'editor.request': true,
  reset: true,
}
export const isStorable = (event: Event): event is Storable => !Object.hasOwn(TRANSIENT, event.type)
