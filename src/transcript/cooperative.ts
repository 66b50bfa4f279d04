import { setImmediate } from 'node:timers/promises'
import { collectGarbage } from '../base/garbage.ts'

const SLICE_MS = 8
/** So many slices make much garbage; what takes less than that is left to the engine. */
const SLICES = 16

/** The same items, with a pause for the event loop whenever the work on them has taken a few milliseconds. */
export async function* pausing<T>(items: Iterable<T>): AsyncGenerator<T> {
  let since = performance.now()
  let slices = 0
  for (const item of items) {
    yield item
    if (performance.now() - since <= SLICE_MS) continue
    if (++slices % SLICES === 0) collectGarbage()
    await setImmediate()
    since = performance.now()
  }
}
