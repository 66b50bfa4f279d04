import type { Effort, Event, Stored, Usage } from '../event.ts'
import type { ModelInfo, ModelRequest, Stream, ToolDefinition } from '../llm/provider.ts'
import type { Agent } from './agents.ts'
import type { createAttachments } from './attachments.ts'
import { firstKept, isFull, roomFor, summarise, tokensOf, tooLong, trimPoint, trimResults } from './context.ts'
import { toHistory } from './history.ts'

/** What stays the same for all requests of an agent in a session: the prefix that provider caches live on. */
export type Frozen = { system: string; tools: ToolDefinition[] }

/** Remembered from request to request, so that each repeats the one before it byte for byte as far as it can. */
export type Trim = { point: number }

const ATTEMPTS = 3

/**
 * The request for the next model call, rebuilt from the log each time: the frozen prefix, then the history. What does not
 * fit is trimmed, then summarised (`context.compacted`). `shrink` counts refusals by the provider for this very request:
 * each halves the room. Throws LLM_CONTEXT_LENGTH after three attempts without progress.
 */
export async function* buildRequest(from: {
  session_id: string
  turn_id: string
  model: string
  info: ModelInfo
  agent: Agent
  effort?: Effort
  frozen: Frozen
  trim: Trim
  shrink: number
  log(): readonly Stored[]
  attachments: ReturnType<typeof createAttachments>
  stream: Stream
  price(model: string, usage: Usage): Usage
  signal: AbortSignal
}): AsyncGenerator<Event, ModelRequest> {
  const { agent, frozen, trim, model, session_id } = from
  const prefix = frozen.system.length + JSON.stringify(frozen.tools).length
  const room = roomFor(from.info, prefix, agent.max_tokens) / 2 ** from.shrink
  const effort = from.effort ?? agent.effort

  for (let attempt = 0; ; attempt++) {
    let history = trimResults(toHistory(from.log()), trim.point)
    let tokens = tokensOf(history)
    if (isFull(tokens, room) && trimPoint(history) > trim.point) {
      trim.point = trimPoint(history)
      history = trimResults(history, trim.point)
      tokens = tokensOf(history)
    }
    if (!isFull(tokens, room))
      return {
        model,
        ...frozen,
        messages: await Promise.all(history.map(from.attachments.enclose)),
        session_id,
        ...(agent.max_tokens && { max_output_tokens: agent.max_tokens }),
        ...(effort && { effort }),
      }
    const first_kept_id = firstKept(history, room)
    const older = history.filter(message => message.id < (first_kept_id ?? 0))
    if (attempt === ATTEMPTS || first_kept_id === null || older.length === 0) throw tooLong()
    const kept = tokensOf(history.slice(older.length))
    const { summary, usage } = await summarise({ model, session_id }, older, room, from.stream, from.signal)
    const tokens_after = kept + Math.ceil(summary.length / 3)
    if (tokens_after >= tokens) throw tooLong()
    yield {
      type: 'context.compacted',
      turn_id: from.turn_id,
      summary,
      first_kept_id,
      usage: from.price(model, usage),
      tokens_before: tokens,
      tokens_after,
    }
  }
}
