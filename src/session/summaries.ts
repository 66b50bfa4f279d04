import type { Session } from './session.ts'
import { type SessionSummary, summaryOf } from './view.ts'

/** One line for each live session: tells whoever watches of all there are, then of each change. */
export function createSummaries(sessions: () => Iterable<Session>) {
  const watchers = new Set<(summary: SessionSummary) => void>()
  const tell = (summary: SessionSummary) => {
    for (const watcher of watchers) watcher(summary)
  }
  return {
    /** Returns how to stop. */
    watch(watcher: (summary: SessionSummary) => void): () => void {
      watchers.add(watcher)
      for (const session of sessions()) watcher(summaryOf(session))
      return () => watchers.delete(watcher)
    },
    follow(session: Session) {
      let last = ''
      const look = () => {
        const summary = summaryOf(session)
        const text = JSON.stringify(summary)
        if (text === last) return
        last = text
        tell(summary)
      }
      session.subscribe(event => {
        if (!QUIET.has(event.type)) look()
      })
      look()
    },
    closed: (session: Session) => tell({ ...summaryOf(session), closed: true }),
  }
}

/** Events that change nothing in a summary, and come by the thousand. */
const QUIET = new Set(['message.delta', 'thinking.delta', 'tool.draft', 'tool.progress'])
