import { AppError } from '../errors.ts'
import type { Stored } from '../event.ts'
import type { Broadcast } from '../session/live.ts'
import type { Session } from '../session/session.ts'
import type { Store } from '../session/store.ts'
import { type Frame, streamFrames } from './frames.ts'

/** The `Last-Event-ID` of a request: the id, or null without the header. Throws INVALID_REQUEST unless 1 to 15 digits. */
export function parseLastEventId(header: string | undefined): number | null {
  if (header === undefined) return null
  if (!/^\d{1,15}$/.test(header)) throw new AppError('INVALID_REQUEST', 'Last-Event-ID: expected 1 to 15 digits.')
  return Number(header)
}

/**
 * One session as SSE: the stored events after `after` (none for null), the agent's state, a catch-up delta for each message
 * in progress, then live. What is stored is pulled from the log as the reader takes it; only what is live is ever queued,
 * and a reader that falls behind on that goes back to pulling. So a stream costs a bounded queue, however long the log is.
 */
export function sessionStream(session: Session, after: number | null): Response {
  const { log } = session
  let cursor = after ?? session.last_event_id
  let reset = cursor > session.last_event_id
  if (reset) cursor = 0

  return streamFrames({
    *replay() {
      if (reset) yield encode({ type: 'reset', at: now() })
      reset = false
      for (let index = indexAfter(log.events, cursor); index < log.events.length; index++) {
        const event = log.events[index]!
        if (event.id > session.last_event_id) return // on its way to all who listen
        cursor = event.id
        yield frameOf(event)
      }
    },
    *catchUp() {
      yield encode({ ...session.agent_state, last_event_id: session.last_event_id, at: now() })
      for (const partial of session.partials) yield encode(partial)
    },
    subscribe: (send, end) =>
      session.subscribe(event => {
        const taken = send(sharedFrame(event), event.type === 'session.closed')
        if (taken && 'id' in event) cursor = event.id
      }, end),
    isOver: () => session.isOver,
  })
}

const now = () => new Date().toISOString()

/** The first event with an id beyond `id`; ids grow, but a damaged log has gaps. */
function indexAfter(events: readonly Stored[], id: number): number {
  if (id <= 0) return 0
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (events[middle]!.id <= id) low = middle + 1
    else high = middle
  }
  return low
}

const encoder = new TextEncoder()

/** A stored event's data is its log line, but for what only providers need. */
const frameOf = (event: Stored): Frame => {
  const { provider_data: _, ...shown } = event as Stored & { provider_data?: unknown }
  return { bytes: encoder.encode(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(shown)}\n\n`) }
}

const encode = (event: { type: string; [field: string]: unknown }): Frame => ({
  bytes: encoder.encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
})

let latest: { event: Broadcast; frame: Frame } | null = null

/** All subscribers are told of an event one after the other: they share one frame. */
function sharedFrame(event: Broadcast): Frame {
  if (latest?.event !== event) latest = { event, frame: 'id' in event ? frameOf(event) : encode(event) }
  return latest.frame
}

/** One line for each live session, and again whenever it changes. */
export const summaryStream = (store: Store): Response =>
  streamFrames<Frame>({
    replay: () => [],
    catchUp: () => [],
    subscribe: send => store.watch(summary => send(encode({ ...summary, at: now() }))),
    isOver: () => false,
  })
