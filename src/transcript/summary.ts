import { cut, head } from '../base/text.ts'
import { noUsage, usageOf } from '../base/usage.ts'
import type { Storable, Stored, Usage } from '../event.ts'
import { countingEvents } from './counting.ts'

/** What the list of transcripts shows of a session, but for its files (`paths`), which are the store's to know. */
export type Summary = {
  session_id: string
  project_path: string
  title: string
  /** One line, at most 200 characters; empty before the first prompt. */
  first_prompt: string
  started_at: string
  /** Of session.closed; null while the log is open (live, or ended without a goodbye). */
  ended_at: string | null
  status: 'active' | 'closed'
  model: string
  message_count: number
  /** Of every model call, also of those whose answers were rewound. */
  usage: Usage
  /** Distinct paths, in order of their first change. */
  files_changed: string[]
}

/**
 * The one definition of `message_count`: every prompt that entered the history, and every assistant message with text.
 * Messages that only carry tool calls are shown by those calls.
 */
export const isMessage = (event: Storable): boolean =>
  event.type === 'prompt' || (event.type === 'message' && event.content.trim() !== '')

export const emptySummary = (): Summary => ({
  session_id: '',
  project_path: '',
  title: '',
  first_prompt: '',
  started_at: '',
  ended_at: null,
  status: 'active',
  model: '',
  message_count: 0,
  usage: noUsage(),
  files_changed: [],
})

/** The summary after one more event that counts. Pure; a session's events cost time in proportion to their number. */
function reduceSummary(summary: Summary, event: Stored): Summary {
  switch (event.type) {
    case 'session.created': {
      const { session_id, project_path, title, model, at } = event
      return { ...summary, session_id, project_path, title, model, started_at: at }
    }
    case 'session.updated':
      return {
        ...summary,
        title: event.title ?? summary.title,
        model: event.usage ? summary.model : (event.model ?? summary.model),
      }
    case 'session.resumed':
      return { ...summary, status: 'active', ended_at: null }
    case 'session.closed':
      return { ...summary, status: 'closed', ended_at: event.at }
    case 'prompt':
      return {
        ...summary,
        first_prompt: summary.first_prompt || firstLine(event.text),
        message_count: summary.message_count + 1,
      }
    case 'message':
      return isMessage(event) ? { ...summary, message_count: summary.message_count + 1 } : summary
    case 'file.changed':
      if (summary.files_changed.includes(event.path)) return summary
      return { ...summary, files_changed: [...summary.files_changed, event.path] }
    case 'session.rewound':
    case 'session.mode':
    case 'context.compacted':
    case 'prompt.queued':
    case 'prompt.dropped':
    case 'tool.call':
    case 'approval':
    case 'tool.result':
    case 'undo':
    case 'plan':
    case 'delegate.start':
    case 'delegate.end':
    case 'question':
    case 'answer':
    case 'error':
    case 'hook':
    case 'notice':
    case 'turn.end':
      return summary
    default: // an event of a newer version changes nothing
      event satisfies never
      return summary
  }
}

const firstLine = (text: string): string => {
  const line = head(text, 2000).replace(/\s+/g, ' ').trim()
  return cut(line, 200)
}

/** Of a whole log. */
export const summaryOf = (log: readonly Stored[]): Summary => ({
  ...countingEvents(log).reduce(reduceSummary, emptySummary()),
  usage: usageOf(log),
})
