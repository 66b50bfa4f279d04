import { newId } from '../base/ids.ts'
import { type Briefing, createBriefing } from '../conventions/briefing.ts'
import type { Remark } from '../conventions/instructions.ts'
import { placeOf } from '../conventions/places.ts'
import type { Prompt } from '../event.ts'
import type { Session } from './session.ts'
import type { Workspace } from './workspace.ts'

/** What a session has from the conventions of its user and its project. Nothing is read before the first turn. */
export type Conventions = {
  /** The instructions for the frozen prompt. */
  instructions(): Promise<string>
  /** A built-in tool worked on these real paths. */
  touch(paths: readonly string[]): Promise<void>
  /** Instructions that the model has to learn now, as a prompt that enters the history. */
  announcements(): Promise<Prompt[]>
}

export function createConventions(session: Session, place: Workspace, hidden: (path: string) => boolean): Conventions {
  let made: Promise<Briefing> | null = null
  const briefing = () =>
    (made ??= placeOf(place.roots.project, place.dirs).then(where =>
      createBriefing(where, place.config.instructions_budget, hidden),
    ))

  /** A session that was resumed has said most of it before. */
  const report = (remarks: Remark[]) => {
    for (const { code, message, path, line } of remarks)
      if (!session.log.events.some(event => event.type === 'notice' && event.message === message))
        session.append({ type: 'notice', code, message, path, ...(line !== undefined && { line }) })
  }

  return {
    async instructions() {
      const brief = await briefing()
      const text = await brief.beginning()
      report(brief.remarks())
      return text
    },
    touch: async paths => (await briefing()).touch(paths),
    async announcements() {
      const brief = await briefing()
      const news = await brief.news(session.state.conversation.instructions, path => place.seen.get(path))
      report(brief.remarks())
      if (!news) return []
      return [{ type: 'prompt', turn_id: newId('turn'), text: news.text, source: 'agent', instructions: news.files }]
    },
  }
}
