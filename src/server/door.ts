import { AppError, messageOf } from '../base/errors.ts'
import { withRemedy } from '../base/remedy.ts'
import { type Admitted, type Door, guard, isHealth, pathOf } from './guard.ts'
import { requestLine } from './request-line.ts'

/** The routes behind the door, once they are loaded. */
export type Api = { fetch(request: Request, admitted: Admitted): Response | Promise<Response> }
type Log = (level: 'error' | 'debug', message: string) => void

/**
 * The first thing that sees a request: checks who asks, answers `GET /health` with `about`, and hands everything else to the
 * routes, which `load` brings in when the first such request comes.
 */
export function createDoor(
  door: Door,
  given: {
    about(authorized: boolean): object
    load(): Promise<Api>
    log: Log
    /** A line for each request, at the level `debug`. */
    logs_requests?: boolean
  },
): (request: Request) => Promise<Response> {
  const { about, load, log } = given
  const admit = guard(door)
  const answer = async (request: Request): Promise<Response> => {
    try {
      const admitted = await admit(request)
      if (isHealth(request)) return Response.json(about(admitted.authorized))
      return await (await load()).fetch(request, admitted)
    } catch (error) {
      const known = reportFailure(error, request, log)
      return Response.json(errorBody(known), { status: known.status, headers: closing(known) })
    }
  }
  if (!given.logs_requests) return answer
  return async request => {
    const begun = performance.now()
    const response = await answer(request)
    log('debug', requestLine(request.method, pathOf(request.url), response.status, performance.now() - begun))
    return response
  }
}

/** Of a body that was not read to its end, the rest would be taken for the next request. */
const closing = ({ code }: AppError): Record<string, string> =>
  code === 'TIMEOUT' || code === 'OVERLOADED' ? { connection: 'close' } : {}

/** The error to answer with. What is a failure of ours is logged, with where it came from; what we say ourselves says enough. */
export function reportFailure(error: unknown, { method, url }: Request, log: Log): AppError {
  const known = explained(error)
  const said = known?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))
  const answer = known ?? new AppError('INTERNAL', 'An unexpected failure; the log of the backend says more.')
  if (answer.status >= 500) log('error', `${method} ${pathOf(url)}: ${said}`)
  return answer
}

/** What we say ourselves, and failed calls of the file system with their remedy; null for what nobody foresaw. */
function explained(error: unknown): AppError | null {
  if (error instanceof AppError) return error
  const message = messageOf(error)
  const remedied = withRemedy(message, error)
  return remedied === message ? null : new AppError('INTERNAL', remedied, {}, { cause: error })
}

export const errorBody = ({ code, message, details }: AppError) => ({ error: { code, message, details } })
