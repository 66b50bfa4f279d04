import { AppError } from '../base/errors.ts'
import type { Message, Stored, ToolResult } from '../event.ts'

/** So many equal failures in a row, and the turn ends: the model does not learn from them. */
const MOST = 3

/**
 * Notices a model that makes the same call again and again, though it fails in the same way each time. `round` takes a message
 * and what was logged while its calls ran. A call that succeeds, or that a person decided on, begins the count anew: what failed
 * may work now. One that is rejected because nobody is there to ask counts as a failure. Throws TOOL_FAILED at the third failure
 * of one tool with the same params and the same error.
 */
export function createFutility() {
  const failures = new Map<string, number>()
  return {
    round({ tool_calls }: Message, events: readonly Stored[]): void {
      const calls = new Map(tool_calls.map(call => [call.tool_call_id, call]))
      const results = events.flatMap(event => {
        const call = event.type === 'tool.result' ? calls.get(event.tool_call_id) : undefined
        return call && event.type === 'tool.result' ? [{ call, result: event }] : []
      })
      const unasked = new Set(
        events.flatMap(event => (event.type === 'approval' && event.by !== 'user' ? [event.tool_call_id] : [])),
      )
      const fails = ({ status, tool_call_id }: ToolResult) =>
        status === 'error' || (status === 'rejected' && unasked.has(tool_call_id))
      if (results.some(({ result }) => !fails(result))) failures.clear()
      const failed = results.flatMap(({ call, result }) =>
        fails(result)
          ? [{ tool: call.tool, key: JSON.stringify([call.tool, call.params, result.error]), message: result.message }]
          : [],
      )
      for (const { tool, key, message } of new Map(failed.map(each => [each.key, each])).values()) {
        const times = (failures.get(key) ?? 0) + 1
        failures.set(key, times)
        if (times >= MOST)
          throw new AppError(
            'TOOL_FAILED',
            `The model made the same call to ${tool} ${MOST} times, and each failed in the same way: ${message} Say what it should do instead, or choose another model.`,
          )
      }
    },
  }
}
