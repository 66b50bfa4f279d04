/** Lets work that runs on the side report into a generator: `push` from callbacks, `for await` in the loop, `close` to end. */
export type Channel<T> = AsyncIterable<T> & { push(item: T): void; close(): void }

export function createChannel<T>(): Channel<T> {
  const items: T[] = []
  let closed = false
  let wake = () => {}
  return {
    push(item) {
      items.push(item)
      wake()
    },
    close() {
      closed = true
      wake()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (items.length > 0) yield items.shift()!
        if (closed) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
  }
}
