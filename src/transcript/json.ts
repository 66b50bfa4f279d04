import { emacsSafe } from '../base/emacs-safe.ts'
import type { Stored } from '../event.ts'
import { fold } from './fold.ts'

const MAX_DEPTH = 60

/**
 * The canonical transcript: the contract, "Transcripts". Keys come in a fixed order, so that the head of a file tells what
 * it is. Provider data, inline attachments and editor context stay in the log.
 */
export function renderJson(events: readonly Stored[]): string {
  const record = fold(events)
  const tool_calls = record.tool_calls.map(call => ({ ...call, params: limitDepth(call.params, 0) }))
  return `${emacsSafe(JSON.stringify({ ...record, tool_calls }, null, 2))}\n`
}

/** Pretty-printing nests once per line: without a bound, deep parameters take quadratic space and then the stack. */
function limitDepth(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '… (nested deeper; the log has it)'
  if (Array.isArray(value)) return value.map(item => limitDepth(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, limitDepth(item, depth + 1)]))
}
