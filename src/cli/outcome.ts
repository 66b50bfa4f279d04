import { head } from '../base/text.ts'
import type { ToolResult } from '../event.ts'
import { count, lineCount } from '../tools/text.ts'
import { inert } from './terminal.ts'

/** What a call found or did, in a few words. */
export function outcomeOf({ result }: Pick<ToolResult, 'result'>): string {
  const { content = '', metadata = {} } = result ?? {}
  const number = (name: string) => (typeof metadata[name] === 'number' ? metadata[name] : undefined)
  const matches = number('matches')
  const exit = number('exit_code')
  if (matches !== undefined)
    return `${matches.toLocaleString('en')} ${matches === 1 ? 'match' : 'matches'} in ${count(number('files') ?? 0, 'file')}`
  const text = content.trim()
  const lines = lineCount(text)
  const said = lines > 1 ? count(lines, 'line') : head(inert(text), 100)
  if (exit !== undefined) return [`exit ${exit}`, said].filter(Boolean).join(', ')
  return said || 'no output'
}
