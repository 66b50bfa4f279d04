import { AppError } from '../../base/errors.ts'
import type { ToolContext } from '../tool.ts'

const TIMEOUT_SECONDS = 30

/** What `act` resolves with. Throws TIMEOUT, which names `what`, after 30 s; and as `act` does. */
export async function timed<T>(
  what: string,
  { signal: interrupt }: Pick<ToolContext, 'signal'>,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.any([interrupt, AbortSignal.timeout(TIMEOUT_SECONDS * 1000)])
  try {
    return await act(signal)
  } catch (error) {
    interrupt.throwIfAborted()
    if (!signal.aborted) throw error
    throw new AppError('TIMEOUT', `${what} took more than ${TIMEOUT_SECONDS} s.`)
  }
}
