import type { Hono } from 'hono'
import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { placeOf, realProject } from '../../conventions/places.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { CompleteArgument, OfProject } from '../schema.ts'

/** What people, projects and their servers bring along: commands, skills, resources. Without a project, the user's alone. */
export function conventionRoutes(app: Hono<Env>, { runtime }: Server): void {
  const serversOf = async (project: string | undefined) => {
    const config = await runtime.projectConfig(project)
    const pool = await runtime.pool()
    if (!pool) throw new AppError('NOT_FOUND', 'There are no MCP servers.')
    return { config, pool, real: project === undefined ? null : await realProject(project) }
  }
  const place = (project: string | undefined) => placeOf(project ?? runtime.dirs.config, runtime.dirs)

  route(
    app,
    'GET /api/resources',
    { summary: 'What MCP servers offer to be read, as @server:uri', query: OfProject },
    async ({ query }) => {
      const { config, pool, real } = await serversOf(query.project)
      const offerings = config.mcp_servers.some(({ enabled }) => enabled) ? await pool.offerings(real) : []
      return {
        resources: offerings.flatMap(({ server, resources }) => resources.map(resource => ({ server, ...resource }))),
        templates: offerings.flatMap(({ server, templates }) => templates.map(template => ({ server, ...template }))),
      }
    },
  )
  route(
    app,
    'GET /api/mcp/:name/complete',
    { summary: 'Values for an argument of a prompt, or of a template of resources', query: CompleteArgument },
    async ({ c, query: { project, prompt, template, argument, value } }) => {
      const { pool, real } = await serversOf(project)
      const ref = prompt === undefined ? { type: 'ref/resource', uri: template } : { type: 'ref/prompt', name: prompt }
      const completion = await pool.complete(real, c.req.param('name') ?? '', {
        ref,
        argument: { name: argument, value },
      })
      return v.parse(Completion, completion)
    },
  )
  route(app, 'GET /api/commands', { summary: 'Commands', query: OfProject }, async ({ query }) => {
    const { findAllCommands } = await import('../../session/commands/list.ts')
    const { commands, problems } = await findAllCommands(runtime, query.project)
    return { commands: commands.map(({ row }) => row), problems }
  })
  route(
    app,
    'GET /api/skills',
    { summary: 'Skills, and what is wrong with some', query: OfProject },
    async ({ query }) => {
      const { findSkills } = await import('../../conventions/skills.ts')
      const { entries, problems } = await findSkills(await place(query.project))
      return {
        skills: entries.map(({ name, description, path, origin, problem }) => ({
          name,
          description,
          path,
          origin,
          ...(problem !== undefined && { problem }),
        })),
        problems,
      }
    },
  )
}

/** What a server proposes; nothing for one that cannot. */
const Completion = v.pipe(
  v.fallback(v.object({ values: v.array(v.string()), hasMore: v.optional(v.boolean(), false) }), {
    values: [],
    hasMore: false,
  }),
  v.transform(({ values, hasMore }) => ({ values, has_more: hasMore })),
)
