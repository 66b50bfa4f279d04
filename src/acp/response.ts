import type { PromptResponse, StopReason } from '@agentclientprotocol/sdk'
import { addUsage, totalTokens } from '../base/usage.ts'
import type { Stored } from '../event.ts'
import type { TurnOutcome } from '../session/outcomes.ts'

/** What a prompt is answered with, by the events of its turns. `usage` is read by clients though the protocol has it as unstable. */
export function responseOf(events: readonly Stored[], outcome: TurnOutcome, cancelled: boolean): PromptResponse {
  const usages = events.flatMap(event => (event.type === 'turn.end' && !event.parent_tool_call_id ? [event.usage] : []))
  const usage = addUsage(usages)
  const counted = {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cachedReadTokens: usage.cache_read_tokens,
    cachedWriteTokens: usage.cache_write_tokens,
    totalTokens: totalTokens(usage),
  }
  return { stopReason: cancelled ? 'cancelled' : stopReasonOf(events, outcome), usage: counted } as PromptResponse
}

function stopReasonOf(events: readonly Stored[], { status, turn_id }: TurnOutcome): StopReason {
  if (status === 'interrupted') return 'cancelled'
  const end = events.findLast(event => event.type === 'turn.end' && event.turn_id === turn_id)
  if (end?.type === 'turn.end' && end.outcome === 'limit') return 'max_turn_requests'
  const last = events.findLast(event => event.type === 'message' && !event.parent_tool_call_id)
  const reason = last?.type === 'message' ? last.stop_reason : 'end_turn'
  return reason === 'max_tokens' || reason === 'refusal' ? reason : 'end_turn'
}
