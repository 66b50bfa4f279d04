import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'

/** Keeps a server that fails again and again from being started again and again. */
export type Breaker = {
  /** Waits when it is soon time for another try; throws MCP_SERVER_ERROR when it is not. */
  pass(who: string, lastError: string | null): Promise<void>
  failed(): void
  succeeded(): void
  reset(): void
}

const FIRST_MS = 500
const LONGEST_MS = 60_000
/** A wait that a caller is not troubled with. */
const SHORT_MS = 1000

/** The first failure is free; then half a second, doubling up to a minute, until a call succeeds. */
export function createBreaker(now: () => number = Date.now): Breaker {
  let failures = 0
  let open_at = 0
  const reset = () => {
    failures = 0
    open_at = 0
  }
  return {
    async pass(who, lastError) {
      const wait = open_at - now()
      if (wait <= 0) return
      if (wait <= SHORT_MS) return delay(wait)
      throw new AppError(
        'MCP_SERVER_ERROR',
        `${who} failed ${failures} times and rests for another ${Math.ceil(wait / 1000)} s. ${lastError ?? ''} Restart it by hand to try at once.`,
      )
    },
    failed() {
      failures++
      if (failures > 1) open_at = now() + Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 2))
    },
    succeeded: reset,
    reset,
  }
}
