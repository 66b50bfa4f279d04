import type { ToolCall, ToolResult } from '../event.ts'
import type { Report } from './call.ts'
import { interrupted, type Performed } from './perform.ts'
import type { Decision, Turn } from './turn.ts'

/** The results that calls get: of those that ran, with what is to be said behind it, and of those that did not. */

export const result = (turn: Pick<Turn, 'turn_id'>, call: ToolCall, outcome: Performed['result']): ToolResult => ({
  type: 'tool.result',
  turn_id: turn.turn_id,
  tool_call_id: call.tool_call_id,
  tool: call.tool,
  ...outcome,
})

const REJECTED = 'The user rejected this call and gave no reason. Ask what they would prefer, or go on without it.'

export const rejected = ({
  message = REJECTED,
  reason,
}: Pick<Decision, 'message' | 'reason'>): Performed['result'] => ({
  status: 'rejected',
  message,
  ...(reason && { reason }),
  execution_time_ms: 0,
})

export const stopped = (): Performed['result'] => ({
  status: 'error',
  error: interrupted(),
  message: interrupted().message,
  execution_time_ms: 0,
})

export const failed = (error: unknown): Performed['result'] => {
  const message = `The call did not start: ${error instanceof Error ? error.message : String(error)}`
  return { status: 'error', error: { code: 'TOOL_FAILED', message, recoverable: true }, message, execution_time_ms: 0 }
}

/** Errors that checkers found. */
export function withErrors(outcome: Performed['result'], wrong: readonly Report[]): Performed['result'] {
  const { result: body } = outcome
  if (wrong.length === 0 || !body) return outcome
  const diagnostics = wrong.flatMap(report => report.diagnostics)
  const content = body.content + wrong.map(({ text }) => `\n[${text}]`).join('')
  return { ...outcome, result: { ...body, content, metadata: { ...body.metadata, diagnostics } } }
}

/** Notes stand behind the result, for the model. */
export function withNotes(outcome: Performed['result'], notes: readonly string[]): Performed['result'] {
  if (notes.length === 0) return outcome
  const behind = notes.map(note => `\n[${note}]`).join('')
  const { result: body, error } = outcome
  return {
    ...outcome,
    ...(body && { result: { ...body, content: body.content + behind } }),
    ...(error && { error: { ...error, message: error.message + behind }, message: outcome.message + behind }),
  }
}
