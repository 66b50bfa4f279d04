import { type Agent, agentsOf, findAgent, toolsFor } from '../agent/agents.ts'
import { type Part, prefixParts } from '../agent/budget.ts'
import { systemSections } from '../agent/prompt.ts'
import type { Frozen } from '../agent/request.ts'
import { abortable } from '../base/abort.ts'
import type { Config } from '../config/config.ts'
import { wireName } from '../mcp/catalog/lazy.ts'
import type { Pool } from '../mcp/pool.ts'
import type { Ask, Tool } from '../tools/tool.ts'
import { answeredTools } from './answered.ts'
import type { Conventions } from './conventions.ts'
import { sandboxConfigOf } from './sandbox.ts'
import type { Session } from './session.ts'
import type { SessionContext } from './session-context.ts'
import type { Workspace } from './workspace.ts'

/** A model with a smaller window loses more by the definition of `todo` than it wins by a list of steps. */
const LARGE_WINDOW = 100_000

/** The tools of a session, and the prefix of each agent: made when it is first needed, and kept. `ended` closes what tools ask. */
export function createPrefixes(
  session: Session,
  { config, models, pool }: SessionContext,
  place: Workspace,
  conventions: Conventions,
  ended: AbortSignal,
) {
  const { session_id, project_path } = session.state
  const { project, remote } = place
  const where = remote
    ? `${remote.path} on ${remote.machine}, where your tools for files, git and commands work`
    : `${project_path} (${process.platform})`
  const prefixes = new Map<string, Promise<Prefix>>()
  let tools: Promise<Tool[]> | null = null

  const profits = () =>
    session.state.conversation.plan.length > 0 || (models.info(session.state.model).context_window ?? 0) >= LARGE_WINDOW

  return {
    /** An agent with its tools and its prefix. Throws INVALID_REQUEST for no agent, the reason of `signal`, and what the MCP servers throw. */
    async ready(name: string, signal: AbortSignal) {
      const agent = findAgent(config, name)
      tools ??= toolsOf(project, session_id, pool, conventions, config, (question, elsewhere) =>
        session.questions.ask(question, ended, elsewhere),
      )
      tools.catch(() => {
        tools = null // a passing fault: look again next time
      })
      const answered = await answeredTools(place)
      const list = [...(await abortable(tools, signal)), ...answered]
      const key = keyOf(agent.name, answered, conventions.isWhole())
      const made = prefixes.get(key) ?? freeze(agent, where, project, session_id, list, pool, conventions, profits())
      prefixes.set(key, made)
      made.catch(() => prefixes.delete(key))
      return { agent, list, prefix: await made }
    },
    /** Has the prefix of an agent made anew where it lacks this tool. */
    async renew(agent: string, tool: string): Promise<void> {
      for (const [key, made] of prefixes) {
        if (!isOf(agent, key)) continue
        const lacks = await made.then(
          ({ frozen }) => !frozen.tools.some(({ name }) => name === tool),
          () => true,
        )
        if (lacks) prefixes.delete(key)
      }
    },
  }
}

/** Of a prefix: the agent, what an editor or a language server answered then, and whether the conventions could be read. */
const keyOf = (agent: string, answered: readonly Tool[], isWhole: boolean) =>
  [agent, ...answered.map(({ name }) => name), ...(isWhole ? [] : ['-'])].join(' ')
const isOf = (agent: string, key: string) => key === agent || key.startsWith(`${agent} `)

/** The built-in tools and those of the project's MCP servers. Imported when a session needs them, not at start-up. */
async function toolsOf(
  project: string,
  session_id: string,
  pool: Pool | null,
  conventions: Conventions,
  config: Config,
  ask: Ask,
): Promise<Tool[]> {
  const [{ builtinTools, sessionTools }, { delegateTool }, { webSearchTool }] = await Promise.all([
    import('../tools/registry.ts'),
    import('../tools/delegate.ts'),
    import('../tools/web/search.ts'),
  ])
  const agents = agentsOf(config)
  const names = agents.map(({ name }) => name)
  const own = sessionTools.map(tool => (tool.name === 'delegate' ? delegateTool(names) : tool))
  // Where commands of some agent are isolated, the tools for commands can ask to leave the sandbox.
  const isolates = agents.some(agent => sandboxConfigOf(config, agent).mode !== 'off')
  const shell = isolates ? (await import('../tools/shell/shell.ts')).confinedTools : []
  const search = webSearchTool(config.web_search)
  return [
    ...builtinTools.map(tool => shell.find(({ name }) => name === tool.name) ?? tool),
    ...(search ? [search] : []),
    ...own,
    ...(await conventions.tools()),
    ...((await pool?.tools(project, session_id, ask)) ?? []),
  ]
}

/** What is sent in front of every request, and what it consists of. */
export type Prefix = { frozen: Frozen; parts: Part[] }

/** The system prompt and the tool definitions of one agent, made once per session. `profits`: its model does better with a list of steps. */
async function freeze(
  agent: Agent,
  where: string,
  project: string,
  session_id: string,
  all: Tool[],
  pool: Pool | null,
  conventions: Conventions,
  profits: boolean,
): Promise<Prefix> {
  const offered = toolsFor(agent, all).filter(({ name }) => name !== 'todo' || (agent.todo ?? profits))
  const servers = offered.some(tool => tool.resolve) ? ((await pool?.promptLines(project, session_id)) ?? '') : ''
  const skills = offered.some(tool => tool.name === 'skill') ? await conventions.skillLines() : ''
  const instructions = await conventions.instructions()
  const sections = systemSections({ agent, where, instructions, servers, skills })
  const tools = offered.map(({ name, description, parameters }) => ({ name: wireName(name), description, parameters }))
  return {
    frozen: { system: sections.map(({ text }) => text).join('\n\n'), tools },
    parts: prefixParts(sections, offered, tools),
  }
}
