import { newId } from '../base/ids.ts'
import { createBriefing } from '../conventions/briefing.ts'
import type { Hidden, Remark } from '../conventions/instructions.ts'
import { placeOf } from '../conventions/places.ts'
import { skillLines } from '../conventions/skill-lines.ts'
import type { Skill } from '../conventions/skills.ts'
import type { Prompt } from '../event.ts'
import type { Tool } from '../tools/tool.ts'
import type { Session } from './session.ts'
import type { Workspace } from './workspace.ts'

/** What a session has from the conventions of its user and its project. Nothing is read before the first turn. */
export type Conventions = {
  /** The instructions for the frozen prompt. */
  instructions(): Promise<string>
  /** Whether all that there is could be read: not where a machine was out of reach. */
  isWhole(): boolean
  /** The tools that conventions bring: one that reads skills, where there are any. */
  tools(): Promise<Tool[]>
  /** The skills for the frozen prompt. */
  skillLines(): Promise<string>
  /** A built-in tool worked on these real paths. */
  touch(paths: readonly string[]): Promise<void>
  /** Instructions that the model has to learn now, as a prompt that enters the history. */
  announcements(): Promise<Prompt[]>
}

/** A machine that cannot be reached must not hold up the first turn. */
const THERE_MS = 10_000

export function createConventions(session: Session, place: Workspace, hidden: () => Promise<Hidden>): Conventions {
  const where = once(() => placeOf(place.project, place.dirs))
  const briefing = once(async () => createBriefing(await where(), place.config.instructions_budget, await hidden()))
  /** Loads what judges rules: when a session has its first turn, not before. */
  const find = async () => (await import('../conventions/skills.ts')).findSkills(await where())
  /** Those that hold; asked anew each time, since they may be added while the session goes on. */
  const skills = async (): Promise<Skill[]> => {
    const { entries } = await find()
    return entries.filter(skill => skill.problem === undefined)
  }
  /** The ones of the beginning, for the frozen prompt. */
  const first = once(async () => {
    const { entries, problems } = await find()
    report([
      ...problems.map(({ file, line, key, message }) =>
        remarkOf(file, line, `${key}${key && ' '}${message}`, key === 'model' ? 'MODEL_IGNORED' : 'SKILL_PROBLEM'),
      ),
      ...entries.flatMap(({ path, problem }) =>
        problem === undefined ? [] : remarkOf(path, 1, `is left out: ${problem}`),
      ),
    ])
    return entries.filter(skill => skill.problem === undefined && !skill.by_person_only)
  })

  /** A session that was resumed has said most of it before. */
  const report = (remarks: Remark[]) => {
    for (const { code, message, path, line } of remarks)
      if (!session.log.events.some(event => event.type === 'notice' && event.message === message))
        session.append({ type: 'notice', code, message, path, ...(line !== undefined && { line }) })
  }

  /** Those of a project on another machine, once it was reached. */
  let known: string | undefined
  async function there(): Promise<string> {
    const { remote, roots, config } = place
    if (!remote || known !== undefined) return known ?? ''
    const { instructionsThere } = await import('./remote-project.ts')
    const signal = AbortSignal.timeout(THERE_MS)
    known = await instructionsThere(remote, roots, config.instructions_budget, await hidden(), signal).catch(
      () => undefined,
    )
    return known ?? ''
  }

  return {
    isWhole: () => !place.remote || known !== undefined,
    async tools() {
      if ((await first()).length === 0) return []
      const { skillTool } = await import('../conventions/skill-tool.ts')
      const used = ({ name, allowed_tools }: Skill) => {
        if (allowed_tools) place.narrowed.push({ by: `The skill ${name}`, allowed_tools })
      }
      return [skillTool(skills, used)]
    },
    skillLines: async () => skillLines(await first()),
    async instructions() {
      const brief = await briefing()
      const text = await brief.beginning()
      report(brief.remarks())
      return [text, await there()].filter(Boolean).join('\n\n')
    },
    touch: async paths => {
      if (!place.remote) await (await briefing()).touch(paths)
    },
    async announcements() {
      const brief = await briefing()
      const news = await brief.news(session.state.conversation.instructions, path => place.seen.get(path))
      report(brief.remarks())
      if (!news) return []
      return [{ type: 'prompt', turn_id: newId('turn'), text: news.text, source: 'agent', instructions: news.files }]
    },
  }
}

const remarkOf = (path: string, line: number, what: string, code = 'SKILL_PROBLEM'): Remark => ({
  code,
  path,
  line,
  message: `${path}:${line} ${what}.`,
})

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}
