import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { findAgent, toolsFor } from '../agent/agents.ts'
import { createAttachments } from '../agent/attachments.ts'
import { judgedCall, type Prepared, type ToolAccess } from '../agent/call.ts'
import { createFit } from '../agent/context.ts'
import { createReader } from '../agent/history.ts'
import type { Turn } from '../agent/turn.ts'
import { NEVER } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import type { ContextCompacted, Delegated, Event, Prompt } from '../event.ts'
import type { Remote } from '../tools/host/remote/remote.ts'
import type { Roots } from '../tools/tool.ts'
import { createCalling } from './calling.ts'
import { createChecks } from './checks.ts'
import type { Between, Context } from './context.ts'
import { createConventions } from './conventions.ts'
import { createDelegation, type Delegation, type Delegator } from './delegation.ts'
import { callHooks, createHooks } from './hooks.ts'
import { createLanguages } from './languages.ts'
import { createLimit } from './limit.ts'
import { createPrefixes } from './prefixes.ts'
import { fromAgent, reportsOf } from './reports.ts'
import { createSandboxes } from './sandbox.ts'
import type { Session } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { promptFrom } from './turns.ts'
import { createToolAccess, policyOf, spillPath, type Workspace } from './workspace.ts'

export type Preparation = {
  readonly place: Workspace
  /** Agents that work for the session's. */
  readonly delegation: Delegation
  /** Which files tools leave out, by the rules in force. */
  hidden(): Promise<(path: string) => boolean>
  /** Rejects with the reason of `signal` when that comes first: servers may take a while to start. */
  prepare(prompt: Prompt, signal: AbortSignal): Promise<Turn>
  /** What the next request would consist of. */
  context(): Promise<Context>
  /** Has the whole conversation summarised; no turn may run. Throws NOTHING_TO_DO, INVALID_REQUEST, and what the call throws. */
  compact(instructions: string | undefined, signal: AbortSignal): AsyncGenerator<Event, ContextCompacted>
  /** Runs the hooks of an event that nothing waits for. */
  hook(on: 'session.created' | 'turn.end', payload: object, ids: { turn_id?: string }): Promise<void>
  /** Ends what the session's tools have running. */
  release(): Promise<void>
}

