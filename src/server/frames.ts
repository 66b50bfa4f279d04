/** Where the frames of one subscriber come from. */
export type Source = {
  /** All that the reader was not told yet, made as it takes it. Ends once there is nothing more: what follows is live. */
  backlog(): Iterable<Uint8Array>
  /** Sends what is live, until it is called off. `end` ends the stream. */
  subscribe(send: Send, end: () => void): () => void
  isOver(): boolean
  /** The stream has ended, for whatever reason. */
  close?(): void
}
/** Answers whether the frame was taken. If not, it is for `backlog` to bring, like everything after it. */
type Send = (frame: Uint8Array, about?: { stored?: boolean; last?: boolean }) => boolean

/** The queue of a live reader. More than `MOST_BEHIND` bytes, for longer than `PATIENCE_MS`, and it is cut off. */
const MOST_BEHIND = 1024 * 1024
const PATIENCE_MS = 2_000
const HEARTBEAT_MS = 15_000
/** How much is read ahead of a reader that is not up to date, and the largest piece it gets at a time. */
export const AHEAD = 64 * 1024

const HEARTBEAT = new TextEncoder().encode(': \n\n')
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/**
 * A subscriber's stream. It is brought up to date at the reader's pace, then goes live; a live reader that does not keep up
 * is brought up to date again, and so is one that is sent something large and stored. So its queue is bounded, and it misses
 * nothing that is stored. One that then takes nothing for two seconds is cut off, and loses nothing either: its
 * `Last-Event-ID` brings it back.
 */
export function streamFrames(source: Source): Response {
  let backlog: Iterator<Uint8Array> | null = inPieces(source.backlog())
  let unsubscribe = () => {}
  let patience: NodeJS.Timeout | undefined
  let heartbeat: NodeJS.Timeout | undefined

  let isOpen = true

  const stop = () => {
    unsubscribe()
    if (isOpen) source.close?.()
    isOpen = false
    clearTimeout(patience)
    clearInterval(heartbeat)
  }
  const end = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    stop()
    controller.close()
  }
  const room = (controller: ReadableStreamDefaultController) => controller.desiredSize ?? 0

  const bringUpToDate = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    while (backlog && room(controller) > 0) {
      const { done, value } = backlog.next()
      if (done) return goLive(controller)
      controller.enqueue(value)
    }
  }

  const goLive = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    backlog = null
    clearTimeout(patience)
    if (source.isOver()) return end(controller)
    let isBehind = false
    const leave = source.subscribe(
      (frame, { stored = false, last = false } = {}) => {
        if (isBehind) return false
        if (AHEAD - room(controller) > MOST_BEHIND || (stored && frame.length > AHEAD)) {
          isBehind = true
          fallBehind(controller)
          return false
        }
        controller.enqueue(frame)
        if (last) end(controller)
        return true
      },
      () => end(controller),
    )
    // A source may send while it is subscribed to.
    if (isBehind || !isOpen) leave()
    else unsubscribe = leave
  }

  const fallBehind = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    unsubscribe()
    backlog = inPieces(source.backlog())
    patience = setTimeout(() => {
      stop()
      controller.error(new Error('The reader fell too far behind.'))
    }, PATIENCE_MS)
    bringUpToDate(controller)
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        heartbeat = setInterval(() => {
          // Not within a frame of which there is more to come.
          if (!backlog && room(controller) > 0) controller.enqueue(HEARTBEAT)
        }, HEARTBEAT_MS)
      },
      pull(controller) {
        clearTimeout(patience)
        bringUpToDate(controller)
      },
      cancel: stop,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: AHEAD }),
  )
  return new Response(body, { headers: HEADERS })
}

function* inPieces(frames: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  for (const frame of frames)
    for (let at = 0; at < frame.length; at += AHEAD) yield frame.subarray(at, Math.min(at + AHEAD, frame.length))
}
