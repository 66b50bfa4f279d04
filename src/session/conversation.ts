import { totalTokens } from '../base/usage.ts'
import type { PlanItem, Stored } from '../event.ts'
import { isMessage } from '../transcript/summary.ts'

/** What a session knows of its conversation: a fold of the events that count, made anew after a rewind. */
export type Conversation = {
  first_prompt: string | null
  /** Prompts, and assistant messages that say something. */
  message_count: number
  /** Tokens of the last request and its answer: what the window holds. */
  context_tokens: number
  /** Instructions that were announced and that the history still holds: real path → what was told, and where. */
  instructions: Map<string, { hash: string; event_id: number }>
  /** The list of steps, as it was set last. */
  plan: readonly PlanItem[]
}

export const emptyConversation = (): Conversation => ({
  first_prompt: null,
  message_count: 0,
  context_tokens: 0,
  instructions: new Map(),
  plan: [],
})

/** Takes one event in, in place. */
export function include(conversation: Conversation, event: Stored): void {
  if (isMessage(event)) conversation.message_count++
  switch (event.type) {
    case 'prompt':
      conversation.first_prompt ??= event.text
      for (const { path, hash } of event.instructions ?? [])
        conversation.instructions.set(path, { hash, event_id: event.id })
      return
    case 'message':
      if (!event.parent_tool_call_id)
        conversation.context_tokens = totalTokens(event.usage) || conversation.context_tokens
      return
    case 'plan':
      if (!event.parent_tool_call_id) conversation.plan = event.items
      return
    case 'context.compacted':
      conversation.context_tokens = event.tokens_after
      for (const [path, { event_id }] of conversation.instructions)
        if (event_id < (event.first_kept_id ?? event.id)) conversation.instructions.delete(path)
      return
  }
}
