import { newId } from '../base/ids.ts'
import type { Segment } from '../conventions/expansion.ts'
import type { Event, Prompt, ToolResult } from '../event.ts'
import { runCalls } from './calls.ts'
import { endTurn, failTurn, runTurn } from './loop.ts'
import type { Turn } from './turn.ts'

/**
 * A turn that begins with a command whose shell lines have to run first: each is an ordinary call with its approval, in
 * order, and what it prints stands in the prompt in its place. One that is rejected, denied or fails ends the turn, and the
 * prompt is never sent.
 */
export async function* runCommand(
  turn: Turn,
  prompt: Prompt,
  segments: readonly Segment[],
  signal: AbortSignal,
): AsyncGenerator<Event, void> {
  const started = performance.now()
  let text = ''
  try {
    for (const segment of segments) {
      if (segment.kind === 'text') text += segment.text
      else {
        const result = yield* runLine(turn, segment.command, signal)
        if (result?.status !== 'success') return yield* endTurn(turn, 'interrupted', started)
        text += result.result?.content.trimEnd() ?? ''
      }
    }
  } catch (error) {
    return yield* signal.aborted ? endTurn(turn, 'interrupted', started) : failTurn(turn, error, started)
  }
  yield { ...prompt, text }
  yield* runTurn(turn, signal)
}

async function* runLine(turn: Turn, command: string, signal: AbortSignal) {
  const call = { tool_call_id: newId('tc'), tool: 'shell_exec', params: { command } }
  let result: ToolResult | undefined
  for await (const event of runCalls(turn, { tool_calls: [call] }, signal)) {
    if (event.type === 'tool.result') result = event
    yield event
  }
  return result
}
