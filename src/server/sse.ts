import { AppError } from '../base/errors.ts'
import { slice, toJson } from '../base/text.ts'
import type { Stored } from '../event.ts'
import type { Session } from '../session/session.ts'
import type { Store } from '../session/store.ts'
import type { Broadcast } from '../session/subscribers.ts'
import { AHEAD, streamFrames } from './frames.ts'

/** The `Last-Event-ID` of a request: the id, or null without the header. Throws INVALID_REQUEST unless 1 to 15 digits. */
export function parseLastEventId(header: string | undefined): number | null {
  if (header === undefined) return null
  if (!/^\d{1,15}$/.test(header)) throw new AppError('INVALID_REQUEST', 'Last-Event-ID: expected 1 to 15 digits.')
  return Number(header)
}

/**
 * One session as SSE: the stored events after `after` (none for null), the agent's state, a catch-up delta for each message
 * in progress, then live. What is stored, and what was said of a message so far, is read as the reader takes it; only what
 * is live is ever queued. So a stream costs a bounded queue, however long the log is, or the message.
 */
export function sessionStream(session: Session, after: number | null): Response {
  const { log } = session
  let cursor = after ?? session.last_event_id
  let reset = cursor > session.last_event_id
  if (reset) cursor = 0
  /** Characters of each message in progress that this reader was told. */
  const told = new Map<string, number>()

  function* stored() {
    for (let index = indexAfter(log.events, cursor); index < log.events.length; index++) {
      const event = log.events[index]!
      if (event.id > session.last_event_id) return // on its way to all who listen
      cursor = event.id
      if (event.type === 'message') told.delete(event.message_id)
      yield frameOf(event)
    }
  }
  function* inProgress() {
    for (;;) {
      const partial = [...session.partials].find(
        ({ message_id, content }) => content.length > (told.get(message_id) ?? 0),
      )
      if (!partial) return
      const from = told.get(partial.message_id) ?? 0
      const content = slice(partial.content, from, from + LONGEST_DELTA)
      told.set(partial.message_id, from + content.length)
      const { replace: _, ...delta } = partial
      yield encode({ ...delta, content, ...(from === 0 && { replace: true }) })
    }
  }

  return streamFrames({
    *backlog() {
      if (reset) yield encode({ type: 'reset', at: now() })
      reset = false
      let state: Session['agent_state']
      do {
        yield* stored()
        state = session.agent_state
        yield encode({ ...state, last_event_id: session.last_event_id, at: now() })
        yield* inProgress()
        // The reader took its time: there may be more by now.
      } while (cursor < session.last_event_id || session.agent_state !== state)
    },
    subscribe: (send, end) =>
      session.subscribe(event => {
        const id = 'id' in event ? event.id : undefined
        if (id !== undefined && id <= cursor) return
        // What was told so far no longer counts: a reader that is behind is brought the new text from its beginning.
        if (event.type === 'message.delta' && event.replace) told.delete(event.message_id)
        if (!send(sharedFrame(event), { stored: id !== undefined, last: event.type === 'session.closed' })) return
        cursor = id ?? cursor
        if (event.type === 'message') told.delete(event.message_id)
        if (event.type === 'message.delta')
          told.set(event.message_id, (told.get(event.message_id) ?? 0) + event.content.length)
      }, end),
    isOver: () => session.isOver,
  })
}

/** Of a message in progress, in characters: what is longer comes in parts, the first of which replaces. */
const LONGEST_DELTA = 16 * 1024

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
function frameOf(event: Stored): Uint8Array {
  const kept = large.get(event)?.deref()
  if (kept) return kept
  const { provider_data: _, ...shown } = event as Stored & { provider_data?: unknown }
  const frame = encoder.encode(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(shown)}\n\n`)
  if (frame.length > AHEAD) large.set(event, new WeakRef(frame))
  return frame
}

/** Frames that take a reader more than one piece are shared by all who are being sent them. */
const large = new WeakMap<Stored, WeakRef<Uint8Array>>()

const encode = (event: { type: string; [field: string]: unknown }): Uint8Array =>
  encoder.encode(`event: ${event.type}\ndata: ${toJson(event)}\n\n`)

let latest: { event: Broadcast; frame: Uint8Array } | null = null

/** All subscribers are told of an event one after the other: they share one frame. */
function sharedFrame(event: Broadcast): Uint8Array {
  if (latest?.event !== event) latest = { event, frame: 'id' in event ? frameOf(event) : encode(event) }
  return latest.frame
}

/** One line for each live session, and again whenever it changes. */
export const summaryStream = (store: Store): Response =>
  streamFrames({
    backlog: () => [],
    subscribe: send => store.watch(summary => send(encode({ ...summary, at: now() }))),
    isOver: () => false,
  })
