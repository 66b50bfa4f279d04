import type { AgentStateChanged, Event, MessageDelta, Stored, ThinkingDelta, Transient } from '../event.ts'
import type { Redactor } from './redact.ts'

/** What goes to subscribers: a log line, or something live only, stamped with its time. */
export type Broadcast = Stored | (Transient & { at: string })
export type Listener = (event: Broadcast) => void

type Delta = MessageDelta | ThinkingDelta

/**
 * What is going on right now and is in no log yet: the agent's state, and the messages in progress, for subscribers that
 * come late. Redacts deltas also where a secret is split over two of them.
 */
export function createLive(redactor: Redactor, agent: string) {
  let state: AgentStateChanged = { type: 'agent.state', state: 'idle', agent }
  const partials = new Map<string, MessageDelta & { at: string }>()
  const streams = new Map<string, ReturnType<Redactor['stream']>>()

  const redacted = (delta: Delta): Delta => {
    const key = `${delta.type} ${delta.message_id}`
    if (!streams.has(key)) streams.set(key, redactor.stream())
    return { ...delta, content: streams.get(key)!.push(delta.content) }
  }

  return {
    get state() {
      return state
    },
    get partials(): Iterable<MessageDelta & { at: string }> {
      return partials.values()
    },
    /** What to broadcast of a transient event; null when there is nothing (yet) to show. */
    take(event: Transient, at: string): (Transient & { at: string }) | null {
      if (event.type === 'agent.state') state = event
      if (event.type !== 'message.delta' && event.type !== 'thinking.delta') return { ...redactor.value(event), at }
      const delta = redacted(event)
      if (delta.content === '') return null
      if (delta.type === 'message.delta') {
        const content = (partials.get(delta.message_id)?.content ?? '') + delta.content
        partials.set(delta.message_id, { ...delta, content, replace: true, at })
      }
      return { ...delta, at }
    },
    /** A finished message needs no catching up; after a turn nothing is in progress. */
    settle(event: Event) {
      if (event.type === 'message') {
        partials.delete(event.message_id)
        streams.delete(`message.delta ${event.message_id}`)
        streams.delete(`thinking.delta ${event.message_id}`)
      }
      if (event.type === 'turn.end') {
        partials.clear()
        streams.clear()
      }
    },
  }
}
