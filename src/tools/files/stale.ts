import { AppError } from '../../base/errors.ts'
import type { ToolContext } from '../tool.ts'

/** The file is not what the agent read. `seen` is the hash of that; `then` says what to do, or what went wrong. */
export function staleFile(path: string, shown: string, seen: string, then: string, context: ToolContext): AppError {
  const changes = context.changesSince?.(path, seen) ?? ''
  return new AppError(
    'STALE_FILE',
    [`${shown} has changed since you read it: ${then}`, changes].filter(Boolean).join('\n'),
  )
}
