import { AppError, messageOf } from '../../base/errors.ts'
import { causeIn } from '../transport/cause.ts'

/** The messages for people and models when a server fails: which one, how, and what that means for them. */

/** What a shell says of a program that is not there. */
const NOT_FOUND = 'exit code 127'
const MISSING = 'its program was not found. Install it, or correct the entry'

/** `ending` is how its process ended, if it did; `said` what it wrote to stderr. */
export function startFailure(server: string, error: unknown, ending: string | null, said: string[]): AppError {
  if (error instanceof AppError) return error
  const why = ending === NOT_FOUND ? MISSING : ending ? `it ended with ${ending}` : messageOf(error)
  const reason = causeIn(said)
  const words = reason ? ` It said: ${reason}` : ''
  const cause = { cause: error as Error }
  return new AppError('MCP_SERVER_ERROR', `MCP server ${server} did not start: ${why}.${words}`, {}, cause)
}

/** Its entry names variables that are not set: with nothing in their place it would fail later, and less clearly. */
export const unsetFailure = (server: string, unset: string[], origin: string): AppError =>
  new AppError(
    'MCP_SERVER_ERROR',
    `MCP server ${server} was not started: ${origin} names variables that are not set (${unset.join(', ')}). Set them for the backend, or take them out of the entry.`,
  )

export function crashFailure(server: string, ending: string, said: string[]): AppError {
  const reason = causeIn(said)
  const words = reason ? ` It said: ${reason}` : ''
  return new AppError('MCP_SERVER_ERROR', `MCP server ${server} ended by itself with ${ending}.${words}`)
}

/** `ran`: the call was sent, and it is not known how far it came. */
export function callFailure(server: string, tool: string, ran: boolean, ending: string): AppError {
  const advice = ran
    ? 'The call may have done its work: look before you call it again.'
    : 'The call was not made; it can be repeated.'
  return new AppError('MCP_SERVER_ERROR', `MCP server ${server} ended with ${ending} during ${tool}. ${advice}`)
}
