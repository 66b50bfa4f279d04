import { noUsage } from '../../src/base/usage.ts'
import type { Storable, Stored } from '../../src/event.ts'

/** A session's log that grows as the loop would have it grow. */
export function growingLog(model = 'test/m') {
  const events: Stored[] = []
  let turn = 0
  let calls = 0
  const add = (event: Storable) => {
    events.push({ id: events.length + 1, at: '2026-11-23T10:00:00.000Z', ...event } as Stored)
    return events.length
  }
  const turn_id = () => `turn_${turn}`
  const said = (content: string, tool_calls: { tool_call_id: string; tool: string; params: object }[], stop: string) =>
    add({
      type: 'message',
      turn_id: turn_id(),
      message_id: `msg_${events.length}`,
      role: 'assistant',
      content,
      tool_calls: tool_calls as never,
      model,
      usage: noUsage(),
      stop_reason: stop as never,
    })
  return {
    events,
    add,
    turn_id,
    prompt: (text: string) => add({ type: 'prompt', turn_id: `turn_${++turn}`, text, source: 'user' }),
    steer: (text: string) => add({ type: 'prompt', turn_id: `steer_${events.length}`, text, source: 'steer' }),
    says: (text: string) => said(text, [], 'end_turn'),
    cut: (text: string) => said(text, [], 'cut'),
    /** A round: one message that calls a tool once for each result. Returns the ids of the result events. */
    round(results: { path: string; content: string; images?: number }[], text = ''): number[] {
      const made = results.map(({ path }) => ({ tool_call_id: `tc_${++calls}`, tool: 'read_file', params: { path } }))
      said(text, made, 'tool_use')
      return results.map(({ content, images }, i) =>
        add({
          type: 'tool.result',
          turn_id: turn_id(),
          tool_call_id: made[i]!.tool_call_id,
          tool: 'read_file',
          status: 'success',
          result: { content, metadata: images ? { images } : {} },
          message: '',
          execution_time_ms: 1,
        }),
      )
    },
    changed: (path: string) =>
      add({
        type: 'file.changed',
        turn_id: turn_id(),
        tool_call_id: `tc_${calls}`,
        path,
        operation: 'edit',
        change: 'modified',
      }),
  }
}
