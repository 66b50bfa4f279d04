import { oneLine } from '../base/controls.ts'
import type { ConfigProblem } from '../config/problem.ts'
import { filesOf, type Listing, oneOfEach } from './listing.ts'
import { readMatterFile, reporter } from './matter-file.ts'
import type { Origin, Place } from './places.ts'

/** A prompt that people send by its name: a Markdown file. */
export type MarkdownCommand = {
  name: string
  description: string
  path: string
  origin: Origin
  argument_hint?: string
  /** Who works on it. */
  agent?: string
  model?: string
  /** Where it names a model that is not taken. */
  ignored_model?: ConfigProblem
  body: string
}

const LARGEST = 256 * 1024
const MOST_COMMANDS = 1000
const DEEPEST = 3
const NAME = /^[^\s/\\:\p{Cc}\p{Cf}]{1,80}$/u

/**
 * The commands of the project and its user, strongest first. A file in a sub-directory is `sub:name`. `knowsAgent` says which
 * agents there are: a command for another one is left out. The model that a project's command names is ignored, and reported.
 */
export async function findCommands(
  place: Place,
  knowsAgent: (name: string) => boolean,
): Promise<Listing<MarkdownCommand>> {
  const entries: MarkdownCommand[] = []
  const problems: ConfigProblem[] = []
  for (const { path, parts, origin } of (await filesOf('commands', place, DEEPEST, problems)).filter(isMarkdown)) {
    if (entries.length >= MOST_COMMANDS) break
    const command = await readCommand(path, nameOf(parts), origin, place, knowsAgent, problems)
    if (command) entries.push(command)
  }
  return { entries: oneOfEach(entries), problems }
}

export const isMarkdown = ({ path }: { path: string }) => path.endsWith('.md')
/** `sub/name.md` is `sub:name`. */
export const nameOf = (parts: readonly string[]) => parts.join(':').slice(0, -'.md'.length)

async function readCommand(
  path: string,
  name: string,
  origin: Origin,
  place: Place,
  knowsAgent: (name: string) => boolean,
  problems: ConfigProblem[],
): Promise<MarkdownCommand | null> {
  const report = reporter(path, problems)
  if (!name.split(':').every(part => NAME.test(part))) return report(1, '', 'has a name that cannot be typed')
  const read = await readMatterFile(path, { most: LARGEST, origin, place }, problems)
  if (read === null) return null
  const { matter, problem } = read
  const body = matter.body.trim()
  if (body === '') return problem(matter.bodyLine, '', 'says nothing')
  const agent = matter.text('agent')
  if (agent !== undefined && !knowsAgent(agent))
    return problem(matter.lineOf('agent'), 'agent', 'names an agent that does not exist')
  const model = matter.text('model')
  const isIgnored = model !== undefined && model !== 'inherit' && origin === 'project'
  if (isIgnored) problem(matter.lineOf('model'), 'model', 'is ignored: a project chooses no model by its commands')
  return {
    name,
    description: oneLine(matter.text('description') ?? body.split('\n', 1)[0]!.replace(/^#+\s*/, '')).slice(0, 500),
    path,
    origin,
    argument_hint: matter.text('argument-hint', 'argument_hint'),
    agent,
    model: origin === 'user' && model !== 'inherit' ? model : undefined,
    ignored_model: isIgnored ? problems.at(-1) : undefined,
    body,
  }
}
