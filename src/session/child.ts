import { type Agent, toolsFor } from '../agent/agents.ts'
import { createFit } from '../agent/context.ts'
import { createReader } from '../agent/history.ts'
import type { Turn } from '../agent/turn.ts'
import { addUsage, totalTokens, usageIn } from '../base/usage.ts'
import type { Event } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import type { Tool } from '../tools/tool.ts'
import { createCalling } from './calling.ts'
import { createChecks } from './checks.ts'
import type { Conventions } from './conventions.ts'
import type { Begun, Child, Delegation, Delegator } from './delegation.ts'
import { type Isolation, isolate } from './isolation.ts'
import type { Prefix } from './prefixes.ts'
import type { Session } from './session.ts'
import { createToolAccess } from './workspace.ts'

/** What a delegated agent shares with the session it works in. */
export type Shared = {
  session: Session
  worktrees_dir: string
  models: Models
  conventions: Conventions
  delegation: Delegation
  ready(name: string, signal: AbortSignal): Promise<{ list: Tool[]; prefix: Prefix }>
  hooksOf(turn_id: string): Turn['place']['hooks']
  ask: (turn_id: string, access: Turn['place'], tags: Child['tags']) => Turn['ask']
}

/**
 * What the loop needs for an agent that works for another one: a history of its own, which begins with the task, and no right
 * that one of those above it lacks. With the same model it has their system prompt and tools, so that the provider has the
 * prefix already; its own instructions are in the message with the task.
 */
export async function beginChild(shared: Shared, child: Child, signal: AbortSignal): Promise<Begun> {
  const { agent, by } = child
  if (agent.isolation !== 'worktree') return await beginIn(shared, child, undefined, signal)
  const isolation = await isolate(by.place, shared.worktrees_dir, signal)
  try {
    return await beginIn(shared, child, isolation, signal)
  } catch (error) {
    await isolation.remove()
    throw error
  }
}

async function beginIn(
  shared: Shared,
  child: Child,
  isolation: Isolation | undefined,
  signal: AbortSignal,
): Promise<Begun> {
  const { session, models, conventions, delegation } = shared
  const { agent, by, path, tags, log } = child
  const place = isolation?.place ?? by.place
  const { list, prefix: own } = await shared.ready(agent.name, signal)
  const tools = [...by.agents, agent].reduce((left, each) => toolsFor(each, left), list)
  const named = agent.model ?? by.model()
  const first = await models.resolve(named)
  const sharesPrefix = tools.length > 0 && first.id === (await models.resolve(by.model())).id
  const prefix = sharesPrefix ? by.prefix : own
  const { turn_id } = by
  const { fallback_models, max_rounds } = session.config
  const calling = createCalling(
    models,
    {
      session_id: session.id,
      turn_id,
      agent,
      frozen: prefix.frozen,
      fit: createFit(),
      log: () => log,
      read: createReader(),
      attachments: place.attachments,
    },
    { named: async () => named, first: first.id, fallback_models },
  )
  const mayGoOn = within(child)

  const self: Delegator = {
    turn_id,
    agents: [...by.agents, agent],
    path,
    tags,
    place,
    turn: () => turn,
    model: calling.model,
    prefix,
    mayGoOn,
  }
  const access = await createToolAccess(place, session.state, conventions, {
    agent,
    tools,
    turn_id,
    seen: new Map(),
    checks: createChecks(place),
    plan: () => {
      const plan = log.findLast(event => event.type === 'plan')
      return plan?.type === 'plan' ? plan.items : []
    },
    delegate: (tool_call_id, signal) => delegation.of(self, tool_call_id, signal),
    lineage: { ancestors: by.agents, narrowed: [...place.narrowed], by: tags },
  })
  access.hooks = shared.hooksOf(turn_id)
  if (isolation && access.hooks) {
    // Hooks for changed files are about the project's.
    const { before, after } = access.hooks
    access.hooks = { before, after: (prepared, result, _, signal) => after(prepared, result, [], signal) }
  }
  const turn: Turn = {
    turn_id,
    agent,
    place: access,
    max_rounds: agent.max_rounds ?? max_rounds,
    log: () => log,
    ...calling.turn,
    mayGoOn,
    steers: async () => [],
    hasSteers: () => false,
    ask: shared.ask(turn_id, access, tags),
    expiresAt: session.approvals.expiresAt,
    sync: () => session.sync(),
  }
  const told = toldOf(child, tools, sharesPrefix ? [...by.agents].at(-1)! : agent, isolation)
  return { turn, told, ...(isolation && { isolation }) }
}

/** Its own budget first, then that of those it works for. */
function within({ agent, log, by }: Child): Turn['mayGoOn'] {
  return async function* (signal): AsyncGenerator<Event, boolean> {
    const { max_total_tokens = Number.POSITIVE_INFINITY, max_cost_usd = Number.POSITIVE_INFINITY } = agent
    const usage = addUsage(log.flatMap(event => usageIn(event) ?? []))
    if (totalTokens(usage) >= max_total_tokens || (usage.cost_usd ?? 0) >= max_cost_usd) return false
    return yield* by.mayGoOn(signal)
  }
}

/** The first message of its history. `known` is the agent that the system prompt is about. */
function toldOf(
  { agent, task, by }: Child,
  tools: readonly Tool[],
  known: Agent,
  isolation: Isolation | undefined,
): string {
  const names = tools.map(({ name }) => name).filter(name => !name.includes('/'))
  return [
    `You now work as the agent ${agent.name}, for the agent ${by.agents.at(-1)!.name}, which gave you the task below and sees nothing of your work but your last message: your report. Put there all that it needs, with paths and lines, and nothing else.`,
    known.name !== agent.name && `${agent.instructions}\nOf the tools you may use only: ${names.join(', ') || 'none'}.`,
    isolation?.told,
    `Task: ${task.task}`,
    task.context && `Context:\n${task.context}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}
