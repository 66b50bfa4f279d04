import { AppError } from '../base/errors.ts'
import { slice, toJson } from '../base/text.ts'
import type { Stored } from '../event.ts'
import type { Session } from '../session/session.ts'
import type { Store } from '../session/store.ts'
import type { Broadcast, InProgress } from '../session/subscribers.ts'
import { AHEAD, streamFrames } from './frames.ts'

/** The `Last-Event-ID` of a request: the id, or null without the header. Throws INVALID_REQUEST unless 1 to 15 digits. */
export function parseLastEventId(header: string | undefined): number | null {
  if (header === undefined) return null
  if (!/^\d{1,15}$/.test(header)) throw new AppError('INVALID_REQUEST', 'Last-Event-ID: expected 1 to 15 digits.')
  return Number(header)
}

/** How the events of a session become the frames of one subscriber. */
export type Encoding = {
  stored(event: Stored): Uint8Array
  /** The next frame of a message in progress that the subscriber does not have all of. Undefined when it has all. */
  inProgress(): Uint8Array | undefined
  live(event: Broadcast): Uint8Array
  /** The frame of the live `event` was sent. */
  sent(event: Broadcast): void
  /** The subscriber is gone. */
  close(): void
}

/**
 * One session as SSE: the stored events after `after` (none for null), the agent's state, a catch-up delta for each message
 * in progress, then live. What is stored, and what came of a message so far, is read as the reader takes it; only what is
 * live is ever queued. So a stream costs a bounded queue, however long the log is, or the message.
 */
export function sessionStream(session: Session, after: number | null, encoding = plainEncoding(session)): Response {
  const { log } = session
  let cursor = after ?? session.last_event_id
  const leave = session.editor.opened()
  /** Ids of the requests to the editor that were sent. */
  const asked = new Set<string>()
  let reset = cursor > session.last_event_id
  if (reset) cursor = 0

  function* stored() {
    for (let index = indexAfter(log.events, cursor); index < log.events.length; index++) {
      const event = log.events[index]!
      if (event.id > session.last_event_id) return // on its way to all who listen
      cursor = event.id
      yield encoding.stored(event)
    }
  }
  function* inProgress() {
    for (let frame = encoding.inProgress(); frame; frame = encoding.inProgress()) yield frame
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
    subscribe: (send, end) => {
      const unsubscribe = session.subscribe(event => {
        const id = 'id' in event ? event.id : undefined
        if (id !== undefined && id <= cursor) return
        if (!send(encoding.live(event), { stored: id !== undefined, last: event.type === 'session.closed' })) return
        cursor = id ?? cursor
        encoding.sent(event)
        if (event.type === 'editor.request') asked.add(event.request_id)
      }, end)
      // Requests that were made while this stream was not live: its client may be the only one that can answer.
      for (const event of session.editor.unanswered())
        if (!asked.has(event.request_id) && send(encode({ ...event, at: now() }))) asked.add(event.request_id)
      return unsubscribe
    },
    isOver: () => session.isOver,
    close() {
      encoding.close()
      leave()
    },
  })
}

/** Events as they are. All subscribers with this encoding share the frames of what is live. */
function plainEncoding(session: Session): Encoding {
  /** Characters of each message in progress that this reader has. */
  const had = new Map<string, number>()
  return {
    stored(event) {
      if (event.type === 'message') had.delete(event.message_id)
      return storedFrame(event)
    },
    inProgress() {
      for (const { replace: _, ...delta } of deltasOf(session.partials)) {
        const from = had.get(delta.message_id) ?? 0
        if (delta.content.length <= from) continue
        const content = slice(delta.content, from, from + LONGEST_DELTA)
        had.set(delta.message_id, from + content.length)
        return encode({ ...delta, content, ...(from === 0 && { replace: true }) })
      }
      return undefined
    },
    live(event) {
      // What the reader has no longer counts: one that is behind gets the new text from its beginning.
      if (event.type === 'message.delta' && event.replace) had.delete(event.message_id)
      if (latest?.event !== event) latest = { event, frame: 'id' in event ? storedFrame(event) : encode(event) }
      return latest.frame
    },
    sent(event) {
      if (event.type === 'message') had.delete(event.message_id)
      if (event.type === 'message.delta')
        had.set(event.message_id, (had.get(event.message_id) ?? 0) + event.content.length)
    },
    close() {},
  }
}

/** Thinking is not caught up with: `message` has it. */
function* deltasOf(partials: Iterable<InProgress>) {
  for (const partial of partials) if (partial.type === 'message.delta') yield partial
}

let latest: { event: Broadcast; frame: Uint8Array } | null = null

/** Of a message in progress, in UTF-16 units: what is longer comes in parts, the first of which replaces. */
export const LONGEST_DELTA = 16 * 1024

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
function storedFrame(event: Stored): Uint8Array {
  const kept = large.get(event)?.deref()
  if (kept) return kept
  const frame = encodeStored(event)
  if (frame.length > AHEAD) large.set(event, new WeakRef(frame))
  return frame
}

/** Frames that take a reader more than one piece are shared by all who are being sent them. */
const large = new WeakMap<Stored, WeakRef<Uint8Array>>()

export const encodeStored = ({ provider_data: _, ...event }: Stored & { provider_data?: unknown }): Uint8Array =>
  encoder.encode(`id: ${event.id}\nevent: ${event.type}\ndata: ${toJson(event)}\n\n`)

export const encode = (event: { type: string; [field: string]: unknown }): Uint8Array =>
  encoder.encode(`event: ${event.type}\ndata: ${toJson(event)}\n\n`)

/** One line for each live session, and again whenever it changes. */
export const summaryStream = (store: Store): Response =>
  streamFrames({
    backlog: () => [],
    subscribe: send => store.watch(summary => send(encode({ ...summary, at: now() }))),
    isOver: () => false,
  })
