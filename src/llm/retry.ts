import { onAbort } from '../base/abort.ts'
import { LlmError } from './errors.ts'
import type { ModelEvent, ModelReply, Stream } from './provider.ts'

export type RetryOptions = {
  /** How often a call is tried again. */
  retries?: number
  /** Bounds of the first wait; each further one may be twice as long. */
  base_ms?: number
  /** A provider that asks for more is not waited for, but reported. */
  longest_ms?: number
  /** When it names the time at which a limit ends, that is waited for, however far, and costs no attempt. */
  wait_for_reset?: boolean
  random?: () => number
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Tries a model call again where that can help: exponential backoff (2, 4, 8, 16 s) with full jitter, or as long as the
 * provider asks. Each attempt is announced as a `retry` event before its wait.
 *
 * Thinking and drafts may start over. Text that was shown may not: then the call *returns* what there is, with stop_reason
 * `cut` and no tool calls, for the loop to store and go on from (the contract, A turn). Throws LlmError when nothing helps, with
 * `partial` where text was shown; or the signal's reason.
 */
export function withRetry(stream: Stream, options: RetryOptions = {}): Stream {
  const {
    retries = 4,
    base_ms = 2_000,
    longest_ms = 60_000,
    wait_for_reset = false,
    random = Math.random,
    sleep = pause,
  } = options
  return async function* (request, signal): AsyncGenerator<ModelEvent, ModelReply> {
    for (let attempt = 0; ; attempt++) {
      try {
        return yield* stream(request, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof LlmError) || !error.retryable) throw error
        const far = (error.retry_after_ms ?? 0) > longest_ms
        const resets = far && wait_for_reset && error.code === 'LLM_RATE_LIMIT'
        if (far && !resets) throw error
        if (resets) attempt = -1 // a new period: what was tried in the last one does not count
        if (attempt >= retries && !error.partial) throw error
        const retry_in_ms = Math.round(error.retry_after_ms ?? random() * base_ms * 2 ** attempt)
        yield { type: 'retry', code: error.code, message: error.message, retry_in_ms }
        await sleep(Math.min(retry_in_ms, STEP_MS), signal)
        for (let left = retry_in_ms - STEP_MS; left > 0; left -= STEP_MS) {
          yield { type: 'waiting', left_ms: left }
          await sleep(Math.min(left, STEP_MS), signal)
        }
        if (error.partial) return error.partial
      }
    }
  }
}

/** A longer wait is counted down in steps of this. */
const STEP_MS = 60_000

/** Rejects with the signal's reason on abort. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const timer = setTimeout(() => {
      off()
      resolve()
    }, ms)
    const off = onAbort(signal, () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
