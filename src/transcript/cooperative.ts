import { setImmediate } from 'node:timers/promises'

const SLICE_MS = 8

/** The same items, with a pause for the event loop whenever the work on them has taken a few milliseconds. */
export async function* pausing<T>(items: Iterable<T>): AsyncGenerator<T> {
  let since = performance.now()
  for (const item of items) {
    yield item
    if (performance.now() - since > SLICE_MS) {
      await setImmediate()
      since = performance.now()
    }
  }
}
