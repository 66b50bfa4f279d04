import type { Agent } from '../agent/agents.ts'
import { budgetOf, historyParts, type Part } from '../agent/budget.ts'
import { essentials, summarise } from '../agent/compaction.ts'
import { applyTrims, type Fit, roomFor, tokensOf, weigh } from '../agent/context.ts'
import type { createReader } from '../agent/history.ts'
import { state } from '../agent/turn.ts'
import { AppError } from '../base/errors.ts'
import { BYTES_PER_TOKEN } from '../base/tokens.ts'
import type { ContextCompacted, Event } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import type { Prefix } from './prefixes.ts'
import type { Session } from './session.ts'
import type { Workspace } from './workspace.ts'

/** What the window of a session's model holds: `used` is what was counted last, and the parts add up to it once it is known. */
export type Context = { window: number | null; used: number; parts: Part[] }

/** The session between two turns, as its next turn would find it. */
export type Between = {
  session: Session
  agent: Agent
  prefix: Prefix
  read: ReturnType<typeof createReader>
  fit: Fit
  attachments: Workspace['attachments']
  models: Models
}

export async function contextOf({ session, prefix, read, fit, attachments, models }: Between): Promise<Context> {
  const { context_tokens: used } = session.state.conversation
  const bare = read(session.counting).history
  const history = applyTrims(await attachments.enclose(bare), fit)
  const parts = [...prefix.parts, ...historyParts(history, bare, session.counting)]
  return { window: models.info(session.state.model).context_window ?? null, used, parts: budgetOf(parts, used) }
}

/**
 * Has the conversation summarised now. Resolves with the event, on the disk. Throws SESSION_BUSY, NOTHING_TO_DO, INTERRUPTED,
 * and what the model call throws.
 */
export function compact(session: Session, instructions: string | undefined): Promise<ContextCompacted> {
  return session.turns.alone(async signal => {
    const events = session.preparation.compact(instructions, signal)
    try {
      for (;;) {
        const { done, value } = await events.next()
        if (done) return value
        session.take(value)
      }
    } finally {
      await session.sync()
      if (session.agent_state.state !== 'idle')
        session.emit({ type: 'agent.state', state: 'idle', agent: session.state.agent })
    }
  })
}

/**
 * Has the whole conversation summarised, as a person asked for: the summary stands for all of it. Yields what the call yields,
 * then context.compacted. Throws NOTHING_TO_DO, INVALID_REQUEST for a model that is none, and what the call throws.
 */
export async function* compactWhole(
  { session, agent, prefix, read, fit, attachments, models }: Between,
  instructions: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Event, ContextCompacted> {
  const history = await attachments.enclose(read(session.counting).history)
  if (history.every(message => message.id === 0))
    throw new AppError('NOTHING_TO_DO', 'There is nothing yet that could be summarised. Send a prompt first.')
  const { id: model, info } = await models.resolve(session.state.model)
  if (info.provider === 'offline')
    throw new AppError('INVALID_REQUEST', 'offline/guide cannot summarise. Choose a model, then ask for this again.')
  const fixed = prefix.parts.reduce((sum, part) => sum + part.tokens, 0)
  const room = roomFor(info, fixed * BYTES_PER_TOKEN, agent.max_tokens, fit)
  yield state({ agent }, 'thinking', { details: 'Summarising the conversation so far' })
  const summariser = await models.summariser(model)
  const from = { model: summariser, session_id: session.id, instructions, stream: models.stream, signal }
  const { summary, usage } = yield* summarise(from, history, room)
  const text = [summary, essentials(session.counting, undefined, room)].filter(Boolean).join('\n\n')
  const estimated = fixed + tokensOf(applyTrims(history, fit))
  const tokens_before = session.state.conversation.context_tokens || estimated
  const left = fixed + weigh({ role: 'user', text })
  const compacted: ContextCompacted = {
    type: 'context.compacted',
    summary: text,
    ...(summariser !== model && { model: summariser }),
    usage: models.price(summariser, usage),
    tokens_before,
    tokens_after: Math.round((left * tokens_before) / estimated),
  }
  yield compacted
  return compacted
}
