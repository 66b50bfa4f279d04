import { basename } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { AgentConfig, Config } from '../config/config.ts'
import type { OwnSandbox } from '../config/sandbox.ts'
import type { Effort } from '../event.ts'
import type { Tool } from '../tools/tool.ts'
import { AUTO } from './choice.ts'

/** Who works: a set of tools, a prompt and limits. The limits are enforced where tools run, whatever a model or a rule says. */
export type Agent = {
  name: string
  description: string
  instructions: string
  model?: string
  effort?: Effort
  max_tokens?: number
  /** Can change nothing. */
  read_only: boolean
  /** Tool names or `tool(pattern)`; restricts, never pre-approves. Unset: every tool. */
  allowed_tools?: string[]
  write_paths?: string[]
  /** What it may use up: rounds of a turn; tokens and dollars of a task that another agent gave it. */
  max_rounds?: number
  max_total_tokens?: number
  max_cost_usd?: number
  /** Where it works for another agent: in a copy of the project, or in the project itself. */
  isolation?: 'worktree' | 'none'
  /** Whether it is offered `todo`. Unset: where its model profits. */
  todo?: boolean
  /** How the sandbox of its commands differs. */
  sandbox?: OwnSandbox
  origin: string
}

const SHIPPED: Agent[] = [
  {
    name: 'build',
    description: 'Writes and changes code, runs commands and tests.',
    instructions:
      'You implement what the user asks. Read before you write, change as little as the task needs, follow the conventions you find, and run the tests when there are some. When you are done, say in a few sentences what you changed and what you checked.',
    read_only: false,
    origin: 'built in',
  },
  {
    name: 'plan',
    description: 'Reads and plans; can change nothing.',
    instructions:
      'You analyse and plan, and can change nothing. Read what matters, then answer with an ordered plan: the files to touch, what to do in each, the risks, and how to check the result. Name files with their lines. Set the plan with todo as well, as steps that are all pending: the user accepts, edits or refuses it.',
    read_only: true,
    todo: true,
    origin: 'built in',
  },
  {
    name: 'ask',
    description: 'Answers without tools: rewrites, explanations, commit messages. Nothing is saved.',
    instructions:
      'You answer from what is in the prompt alone, without tools. When asked for a text or code, give just that, without introduction.',
    read_only: true,
    allowed_tools: [],
    origin: 'built in',
  },
]

/** Names that agents of the program and of the configuration have, with whose they are; those that are files have none. */
export const namesTaken = (config: Config): Map<string, string> =>
  new Map(
    agentsOf(config)
      .filter(({ origin }) => !origin.endsWith('.md'))
      .map(({ name, origin }) => [name, origin === 'built in' ? 'the program' : origin]),
  )

/** An agent that stands by itself. */
export const agentOf = (name: string, entry: AgentConfig): Agent => customised(undefined, name, entry)

/** The shipped agents and those of the configuration; an entry named like a shipped one changes only what it says. */
export function agentsOf(config: Config): Agent[] {
  const agents = new Map(SHIPPED.map(agent => [agent.name, agent]))
  for (const [name, entry] of Object.entries(config.agents)) agents.set(name, customised(agents.get(name), name, entry))
  return [...agents.values()]
}

/** The agent of that name; for `auto`, which chooses for each prompt, `build`. Throws INVALID_REQUEST that lists the agents there are. */
export function findAgent(config: Config, name: string): Agent {
  const agents = agentsOf(config)
  const agent = agents.find(agent => agent.name === (name === AUTO ? 'build' : name))
  if (!agent)
    throw new AppError(
      'INVALID_REQUEST',
      `There is no such agent. Known agents: ${[...agents.map(a => a.name), AUTO].join(', ')}.`,
    )
  return agent
}

/** The tools an agent is offered. Which calls of them it may make is decided call by call (see `tools/permission/policy.ts`). */
export function toolsFor(agent: Agent, tools: readonly Tool[]): Tool[] {
  const names = agent.allowed_tools?.map(rule => rule.replace(/\(.*$/s, ''))
  const isAllowed = (tool: Tool) =>
    names === undefined ||
    names.some(name => name === tool.name || (name.endsWith('/*') && tool.name.startsWith(name.slice(0, -1)))) ||
    // Tools of MCP servers may be reached through others only; what is called is judged by its own name.
    (tool.leads && names.some(name => name.includes('/')))
  const isReading = (tool: Tool) => tool.level === 'read' || tool.level_by_call === true
  const isWanted = (tool: Tool) => tool.name !== 'todo' || agent.todo !== false
  return tools.filter(tool => isAllowed(tool) && isWanted(tool) && (!agent.read_only || isReading(tool)))
}

function customised(shipped: Agent | undefined, name: string, entry: AgentConfig): Agent {
  const base: Agent = shipped ?? {
    name,
    description: `Custom agent from ${basename(entry.origin ?? 'the configuration')}.`,
    instructions: SHIPPED[0]!.instructions,
    read_only: false,
    origin: 'config',
  }
  return {
    ...base,
    description: entry.description ?? base.description,
    instructions: entry.system_prompt ?? base.instructions,
    model: entry.model ?? base.model,
    effort: entry.effort ?? base.effort,
    max_tokens: entry.max_tokens ?? base.max_tokens,
    read_only: base.read_only || (entry.read_only ?? false),
    allowed_tools: shipped?.allowed_tools?.length === 0 ? [] : (entry.allowed_tools ?? base.allowed_tools),
    write_paths: entry.write_paths ?? base.write_paths,
    max_rounds: entry.max_rounds ?? base.max_rounds,
    max_total_tokens: entry.max_total_tokens ?? base.max_total_tokens,
    max_cost_usd: entry.max_cost_usd ?? base.max_cost_usd,
    isolation: entry.isolation ?? base.isolation,
    todo: base.name === 'plan' || (entry.todo ?? base.todo),
    sandbox: entry.sandbox,
    origin: entry.origin ?? base.origin,
  }
}
