import { head } from '../base/text.ts'
import type { FileChanged, Stored } from '../event.ts'

const LONGEST_DIFF = 4_000

/**
 * What was done to a file of the project since it had this hash, for the agent that knows it so: by whom, and the diffs. Empty
 * where the log does not lead back to that hash, as for changes from outside.
 */
export function changesSince(log: readonly Stored[], path: string, hash: string): string {
  const found: Stored<FileChanged>[] = []
  for (let i = log.length - 1; i >= 0; i--) {
    const event = log[i]!
    if (event.type !== 'file.changed' || event.path !== path) continue
    found.unshift(event)
    if (event.before_hash === hash) return head(found.map(told).join('\n'), LONGEST_DIFF)
  }
  return ''
}

const told = ({ agent, parent_tool_call_id, operation, diff = '' }: FileChanged): string =>
  `Changed by ${parent_tool_call_id && agent ? `the agent ${agent}` : 'the agent of the session'} (${operation}):\n${diff}`
