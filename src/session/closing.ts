import { REVIEW, unreviewed } from '../agent/proposals.ts'
import { noUsage } from '../base/usage.ts'
import type { Delegated, DelegateStart, Storable, Stored, ToolCall, ToolResult } from '../event.ts'
import { type SessionState, tagsOf } from './state.ts'

/**
 * What closes a log that ends in mid-turn: an answer to everything that is open, so that the history is a valid one again. What
 * belongs to an agent that `isAtWork`, by the call that started it, stays open.
 */
export function closing(
  state: SessionState,
  isAtWork: (call: string | undefined) => boolean = () => false,
): Storable[] {
  const events: Storable[] = []
  for (const pending of state.approvals.values())
    if (!isAtWork(pending.parent_tool_call_id))
      events.push({
        type: 'approval',
        turn_id: pending.turn_id,
        tool_call_id: pending.tool_call_id,
        ...tagsOf(pending),
        decision: 'cancelled',
        by: 'config',
      })
  // An agent's calls, and its end, come before the result of the call that started it.
  const calls = [...state.open_calls.values()]
  const [nested, own] = [
    calls.filter(call => call.parent_tool_call_id),
    calls.filter(call => !call.parent_tool_call_id),
  ]
  for (const call of [...nested.reverse(), ...own]) {
    const started = state.delegated.get(call.tool_call_id)
    if (started && !isAtWork(call.tool_call_id)) events.push(stopped(started))
    if (!isAtWork(call.parent_tool_call_id) && !isAtWork(call.tool_call_id))
      events.push(lost(call, state.approvals.has(call.tool_call_id)))
  }
  events.push(...dropped(state, isAtWork))
  for (const [call, started] of state.delegated)
    if (!isAtWork(call) && !state.open_calls.has(call)) events.push(stopped(started))
  for (const { question_id, parent_tool_call_id } of state.questions.values())
    if (!isAtWork(parent_tool_call_id)) events.push({ type: 'answer', question_id, action: 'cancel' })
  for (const { turn_id, text } of state.queued.values()) events.push({ type: 'prompt.dropped', turn_id, text })
  if (state.open_turn)
    events.push({
      type: 'turn.end',
      turn_id: state.open_turn.turn_id,
      outcome: 'interrupted',
      usage: noUsage(),
      duration_ms: 0,
    })
  return events
}

/** Edits that wait for a review which has not begun; of one that waits itself, its result tells. */
function dropped({ proposed, open_calls }: SessionState, isAtWork: (call: string | undefined) => boolean): Storable[] {
  const isBegun = ({ parent_tool_call_id }: Delegated) =>
    [...open_calls.values()].some(call => call.tool === REVIEW && call.parent_tool_call_id === parent_tool_call_id)
  const left = [...proposed].filter(([, by]) => !isAtWork(by.parent_tool_call_id) && !isBegun(by))
  return [...Map.groupBy(left, ([, by]) => by.parent_tool_call_id).values()].flatMap(calls => {
    const { turn_id, ...by } = calls[0]![1]
    const ids = calls.map(([call]) => call)
    return unreviewed(turn_id, ids, by)
  })
}

const stopped = ({ turn_id, agent, parent_tool_call_id, background }: Stored<DelegateStart>): Storable => ({
  type: 'delegate.end',
  turn_id,
  agent,
  parent_tool_call_id,
  outcome: 'interrupted',
  report: '',
  usage: noUsage(),
  duration_ms: 0,
  ...(background && { background }),
})

function lost(call: ToolCall & Delegated & { turn_id: string }, waited: boolean): ToolResult {
  const { turn_id, tool_call_id, tool } = call
  const message =
    tool === REVIEW && waited
      ? 'The backend stopped before the user had decided: none of the edits was written.'
      : 'The backend stopped before a result was recorded; it is not known whether the call ran. Look before you repeat it.'
  return {
    type: 'tool.result',
    turn_id,
    tool_call_id,
    ...tagsOf(call),
    tool,
    status: 'error',
    error: { code: 'INTERRUPTED', message, recoverable: true },
    message,
    execution_time_ms: 0,
  }
}
