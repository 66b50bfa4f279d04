import type { Hono } from 'hono'
import { placeOf } from '../../conventions/places.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { OfProject } from '../schema.ts'

/** What people and projects bring along: skills. Without a project, the user's alone. */
export function conventionRoutes(app: Hono<Env>, { runtime }: Server): void {
  const place = (project: string | undefined) => placeOf(project ?? runtime.dirs.config, runtime.dirs)

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
