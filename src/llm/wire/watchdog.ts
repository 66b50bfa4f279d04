import { onAbort } from '../../base/abort.ts'
import type { Patience } from '../../config/vendors.ts'

/** Silence went on for longer than there is patience. */
export class Stalled extends Error {
  override name = 'Stalled'
  readonly silent_ms: number
  constructor(silent_ms: number) {
    super(`silent for ${silent_ms} ms`)
    this.silent_ms = silent_ms
  }
}

/** Measures silence in small steps. A step counts as no more than two, so that hours of suspension are no stalled stream. */
export class Silence {
  #ms = 0
  #last: number
  readonly #step: number

  constructor(now: number, step_ms: number) {
    this.#last = now
    this.#step = step_ms
  }

  heard(now: number): void {
    this.#ms = 0
    this.#last = now
  }

  /** The silence so far, in milliseconds. */
  tick(now: number): number {
    this.#ms += Math.min(Math.max(0, now - this.#last), 2 * this.#step)
    this.#last = now
    return this.#ms
  }
}

export type Watchdog = {
  /** For the request: aborted when the caller's is, when the stream stalls, and at the end. */
  signal: AbortSignal
  /** Waits for `work`, but no longer than there is patience and the caller's signal allows. Only waiting counts as silence. */
  wait<T>(work: Promise<T>): Promise<T>
  /** Something came: from here on it is silence between two bytes. */
  heard(): void
  /** The answer has come to its finish: wait only a little for what may follow. */
  finished(): void
  /** Closes the connection, whatever state it is in. */
  end(): void
}

/**
 * Ties a request to the caller's signal and to a watchdog. An abort and a stall reject what is being waited for at once; the
 * connection is closed then and at the end.
 */
export function createWatchdog(caller: AbortSignal, patience: Patience): Watchdog {
  const controller = new AbortController()
  const step_ms = Math.max(5, Math.min(1_000, patience.idle_ms / 8))
  const silence = new Silence(performance.now(), step_ms)
  let limit = patience.first_ms
  let finished = false
  let waiting: ((reason: unknown) => void) | undefined
  let over: { reason: unknown } | undefined

  const stop = (reason: unknown) => {
    over ??= { reason }
    waiting?.(over.reason)
    controller.abort(over.reason)
  }
  const timer = setInterval(() => {
    const silent = silence.tick(performance.now())
    if (waiting && silent >= limit) stop(new Stalled(silent))
  }, step_ms)
  const off = onAbort(caller, () => stop(caller.reason))

  return {
    signal: controller.signal,
    async wait(work) {
      silence.heard(performance.now())
      try {
        return await new Promise((resolve, reject) => {
          waiting = reject
          work.then(resolve, reject)
          if (over) reject(over.reason)
        })
      } finally {
        waiting = undefined
      }
    },
    heard() {
      limit = finished ? patience.finished_ms : patience.idle_ms
    },
    finished() {
      finished = true
      limit = patience.finished_ms
    },
    end() {
      clearInterval(timer)
      off()
      stop(new Error('the answer is over'))
    },
  }
}
