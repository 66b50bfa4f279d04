import { emacsSafe } from '../base/emacs-safe.ts'
import type { Stored } from '../event.ts'
import { pausing } from './cooperative.ts'
import { fold } from './fold.ts'

const MAX_DEPTH = 60

/** The lists of the record, which may be long: their items are written one by one. */
const LISTS = new Set(['messages', 'tool_calls', 'file_changes'])

/**
 * The canonical transcript: the contract, "Transcripts". Keys come in a fixed order, so that the head of a file shows what
 * it is. Provider data, inline attachments and editor context stay in the log. It comes in pieces, indented as
 * `JSON.stringify` would.
 */
export async function* jsonPieces(events: readonly Stored[]): AsyncGenerator<string> {
  let before = '{'
  for (const [key, value] of Object.entries(fold(events) as Record<string, unknown>)) {
    const name = `${before}\n  ${JSON.stringify(key)}: `
    before = ','
    if (!LISTS.has(key) || !Array.isArray(value) || value.length === 0) {
      yield `${name}${textOf(value, '  ')}`
      continue
    }
    let opening = `${name}[`
    for await (const item of pausing<object>(value)) {
      const shown = 'params' in item ? { ...item, params: limitDepth(item.params, 0) } : item
      yield `${opening}\n    ${textOf(shown, '    ')}`
      opening = ','
    }
    yield '\n  ]'
  }
  yield '\n}\n'
}

/** No string in JSON holds a line break: each is one between lines, and gets the indent. */
const textOf = (value: unknown, indent: string): string =>
  emacsSafe(JSON.stringify(value, null, 2)).replaceAll('\n', `\n${indent}`)

/** Pretty-printing nests once per line: without a bound, deep parameters take quadratic space and then the stack. */
function limitDepth(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '… (nested deeper; the log has it)'
  if (Array.isArray(value)) return value.map(item => limitDepth(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, limitDepth(item, depth + 1)]))
}
