import { type Agent, agentsOf, findAgent } from '../agent/agents.ts'
import { AUTO, chooseAgent } from '../agent/choice.ts'
import { describe, runRounds } from '../agent/loop.ts'
import type { Turn } from '../agent/turn.ts'
import { onAbort } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import { addUsage, usageIn } from '../base/usage.ts'
import type { Delegated, DelegateEnd, Event, Stored } from '../event.ts'
import type { Output, Task } from '../tools/tool.ts'
import type { Isolation } from './isolation.ts'
import { type Ended, type Landing, land, noteOf, outputOf } from './landing.ts'
import type { Prefix } from './prefixes.ts'
import type { Session } from './session.ts'
import { isStorable } from './turns.ts'
import type { Workspace } from './workspace.ts'

/** Who delegates: the session's agent, or one that works for it. */
export type Delegator = {
  turn_id: string
  /** From the session's own down to this one. */
  agents: readonly Agent[]
  /** The calls that lead to it, the last one its own. */
  path: readonly string[]
  /** The model of its last call. */
  model(): string
  prefix: Prefix
  /** What marks its events as its own; empty for the session's agent. */
  tags: Delegated
  /** Where it works. */
  place: Workspace
  turn(): Turn
  mayGoOn: Turn['mayGoOn']
}
/** An agent at work for another. `log` has its own events alone; `append` writes one as its own. */
export type Child = {
  agent: Agent
  task: Task
  by: Delegator
  path: readonly string[]
  tags: Required<Delegated>
  log: Stored[]
}
/** What the loop needs for it, and `told`, its first message. */
export type Begun = { turn: Turn; told: string; isolation?: Isolation }

/** At work at the same time for one agent; how deep they may delegate further. */
const SIDE_BY_SIDE = 4
const DEPTH = 2
const LONGEST_REPORT = 200_000

type Running = { abort: AbortController; done: Promise<unknown>; path: readonly string[] }

/**
 * Agents that work for another one of the session. Their events are in the session's log, with `agent` and
 * `parent_tool_call_id`; of all that the agent that delegates sees the report alone. `begin` makes what the loop needs.
 */
