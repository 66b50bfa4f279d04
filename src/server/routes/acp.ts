import type { Hono } from 'hono'
import * as v from 'valibot'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'

/** The Agent Client Protocol over HTTP, for `acp --attach`. */
export function acpRoutes(app: Hono<Env>, { acp }: Server): void {
  route(
    app,
    'GET /api/acp',
    { summary: 'Open an ACP connection: {connection_id}, then the messages of the agent, a line of JSON each' },
    async () => new Response((await acp()).open(), { headers: { 'content-type': 'application/x-ndjson' } }),
  )
  route(
    app,
    'POST /api/acp/:id',
    { summary: 'Send one message over an ACP connection', body: v.unknown() },
    async ({ id, body }) => {
      await (await acp()).send(id, body)
      return { status: 'sent' }
    },
  )
}
