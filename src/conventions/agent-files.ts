import { oneLine } from '../base/controls.ts'
import type { AgentConfig } from '../config/config.ts'
import type { ConfigProblem } from '../config/problem.ts'
import { knownTools } from '../tools/registry.ts'
import { isMarkdown, nameOf } from './commands.ts'
import type { FrontMatter } from './front-matter.ts'
import { filesOf, type Listing, oneOfEach } from './listing.ts'
import { readMatterFile } from './matter-file.ts'
import type { Origin, Place } from './places.ts'

/** An agent that is a Markdown file: its front matter says what it may do, its text is its instructions. */
export type AgentFile = {
  name: string
  description: string
  path: string
  origin: Origin
  entry: AgentConfig
}

const LARGEST = 256 * 1024
const DEEPEST = 3
/** As `[agents.NAME]` has it. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/

/**
 * The agents of the project and its user, strongest first. `taken` are names that the program and the configuration have given:
 * a file with one of them does not hold. A project's agent restricts only: the model that it names is ignored, and reported.
 */
export async function findAgentFiles(place: Place, taken: ReadonlyMap<string, string>): Promise<Listing<AgentFile>> {
  const entries: (AgentFile & { problem?: string })[] = []
  const problems: ConfigProblem[] = []
  for (const { path, parts, origin } of (await filesOf('agents', place, DEEPEST, problems)).filter(isMarkdown)) {
    const agent = await readAgent(path, nameOf(parts), origin, place, problems)
    if (!agent) continue
    const holder = taken.get(agent.name)
    entries.push(
      holder === undefined ? agent : { ...agent, problem: `the agent of ${holder} has the same name and comes first` },
    )
  }
  return { entries: oneOfEach(entries), problems }
}

/** What is wrong with files that do not hold, beside those that cannot be read. */
export const agentProblems = ({ entries, problems }: Listing<AgentFile>): ConfigProblem[] => [
  ...problems,
  ...entries.flatMap(({ path, problem }) =>
    problem === undefined ? [] : [{ file: path, line: 1, key: '', message: `does not hold: ${problem}` }],
  ),
]

async function readAgent(
  path: string,
  file: string,
  origin: Origin,
  place: Place,
  problems: ConfigProblem[],
): Promise<AgentFile | null> {
  const read = await readMatterFile(path, { most: LARGEST, origin, place }, problems)
  if (read === null) return null
  const { matter, problem } = read
  const name = (matter.text('name') ?? file).toLowerCase().replace(/[\s:]+/g, '-')
  if (!NAME.test(name))
    return problem(matter.lineOf('name'), 'name', 'must be small letters, digits, - and _, at most 40 of them')
  const system_prompt = matter.body.trim()
  if (system_prompt === '')
    return problem(matter.bodyLine, '', 'has no text: the text is the instructions of the agent')
  const model = matter.text('model')
  if (model !== undefined && model !== 'inherit' && origin === 'project')
    problem(matter.lineOf('model'), 'model', 'is ignored: a project chooses no model by its agents')
  const { allowed_tools, unknown } = await toolsOf(matter)
  if (unknown.length > 0)
    problem(
      Math.max(...['tools', 'disallowedTools', 'permission'].map(matter.lineOf)),
      'tools',
      `names what is no tool here: ${unknown.join(', ')}`,
    )
  const description = oneLine(matter.text('description') ?? `Agent from ${path}`).slice(0, 1000)
  const entry: AgentConfig = { description, system_prompt, origin: path }
  if (allowed_tools) entry.allowed_tools = allowed_tools
  if (model !== undefined && model !== 'inherit' && origin === 'user') entry.model = model
  const isolation = matter.text('isolation')
  if (isolation === 'worktree') entry.isolation = isolation
  else if (isolation !== undefined && isolation !== 'none')
    problem(matter.lineOf('isolation'), 'isolation', 'must be "worktree" or "none"')
  if (matter.flag('readonly') || matter.flag('read_only')) entry.read_only = true
  return { name, description, path, origin, entry }
}

/** `tools` is a list, or (opencode) a table of truth values; `disallowedTools`, and what `permission` denies, take away. */
async function toolsOf(matter: FrontMatter): Promise<{ allowed_tools?: string[]; unknown: string[] }> {
  const table = Object.entries(matter.table('tools') ?? {})
  const denials = Object.entries(matter.table('permission') ?? {}).filter(([, says]) => says === 'deny')
  const granted =
    matter.list('tools') ??
    (table.some(([, on]) => on === true) && !table.some(([, on]) => on === false)
      ? table.map(([tool]) => tool)
      : undefined)
  const refused = [
    ...(matter.list('disallowedTools', 'disallowed-tools') ?? []),
    ...table.flatMap(([tool, on]) => (on === false ? [tool] : [])),
    ...denials.map(([tool]) => tool),
  ]
  if (!granted && refused.length === 0) return { unknown: [] }
  const { rulesFor } = await import('./tool-names.ts')
  const { rules, unknown } = granted ? rulesFor(granted) : { rules: undefined, unknown: [] }
  if (refused.length === 0) return { ...(rules && { allowed_tools: rules }), unknown }
  const gone = rulesFor(refused)
  // Without a list, what is left are the tools of ours: those of servers have no name for all of them.
  const left = (rules ?? knownTools()).filter(rule => !gone.rules?.includes(rule.replace(/\(.*$/s, '')))
  return { allowed_tools: left, unknown: [...unknown, ...gone.unknown] }
}
