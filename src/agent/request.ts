import type { Effort, Event, Stored } from '../event.ts'
import type { ModelInfo, ModelRequest, ToolDefinition } from '../llm/provider.ts'
import type { Agent } from './agents.ts'
import type { createAttachments } from './attachments.ts'
import { toHistory } from './history.ts'

/** What stays the same for all requests of an agent in a session: the prefix that provider caches live on. */
export type Frozen = { system: string; tools: ToolDefinition[] }

/**
 * The request for the next model call, rebuilt from the log each time: the frozen prefix, then the history. What does not
 * fit the model's window is trimmed or summarised by `context.ts`, which reports a compaction as an event.
 */
export async function* buildRequest(from: {
  session_id: string
  model: string
  info: ModelInfo
  agent: Agent
  effort?: Effort
  frozen: Frozen
  log: readonly Stored[]
  attachments: ReturnType<typeof createAttachments>
}): AsyncGenerator<Event, ModelRequest> {
  const messages = await Promise.all(toHistory(from.log).map(from.attachments.enclose))
  const max_output_tokens = from.agent.max_tokens
  const effort = from.effort ?? from.agent.effort
  return {
    model: from.model,
    ...from.frozen,
    messages,
    session_id: from.session_id,
    ...(max_output_tokens && { max_output_tokens }),
    ...(effort && { effort }),
  }
}
