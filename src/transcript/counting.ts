import type { Storable, Stored } from '../event.ts'

/**
 * Which events of a log count. The log keeps everything; `session.rewound` takes the conversation after `to_event_id` back,
 * and readers of the conversation skip it: the model's history, transcripts, searches, summaries, forks. What is about the
 * session itself stays: its settings, its rules, its life. So does what it cost (`base/usage.ts`).
 */
export type Counting = {
  /** In the order of the log. The same array grows with each event; a rewind makes another one. */
  readonly events: readonly Stored[]
  add(event: Stored): void
}

export function createCounting(log: Iterable<Stored> = []): Counting {
  let events: Stored[] = []
  const counting: Counting = {
    get events() {
      return events
    },
    add(event) {
      if (event.type === 'session.rewound') events = without(events, event.to_event_id)
      events.push(event)
    },
  }
  for (const event of log) counting.add(event)
  return counting
}

/** The events of a whole log that count. */
export const countingEvents = (log: Iterable<Stored>): readonly Stored[] => createCounting(log).events

/** Also without the prompts that were sent before and entered the conversation after: they would wait again. */
function without(events: readonly Stored[], to_event_id: number): Stored[] {
  const isGone = (event: Stored) => event.id > to_event_id && isConversation(event)
  const gone = new Set(events.flatMap(event => (isGone(event) && 'turn_id' in event ? [event.turn_id] : [])))
  return events.filter(event => !isGone(event) && !(event.type === 'prompt.queued' && gone.has(event.turn_id)))
}

/** Whether an event belongs to the conversation, which can be rewound; else it is about the session, and stays. */
export function isConversation(event: Storable): boolean {
  switch (event.type) {
    case 'session.created':
    case 'session.mode':
    case 'session.resumed':
    case 'session.rewound':
    case 'session.closed':
    case 'undo': // the files are as it left them
      return false
    case 'session.updated': // a title that a model gave is about what was said
      return event.usage !== undefined
    case 'error':
    case 'hook':
    case 'notice':
      return event.turn_id !== undefined
    case 'prompt': // what changed about MCP servers is said once, and stays; instructions are announced again
      return (
        event.source !== 'agent' ||
        event.parent_tool_call_id !== undefined ||
        event.instructions !== undefined ||
        event.report_of !== undefined
      )
    case 'prompt.queued':
    case 'prompt.dropped':
    case 'message':
    case 'tool.call':
    case 'approval':
    case 'tool.result':
    case 'file.changed':
    case 'delegate.start':
    case 'delegate.end':
    case 'plan':
    case 'question':
    case 'answer':
    case 'context.compacted':
    case 'turn.end':
      return true
    default: // an event of a newer version is taken for a part of the conversation
      event satisfies never
      return true
  }
}
