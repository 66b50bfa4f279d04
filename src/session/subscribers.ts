import { wellFormed } from '../base/text.ts'
import type { AgentStateChanged, ErrorEvent, MessageDelta, Stored, ThinkingDelta, Transient } from '../event.ts'
import type { Redactor } from './redact.ts'

/** What goes to subscribers: a log line, or something live only, stamped with its time. */
export type Broadcast = Stored | ((Transient | ErrorEvent) & { at: string })
export type Listener = (event: Broadcast) => void

type Delta = MessageDelta | ThinkingDelta
/** All that was sent of a message, or of its thinking, as one delta that replaces. */
export type InProgress = (MessageDelta | ThinkingDelta) & { at: string }

/**
 * The subscribers of a session, and what is going on right now and in no log yet: the agent's state, and the messages in
 * progress, for those that come late. Redacts deltas also where a secret is split over two of them, and
 * joins the halves of a character that are.
 */
export function createSubscribers(redactor: Redactor, agent: string) {
  let state: AgentStateChanged = { type: 'agent.state', state: 'idle', agent }
  const listeners = new Map<Listener, () => void>()
  const partials = new Map<string, InProgress>()
  const streams = new Map<string, { last: Delta; redaction: ReturnType<Redactor['stream']> }>()
  let held: Broadcast[] | null = null

  const send = (event: Broadcast) => {
    if (held) held.push(event)
    else for (const listener of listeners.keys()) listener(event)
  }

  const redacted = (delta: Delta): string => {
    const key = `${delta.type} ${delta.message_id}`
    const redaction = streams.get(key)?.redaction ?? redactor.stream()
    streams.set(key, { last: delta, redaction })
    return redaction.push(delta.content)
  }
  /** The end of a message looked like the beginning of a secret, and was none: it is sent after all. */
  const tellRest = (message_id: string) => {
    for (const type of ['thinking.delta', 'message.delta']) {
      const stream = streams.get(`${type} ${message_id}`)
      streams.delete(`${type} ${message_id}`)
      const rest = stream?.redaction.flush()
      if (stream && rest) send({ ...stream.last, content: rest, at: now() })
    }
  }

  /** Nothing of an agent is in progress any more: that of a call, or the session's own. */
  const forget = (parent_tool_call_id: string | undefined) => {
    for (const [key, partial] of partials) if (partial.parent_tool_call_id === parent_tool_call_id) partials.delete(key)
    for (const [key, { last }] of streams) if (last.parent_tool_call_id === parent_tool_call_id) streams.delete(key)
  }

  const now = () => new Date().toISOString()

  return {
    get state() {
      return state
    },
    /** The first stored event that was not sent yet; undefined when all were. */
    get held(): Stored | undefined {
      return held?.find((event): event is Stored => 'id' in event)
    },
    get partials(): Iterable<InProgress> {
      return partials.values()
    },
    /** Calls `listener` for everything from now on, and `ended` when nothing can follow. Returns how to stop. */
    subscribe(listener: Listener, ended = () => {}): () => void {
      listeners.set(listener, ended)
      return () => listeners.delete(listener)
    },
    end() {
      const last = [...listeners.values()]
      listeners.clear()
      for (const ended of last) ended()
    },
    /** Tells of what is on the log. A finished message needs no catching up; after a turn nothing is in progress. */
    stored(event: Stored) {
      if (event.type === 'message') {
        for (const type of ['thinking.delta', 'message.delta']) partials.delete(`${type} ${event.message_id}`)
        tellRest(event.message_id)
      }
      if (event.type === 'turn.end') forget(undefined)
      if (event.type === 'delegate.end') forget(event.parent_tool_call_id)
      send(event)
    },
    /** Tells of what is live only. */
    transient(event: Transient) {
      const at = now()
      if (event.type === 'agent.state' && !event.parent_tool_call_id) state = wellFormed(event)
      if (event.type === 'editor.request') return send({ ...wellFormed(event), at }) // redacted where it was made, or exact
      if (event.type !== 'message.delta' && event.type !== 'thinking.delta')
        return send({ ...wellFormed(redactor.value(event)), at })
      const replaces = event.type === 'message.delta' && event.replace === true
      if (replaces) streams.delete(`${event.type} ${event.message_id}`)
      const content = redacted(event)
      if (content === '' && !replaces) return
      const key = `${event.type} ${event.message_id}`
      const soFar = (replaces ? '' : (partials.get(key)?.content ?? '')) + content
      partials.set(key, { ...event, content: soFar, at })
      send({ ...event, content, at })
    },
    /** An error that cannot be stored, because storing is what failed. */
    error: (event: ErrorEvent) => send({ ...wellFormed(event), at: now() }),
    /** Holds back what is sent until `work` is done: nothing is sent before it is on the disk, or if it is not. */
    async after(work: () => Promise<void>) {
      const waiting: Broadcast[] = []
      held = waiting
      try {
        await work()
      } finally {
        held = null
      }
      for (const event of waiting) send(event)
    },
  }
}

export type Subscribers = ReturnType<typeof createSubscribers>