/** Gives the loop what it needs of a session, and keeps what stays the same from turn to turn. */
export function createPreparation(session: Session, context: SessionContext): Preparation {
  const { config, models, pool } = context
  const { session_id, project_path } = session.state
  const roots: Roots = {
    project: context.remote ? context.remote.name.path : real(project_path),
    allowed: context.remote ? [] : config.allowed_directories.map(real),
    forbidden: context.forbidden.map(real),
  }
  const remote = context.remote?.connect(roots, () => session.editor.current)
  if (remote) roots.host = remote.host(NEVER)
  const unsaved = new Map<string, string>()
  const place: Workspace = {
    session_id,
    dirs: context.dirs,
    config,
    roots,
    children: context.children,
    env: context.remote ? context.remote.env : context.env,
    unsaved,
    seen: new Map(),
    jobs: new Map(),
    sandboxes: createSandboxes({ home: context.dirs.home, available: context.sandbox }),
    formatting: { formatters: config.format, trusted: config.project_trusted, done: new Map() },
    narrowed: [],
    spill_dir: context.spill_dir,
    attachments: createAttachments(roots, name => spillPath(context.spill_dir, name)),
    redactor: context.redactor,
    editor: session.editor,
    languages: createLanguages(context.languageServers, roots.project, unsaved),
    keeper: session.undo.keeper,
    project: context.project,
    ...(remote && { remote }),
    projectRules: context.projectRules,
    ask: (...asked) => session.questions.ask(...asked),
  }
  const hidden = async () => {
    const { hides } = await import('../tools/permission/hidden.ts')
    return hides(policyOf(place, session.state, findAgent(config, session.state.agent)))
  }
  const hooks = createHooks({
    hooks: config.hooks,
    place: { ...place, env: context.env },
    cwd: remote ? context.dirs.home : roots.project,
    session: { session_id, project_path },
    append: event => session.append(event),
  })
  /** What hooks told the model beside a prompt: sent as messages before its first answer. */
  let told: string[] = []
  const checks = createChecks(place)
  const conventions = createConventions(session, place, hidden)
  /** What changed about MCP servers is said in a message: the prefix stays as it is. */
  const announcements = async (): Promise<Prompt[]> => {
    const text = pool?.announcement(session_id)
    const ofServers = text ? [fromAgent(text)] : []
    return [...ofServers, ...told.splice(0).map(fromAgent), ...(await conventions.announcements())]
  }
  const fit = createFit()
  const read = createReader()
  const limit = createLimit(session, config.max_cost_usd)
  /** Aborted when the session ends: what is asked outside of a turn is closed then. */
  const ended = new AbortController()
  const { ready, renew } = createPrefixes(session, context, place, conventions, ended.signal)

  /** Where it cannot be reached, each call says so. */
  async function arrive(machine: Remote, signal: AbortSignal): Promise<void> {
    const { limits } = context.remote!
    if (!session.log.events.some(event => event.type === 'notice' && event.code === 'REMOTE_PROJECT'))
      session.append(limits)
    await machine.arrive(signal).catch(() => signal.throwIfAborted())
  }

  const between = async (signal: AbortSignal): Promise<Between> => {
    const { agent, prefix } = await ready(session.state.agent, signal)
    return { session, agent, prefix, read, fit, attachments: place.attachments, models }
  }

  /** A hook may refuse what is put to the person, before they decide; it cannot approve. */
  async function refusedByHook(prepared: Prepared, turn_id: string, signal: AbortSignal) {
    const { tool_call_id } = prepared.call
    try {
      for (const { call, effect, ...part } of [prepared, ...(prepared.parts ?? [])]) {
        const payload = { tool: call.tool, params: call.params, reason: effect.reason }
        const judged = judgedCall({ effect, ...part })
        const { blocked } = await hooks.run('approval', payload, { turn_id, tool_call_id }, signal, judged)
        if (blocked !== undefined) return session.approvals.reject({ tool_call_id, reason: blocked, by: 'config' })
      }
    } catch {
      // Decided meanwhile, or interrupted: there is nothing left to refuse.
    }
  }

  const ask =
    (turn_id: string, access: ToolAccess, by?: Delegated): Turn['ask'] =>
    (prepared, signal) => {
      const decision = session.approvals.ask(turn_id, prepared, prepared.place ?? access, signal, by)
      void refusedByHook(prepared, turn_id, signal)
      return decision
    }
  const hooksOf = (turn_id: string) => callHooks(hooks, config.hooks, turn_id)
  const delegation = createDelegation(
    session,
    async (child, signal) => {
      const { beginChild } = await import('./child.ts')
      return beginChild(
        { session, worktrees_dir: context.worktrees_dir, models, conventions, delegation, ready, hooksOf, ask },
        child,
        signal,
      )
    },
    () => session.turns.wake(),
  )

  return {
    place,
    delegation,
    hidden,
    async hook(on, payload, ids) {
      await hooks.run(on, payload, ids, ended.signal)
    },
    async context() {
      return (await import('./context.ts')).contextOf(await between(ended.signal))
    },
    async *compact(instructions, signal) {
      const { compactWhole } = await import('./context.ts')
      return yield* compactWhole(await between(signal), instructions, signal)
    },
    async prepare(prompt, signal) {
      place.narrowed.length = 0
      if (remote) await arrive(remote, signal)
      const { command } = prompt
      if (command?.allowed_tools) place.narrowed.push({ by: `/${command.name}`, allowed_tools: command.allowed_tools })
      const { agent, list, prefix } = await ready(prompt.agent ?? session.state.agent, signal)
      const { turn_id, text } = prompt
      const mayGoOn = limit.begin(turn_id)
      const self: Delegator = {
        turn_id,
        agents: [agent],
        path: [],
        tags: {},
        place,
        turn: () => turn,
        model: () => calling.model(),
        prefix,
        mayGoOn,
      }
      const access = await createToolAccess(place, session.state, conventions, {
        agent,
        tools: toolsFor(agent, list),
        turn_id,
        seen: place.seen,
        checks,
        plan: () => session.state.conversation.plan,
        delegate: (tool_call_id, signal) => delegation.of(self, tool_call_id, signal),
      })
      access.hooks = hooksOf(turn_id)
      const reply = await hooks.run('prompt', { text, agent: agent.name }, { turn_id }, signal)
      if (reply.blocked !== undefined)
        throw new AppError('PERMISSION_DENIED', `A hook refused the prompt: ${reply.blocked}`)
      told = reply.context
      // An agent for this prompt alone brings its own model; the session's was chosen with the session's.
      const own = prompt.model ?? (prompt.agent === session.state.agent ? undefined : agent.model)
      const started = { agent: session.state.agent, model: session.state.model }
      /** The session's model counts from the next call; but one that came with another agent waits for its turn, as that does. */
      const modelNow = async () => {
        const { agent, model } = session.state
        const brought = agent === started.agent ? undefined : findAgent(config, agent).model
        return brought && (await models.resolve(brought)).id === model ? started.model : model
      }
      const calling = createCalling(
        models,
        {
          session_id,
          turn_id,
          agent,
          effort: prompt.effort,
          frozen: prefix.frozen,
          fit,
          log: () => session.counting,
          read,
          attachments: place.attachments,
        },
        {
          named: async () => own ?? (await modelNow()),
          first: session.state.model,
          fallback_models: config.fallback_models,
        },
      )
      const turn: Turn = {
        turn_id: prompt.turn_id,
        agent,
        place: access,
        max_rounds: agent.max_rounds ?? config.max_rounds,
        log: () => session.counting,
        ...calling.turn,
        mayGoOn,
        ...(prompt.until && { until: prompt.until }),
        ...(agent.name === 'plan' && {
          async *handOver(signal: AbortSignal) {
            const { handOver } = await import('./hand-over.ts')
            yield* handOver(session, models, turn_id, signal)
            await renew('build', 'todo') // an agent that goes by a list has the tool for it
          },
        }),
        async steers() {
          const news = [...reportsOf(session), ...(await announcements())]
          return [...steersOf(session), ...news].map(steer => ({ ...steer, agent: agent.name }))
        },
        hasSteers: () => steersOf(session).length > 0 || session.state.reports.size > 0,
        ask: ask(turn_id, access),
        expiresAt: session.approvals.expiresAt,
        sync: () => session.sync(),
      }
      return turn
    },
    async release() {
      ended.abort()
      await Promise.all([...place.jobs.values()].map(job => job.kill()))
      await place.sandboxes.close()
      await pool?.release(session_id)
    },
  }
}

/** Prompts that wait to steer, as they enter the history: from then on they are no longer queued. */
const steersOf = (session: Session): Prompt[] =>
  [...session.state.queued.values()]
    .filter(queued => queued.when_busy === 'steer')
    .map(queued => promptFrom(queued, 'steer'))

/** The real path; of something that does not exist (yet), the path as it is written. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path) // a project that was deleted: its tools will say so
  }
}
