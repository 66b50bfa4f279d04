import type { Hono } from 'hono'
import { type Agent, agentOf, agentsOf, namesTaken, toolsFor } from '../../agent/agents.ts'
import { AppError } from '../../base/errors.ts'
import type { Config } from '../../config/config.ts'
import { type Place, placeOf, realProject } from '../../conventions/places.ts'
import { createRedactor } from '../../session/redact.ts'
import { availableFor } from '../../session/sandbox.ts'
import type { Ask, Tool } from '../../tools/tool.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { OfProject, ProviderKey, RestartServer } from '../schema.ts'

/** What there is to choose from: models, agents, tools, MCP servers, rules. */
export function catalogRoutes(app: Hono<Env>, { store, runtime }: Server): void {
  const redactor = createRedactor(runtime.secrets)
  /** However a project is written, its servers are the same. */
  const real = async (project: string | undefined) => project && (await realProject(project))
  const builtins = async (): Promise<readonly Tool[]> => {
    const [{ builtinTools, sessionTools }, { webSearchTool }] = await Promise.all([
      import('../../tools/registry.ts'),
      import('../../tools/web/search.ts'),
    ])
    const search = webSearchTool(runtime.config.config.web_search)
    return [...builtinTools, ...(search ? [search] : []), ...sessionTools]
  }

  /** The tool that reads skills, where there are any. */
  const skillTools = async (project: string | undefined): Promise<Tool[]> => {
    const { findSkills } = await import('../../conventions/skills.ts')
    const { entries } = await findSkills(await placeOf(project ?? runtime.dirs.config, runtime.dirs))
    if (!entries.some(({ problem, by_person_only }) => problem === undefined && !by_person_only)) return []
    const { skillTool } = await import('../../conventions/skill-tool.ts')
    return [
      skillTool(
        async () => entries,
        () => {},
      ),
    ]
  }

  route(app, 'GET /api/models', { summary: 'Models, usable or not, and why' }, () => runtime.models.list())

  route(app, 'GET /api/agents', { summary: 'Agents', query: OfProject }, async ({ query }) => {
    const tools = await builtins()
    const config = await runtime.projectConfig(query.project)
    const { agents, problems } = await listAgents(
      config,
      await placeOf(query.project ?? runtime.dirs.config, runtime.dirs),
    )
    return {
      agents: agents.map(({ problem, ...agent }) => ({
        name: agent.name,
        description: agent.description,
        ...(agent.model && { model: agent.model }),
        read_only: agent.read_only,
        ...(agent.isolation === 'worktree' && { isolation: agent.isolation }),
        tools: toolsFor(agent, tools).map(tool => tool.name),
        origin: agent.origin,
        ...(problem !== undefined && { problem }),
      })),
      problems,
    }
  })

  route(
    app,
    'GET /api/tools',
    { summary: 'Tools, and what approval they need by default', query: OfProject },
    async ({ query }) => {
      // Read first: the pool knows the servers of a project by its configuration.
      const { rules, sandbox } = await runtime.projectConfig(query.project)
      const project = await real(query.project)
      const pool = project === undefined ? null : await runtime.pool()
      const listed = [
        ...(await builtins()),
        ...(await skillTools(query.project)),
        ...((await pool?.listed(project!)) ?? []),
      ]
      const { defaultApproval } = await import('../../tools/permission/approval.ts')
      const found = await availableFor(sandbox, project ?? runtime.dirs.config, runtime)
      const { network, write } = sandbox
      const isolation = found.launcher && { by: found.launcher.by, network, write }
      return {
        tools: listed.map(tool => ({
          name: tool.name,
          category: tool.category,
          description: tool.description,
          approval: defaultApproval(tool, rules),
          ...(tool.level === 'dangerous' && { danger: 'dangerous' }),
          ...(isolation && tool.takes === 'line' && { sandbox: isolation }),
        })),
        sandbox: { mode: sandbox.mode, ...(isolation ?? { by: null, reason: 'reason' in found ? found.reason : '' }) },
      }
    },
  )

  route(app, 'GET /api/mcp', { summary: 'MCP servers and how they are', query: OfProject }, async ({ query }) => {
    await runtime.projectConfig(query.project)
    const servers = (await (await runtime.pool())?.status(await real(query.project))) ?? []
    return redactor.value({ servers, problems: runtime.problems() })
  })
  route(
    app,
    'POST /api/mcp/:name/restart',
    { summary: 'Restart an MCP server', query: RestartServer },
    async ({ c, query }) => {
      const session = query.session === undefined ? null : await store.get(query.session)
      await runtime.projectConfig(query.project)
      const pool = await runtime.pool()
      if (!pool)
        throw new AppError(
          'NOT_FOUND',
          'There is no MCP server of that name. Add it under [[mcp_servers]] in emacs-agent.toml.',
        )
      const asker = session && {
        session_id: session.id,
        ask: (question: Parameters<Ask>[0], elsewhere?: Promise<unknown>) =>
          session.questions.ask(question, c.req.raw.signal, elsewhere),
      }
      await pool.restart(c.req.param('name') ?? '', await real(query.project), asker)
      return { status: 'restarted' }
    },
  )

  route(app, 'GET /api/rules', { summary: 'Permission rules in force', query: OfProject }, async ({ query }) => {
    const config = await runtime.projectConfig(query.project)
    return {
      rules: [
        ...config.rules.map((rule, i) => ({ rule_id: `config_${i}`, ...rule })),
        ...(await runtime.remembered.list(await real(query.project))).map(({ definition: _, ...rule }) => rule),
      ],
    }
  })
  route(app, 'DELETE /api/rules/:rule_id', { summary: 'Forget a remembered rule' }, async ({ c }) => {
    const rule_id = c.req.param('rule_id') ?? ''
    if (!(await runtime.remembered.remove(rule_id)))
      throw new AppError('NOT_FOUND', 'No remembered rule has this id. Rules from a file are removed there.')
    await store.reloadRules()
    return { status: 'deleted', rule_id }
  })

  route(
    app,
    'PUT /api/providers/:name/key',
    { summary: 'Give a key, kept in memory only', body: ProviderKey },
    ({ c, body }) => {
      const provider = c.req.param('name') ?? ''
      runtime.models.setKey(provider, body.key)
      return { status: 'stored', provider }
    },
  )
}

/** The agents in force, and the files that do not hold because another agent has their name. */
async function listAgents(config: Config, place: Place) {
  const { findAgentFiles } = await import('../../conventions/agent-files.ts')
  const { entries, problems } = await findAgentFiles(place, namesTaken(config))
  const losers = entries.flatMap(({ name, entry, problem }): Listed[] =>
    problem === undefined ? [] : [{ ...agentOf(name, entry), problem }],
  )
  return { agents: [...(agentsOf(config) as Listed[]), ...losers], problems }
}

type Listed = Agent & { problem?: string }
