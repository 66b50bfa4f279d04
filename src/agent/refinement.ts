import { newId } from '../base/ids.ts'
import { head, tail } from '../base/text.ts'
import type { Event, Stored, ToolResult, TurnEnd } from '../event.ts'
import { runCalls } from './calls.ts'
import type { Turn } from './turn.ts'

/** How often a failure goes back to the model. */
const ROUNDS = 5
const LONGEST_FAILURE = 12_000

/**
 * Runs the command `until` after the turn's work; while it fails, its output goes back to the model, which works on. The command is
 * approved once. Ends with `limit` after five rounds, and when the same failure comes twice although nothing was changed between.
 * `work` runs the model until it has no further call.
 */
export async function* refine(
  turn: Turn,
  until: string,
  work: (turn: Turn, signal: AbortSignal) => AsyncGenerator<Event, TurnEnd['outcome']>,
  signal: AbortSignal,
): AsyncGenerator<Event, TurnEnd['outcome']> {
  let command = until
  let checking = turn
  let last: { failure: string; length: number } | undefined
  for (let round = 1; ; round++) {
    const { result, isLate } = yield* check(checking, command, signal)
    if (isLate) return 'limit'
    if (!result?.result) return 'completed' // rejected or refused: the result says why
    const { exit_code, timed_out } = result.result.metadata
    if (exit_code === 0) return 'completed'
    const failure = normal(result.result.content)
    const log = turn.log()
    const isStuck = last?.failure === failure && !hasChanged(log.slice(last.length))
    if (isStuck || round > ROUNDS) {
      yield stopped(turn, command, isStuck)
      return 'limit'
    }
    // What was edited begins with a note that says so.
    last = result.edited ? undefined : { failure, length: log.length }
    command = approvedAs(log, result.tool_call_id) ?? command
    checking = approved(turn, command)
    const how = timed_out ? 'did not end in time' : `failed with exit status ${String(exit_code)}`
    yield {
      type: 'prompt',
      turn_id: newId('turn'),
      agent: turn.agent.name,
      source: 'agent',
      text: `The check ${command} ${how} (round ${round} of ${ROUNDS}). Mend what it shows; it runs again when you are done.\n\n${ends(result.result.content)}`,
    }
    const outcome = yield* work(turn, signal)
    if (outcome !== 'completed') return outcome
  }
}

/** One run of the command, as an ordinary call. `isLate`: nobody decided in time. */
async function* check(turn: Turn, command: string, signal: AbortSignal) {
  const call = { tool_call_id: newId('tc'), tool: 'shell_exec', params: { command } }
  let result: ToolResult | undefined
  const calls = runCalls(turn, { tool_calls: [call] }, signal)
  let step = await calls.next()
  for (; !step.done; step = await calls.next()) {
    if (step.value.type === 'tool.result') result = step.value
    yield step.value
  }
  return { result, isLate: step.value === 'timeout' }
}

/** The same turn, in which this very command asks nobody; what denies it still does. */
const approved = (turn: Turn, command: string): Turn => ({
  ...turn,
  place: { ...turn.place, policy: () => ({ ...turn.place.policy(), approved_line: command }) },
})

/** The command that a person made of it when they approved it. */
function approvedAs(log: readonly Stored[], tool_call_id: string): string | undefined {
  const approval = log.findLast(event => event.type === 'approval' && event.tool_call_id === tool_call_id)
  const command = approval?.type === 'approval' ? approval.params?.['command'] : undefined
  return typeof command === 'string' ? command : undefined
}

/** Without what differs each time: durations, ports, addresses. */
const normal = (output: string): string => output.replace(/0x[\da-f]+|\d+(?:[.:]\d+)*/gi, '#').trim()

/** The end has what counts, and the beginning what it is about. */
const ends = (text: string): string =>
  text.length <= LONGEST_FAILURE
    ? text
    : `${head(text, LONGEST_FAILURE / 4)}\n[…]\n${tail(text, (LONGEST_FAILURE * 3) / 4)}`

/** Whether a call of the model's, or of an agent that works for it, changed a file: what the check itself writes is none. */
const hasChanged = (log: readonly Stored[]): boolean => {
  const asked = new Set(
    log.flatMap(event => (event.type === 'message' ? event.tool_calls : [])).map(c => c.tool_call_id),
  )
  return log.some(
    event =>
      event.type === 'file.changed' && (asked.has(event.tool_call_id) || event.parent_tool_call_id !== undefined),
  )
}

const stopped = ({ turn_id }: Turn, command: string, isStuck: boolean): Event => ({
  type: 'notice',
  turn_id,
  code: 'UNTIL_FAILED',
  message: isStuck
    ? `${command} failed twice in the same way, and nothing was changed between: the turn ends here.`
    : `${command} still fails after ${ROUNDS} rounds: the turn ends here.`,
})