export function createDelegation(
  session: Session,
  begin: (child: Child, signal: AbortSignal) => Promise<Begun>,
  wake: () => void,
) {
  const running = new Map<string, Running>()
  const slots = new Map<string, ReturnType<typeof createSlots>>()

  /** Throws INVALID_PARAMS, TOOL_FAILED. */
  function check({ agent }: Task, { path }: Delegator): void {
    if (path.length >= DEPTH)
      throw new AppError(
        'TOOL_FAILED',
        `An agent that works for an agent of another cannot delegate further: the depth limit is ${DEPTH}. Do it yourself.`,
      )
    const names = agentsOf(session.config).map(({ name }) => name)
    if (agent !== AUTO && !names.includes(agent))
      throw new AppError('INVALID_PARAMS', `agent: there is none of that name. Agents: ${names.join(', ')}.`)
  }

  /** Runs an agent to its end. Rejects where it never began, or the log cannot be written. */
  async function work(agent: Agent, task: Task, by: Delegator, tool_call_id: string, signal: AbortSignal) {
    signal.throwIfAborted()
    const started = performance.now()
    const { turn_id } = by
    const tags = { agent: agent.name, parent_tool_call_id: tool_call_id }
    const log: Stored[] = []
    const take = (event: Event) => {
      const own = { ...event, ...tags } as Event
      // In its own copy it changes nothing of the project.
      if (isInCopy && own.type === 'file.changed') return
      if (isStorable(own)) log.push(session.append(own))
      else session.emit(own)
    }
    const { background, context } = task
    const child: Child = { agent, task, by, path: [...by.path, tool_call_id], tags, log }
    const begun = await begin(child, signal).catch((error: unknown) => ({ error }))
    const isolation = 'isolation' in begun ? begun.isolation : undefined
    const isInCopy = (isolation?.place ?? by.place).original !== undefined
    let landing: Landing = {}
    take({
      type: 'delegate.start',
      turn_id,
      ...tags,
      task: task.task,
      ...(context && { context }),
      ...(background && { background }),
      ...('told' in begun && { told: begun.told }),
    })
    let outcome: DelegateEnd['outcome']
    let failure: ReturnType<typeof describe> | undefined
    try {
      if ('error' in begun) throw begun.error
      const rounds = runRounds(begun.turn, signal)
      let step = await rounds.next()
      for (; !step.done; step = await rounds.next()) take(step.value)
      outcome = step.value
      if (isolation && outcome !== 'interrupted') landing = await land(session, isolation, child, tool_call_id, signal)
    } catch (error) {
      outcome = signal.aborted ? 'interrupted' : 'error'
      if (!signal.aborted) failure = describe(error)
      if (failure) take({ type: 'error', turn_id, ...failure })
    }
    await isolation?.remove().catch(() => {}) // the next start tries again
    const end: DelegateEnd = {
      type: 'delegate.end',
      turn_id,
      ...tags,
      outcome,
      report: `${reportOf(log).slice(0, LONGEST_REPORT)}${background ? noteOf(landing) : ''}`,
      usage: addUsage(log.flatMap(event => usageIn(event) ?? [])),
      duration_ms: Math.round(performance.now() - started),
      ...(failure && { reason: failure.message }),
      ...(background && { background }),
    }
    session.append(end)
    return { end, landing, isInCopy }
  }

  async function start(given: Task, by: Delegator, tool_call_id: string, signal: AbortSignal): Promise<Ended> {
    const agent = findAgent(session.config, given.agent === AUTO ? chooseAgent(given.task).agent : given.agent)
    const abort = new AbortController()
    const off = onAbort(signal, () => abort.abort(signal.reason))
    const own = by.path.at(-1) ?? ''
    const slot = slots.get(own) ?? createSlots(SIDE_BY_SIDE)
    slots.set(own, slot)
    const done = slot
      .take(() => work(agent, given, by, tool_call_id, abort.signal))
      .finally(() => {
        off()
        running.delete(tool_call_id)
        if (given.background) wake()
      })
    running.set(tool_call_id, { abort, done, path: [...by.path, tool_call_id] })
    return done
  }

  return {
    /** What the calls of an agent may do with others. */
    of: (by: Delegator, tool_call_id: string, signal: AbortSignal) => ({
      check: (task: Task) => check(task, by),
      async run(task: Task): Promise<Output> {
        const inBackground = task.background === true && by.path.length === 0
        if (!inBackground) return outputOf(await start({ ...task, background: false }, by, tool_call_id, signal))
        // It goes on when the call, and the turn, have ended.
        void start(task, by, tool_call_id, new AbortController().signal).catch(() => {}) // the log failed: the session says so
        return {
          content: `Started in the background as ${tool_call_id}. Its report comes as a message when it is done.`,
          metadata: { agent: task.agent, background: true, id: tool_call_id },
        }
      },
    }),
    /** Whether an event belongs to an agent that is still at work. */
    isAtWork: (parent_tool_call_id: string | undefined): boolean =>
      parent_tool_call_id !== undefined && running.has(parent_tool_call_id),
    get atWork(): number {
      return running.size
    },
    /** Stops one agent, with those that work for it; resolves when it has. False when it is not at work. */
    async stop(tool_call_id: string): Promise<boolean> {
      const one = running.get(tool_call_id)
      one?.abort.abort(new AppError('INTERRUPTED', 'Stopped by the user.'))
      await one?.done.catch(() => {}) // its agent receives it
      return one !== undefined
    },
    /** Resolves when none is at work any more. */
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.allSettled([...running.values()].map(({ done }) => done))
    },
    async stopAll(): Promise<void> {
      const all = [...running.values()]
      for (const { abort } of all) abort.abort(new AppError('INTERRUPTED', 'Interrupted by the user.'))
      await Promise.allSettled(all.map(({ done }) => done))
    },
  }
}

export type Delegation = ReturnType<typeof createDelegation>

/** The last thing it said. */
const reportOf = (log: readonly Stored[]): string => {
  const last = log.findLast(event => event.type === 'message' && event.content.trim() !== '')
  return last?.type === 'message' ? last.content.trim() : ''
}

/** At most `most` at a time; the others wait in order. */
function createSlots(most: number) {
  let taken = 0
  const waiting: (() => void)[] = []
  return {
    async take<T>(work: () => Promise<T>): Promise<T> {
      if (taken >= most) await new Promise<void>(resolve => waiting.push(resolve))
      else taken++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else taken--
      }
    },
  }
}
