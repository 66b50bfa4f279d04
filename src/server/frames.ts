export type Frame = { bytes: Uint8Array }

/** Where the frames of one subscriber come from. */
export type Source<F extends Frame> = {
  /** What is stored and not yet sent, read as it is taken; empty where nothing is stored. */
  replay(): Iterable<F>
  /** What is going on right now: sent between the replay and what is live. */
  catchUp(): Iterable<F>
  /** Sends what is live. `send` answers whether the frame was taken: if not, it is to be replayed. `end` ends the stream. */
  subscribe(send: (frame: F, last?: boolean) => boolean, end: () => void): () => void
  isOver(): boolean
}

/** The queue of a live reader. More than `MOST_BEHIND` bytes, for longer than `PATIENCE_MS`, and it is cut off. */
const MOST_BEHIND = 1024 * 1024
const PATIENCE_MS = 2_000
const HEARTBEAT_MS = 15_000
/** How much is read ahead of the reader while replaying. */
const AHEAD = 64 * 1024

const HEARTBEAT = new TextEncoder().encode(': \n\n')
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/**
 * A subscriber's stream. It replays at the reader's pace, then goes live; a live reader that does not keep up is put back to
 * replaying, so its queue is bounded and it misses nothing that is stored. One that then takes nothing for two seconds is
 * cut off, and loses nothing either: its `Last-Event-ID` brings it back.
 */
export function streamFrames<F extends Frame>(source: Source<F>): Response {
  let replay: Iterator<F> | null = source.replay()[Symbol.iterator]()
  let unsubscribe = () => {}
  let patience: NodeJS.Timeout | undefined
  let heartbeat: NodeJS.Timeout | undefined

  const stop = () => {
    unsubscribe()
    clearTimeout(patience)
    clearInterval(heartbeat)
  }
  const end = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    stop()
    controller.close()
  }
  const backlog = (controller: ReadableStreamDefaultController) => AHEAD - (controller.desiredSize ?? 0)

  const goLive = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    replay = null
    for (const frame of source.catchUp()) controller.enqueue(frame.bytes)
    if (source.isOver()) return end(controller)
    unsubscribe = source.subscribe(
      (frame, last) => {
        if (backlog(controller) > MOST_BEHIND) {
          unsubscribe()
          replay = source.replay()[Symbol.iterator]()
          patience = setTimeout(() => {
            stop()
            controller.error(new Error('The reader fell too far behind.'))
          }, PATIENCE_MS)
          return false
        }
        controller.enqueue(frame.bytes)
        if (last) end(controller)
        return true
      },
      () => end(controller),
    )
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(HEARTBEAT)
        }, HEARTBEAT_MS)
      },
      pull(controller) {
        clearTimeout(patience)
        while (replay && (controller.desiredSize ?? 0) > 0) {
          const { done, value } = replay.next()
          if (done) return goLive(controller)
          controller.enqueue(value.bytes)
        }
      },
      cancel: stop,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: AHEAD }),
  )
  return new Response(body, { headers: HEADERS })
}
