import { agentsOf } from '../../agent/agents.ts'
import type { Config } from '../../config/config.ts'
import type { ConfigProblem } from '../../config/problem.ts'
import type { MarkdownCommand } from '../../conventions/commands.ts'
import { type Place, placeOf, realProject } from '../../conventions/places.ts'
import { SHIPPED, type Shipped } from '../../conventions/shipped.ts'
import type { Skill } from '../../conventions/skills.ts'
import type { McpPrompt } from '../../mcp/catalog/others.ts'
import type { Runtime } from '../runtime.ts'
import { BUILT_IN, type BuiltIn } from './built-in.ts'

/** A row of `GET /api/commands`. */
export type ListedCommand = {
  name: string
  description: string
  argument_hint?: string
  /** `built in`, `project`, `user`, or the name of an MCP server. */
  origin: string
  kind: 'built_in' | 'markdown' | 'skill' | 'mcp'
  /** Its file. */
  path?: string
  /** Why it does not hold. */
  problem?: string
}

/** What is behind a row. */
type Source =
  | { kind: 'action'; action: BuiltIn }
  | { kind: 'shipped'; command: Shipped }
  | { kind: 'markdown'; command: MarkdownCommand }
  | { kind: 'skill'; skill: Skill }
  | { kind: 'mcp'; server: string; prompt: McpPrompt }

export type Command = { row: ListedCommand; source: Source }
export type Commands = { place: Place; commands: Command[]; problems: ConfigProblem[] }

/**
 * All commands for a project, strongest first: built in, the project's, the user's, those of servers. Of one name the first one
 * holds. Servers that nothing is known of are started, and waited for a moment; not without `servers`.
 */
export async function findAllCommands(
  runtime: Runtime,
  project: string | undefined,
  { servers = true } = {},
): Promise<Commands> {
  const config = await runtime.projectConfig(project)
  const place = await placeOf(project ?? runtime.dirs.config, runtime.dirs)
  const agents = new Set(agentsOf(config).map(({ name }) => name))
  const [{ findCommands }, { findSkills }] = await Promise.all([
    import('../../conventions/commands.ts'),
    import('../../conventions/skills.ts'),
  ])
  const [markdown, skills] = await Promise.all([findCommands(place, name => agents.has(name)), findSkills(place)])
  const files: Command[] = [
    ...markdown.entries.map(command => ({
      row: rowOf(command, command.origin, 'markdown'),
      source: { kind: 'markdown', command } as const,
    })),
    ...skills.entries
      .filter(skill => !skill.by_model_only)
      .map(skill => ({ row: rowOf(skill, skill.origin, 'skill'), source: { kind: 'skill', skill } as const })),
  ]
  const commands: Command[] = [
    ...BUILT_IN.map(action => ({
      row: rowOf(action, 'built in', 'built_in'),
      source: { kind: 'action', action } as const,
    })),
    ...SHIPPED.map(command => ({
      row: rowOf(command, 'built in', 'built_in'),
      source: { kind: 'shipped', command } as const,
    })),
    ...files.filter(({ row }) => row.origin === 'project'),
    ...files.filter(({ row }) => row.origin === 'user'),
    ...(servers ? await promptsOf(runtime, config, project === undefined ? null : await realProject(project)) : []),
  ]
  return { place, commands: withoutDoubles(commands), problems: [...markdown.problems, ...skills.problems] }
}

/** The prompts of MCP servers, as `server:prompt`. */
async function promptsOf(runtime: Runtime, config: Config, project: string | null): Promise<Command[]> {
  const pool = config.mcp_servers.some(({ enabled }) => enabled) ? await runtime.pool() : null
  const { hintOf } = await import('../../mcp/catalog/prompt.ts')
  return ((await pool?.offerings(project)) ?? []).flatMap(({ server, prompts }) =>
    prompts.map((prompt): Command => {
      const argument_hint = hintOf(prompt.arguments) || undefined
      const name = `${server}:${prompt.name}`.replace(/\s+/g, '_')
      const { description } = prompt
      return {
        row: rowOf({ name, description, argument_hint }, server, 'mcp'),
        source: { kind: 'mcp', server, prompt },
      }
    }),
  )
}

type Described = { name: string; description: string; argument_hint?: string; path?: string; problem?: string }

const rowOf = (
  { name, description, argument_hint, path, problem }: Described,
  origin: string,
  kind: ListedCommand['kind'],
): ListedCommand => ({
  name,
  description,
  ...(argument_hint !== undefined && { argument_hint }),
  origin,
  kind,
  ...(path !== undefined && { path }),
  ...(problem !== undefined && { problem }),
})

function withoutDoubles(commands: Command[]): Command[] {
  const first = new Map<string, ListedCommand>()
  return commands.map(({ row, source }) => {
    const holder = row.problem === undefined ? first.get(row.name) : undefined
    if (row.problem === undefined && !holder) first.set(row.name, row)
    const by = holder?.path ?? (holder && `the ${holder.origin} command`)
    return { row: by ? { ...row, problem: `${by} has the same name and comes first` } : row, source }
  })
}
