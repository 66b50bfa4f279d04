import type { Hono } from 'hono'
import type { Env, Server } from '../app.ts'
import { createMetrics } from '../metrics.ts'
import { route } from '../route.ts'

/** The server about itself. */
export function systemRoutes(app: Hono<Env>, server: Server): void {
  // The door answers it, before any route is loaded; here it is for the document.
  route(app, 'GET /health', { summary: 'Whether the server is up; more with the token' }, ({ c }) =>
    server.about(c.env.authorized),
  )
  route(app, 'GET /metrics', { summary: 'Counters, for Prometheus' }, () => {
    const text = server.metrics.render(server.store.sessions.length)
    return new Response(text, { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
  })
  route(
    app,
    'GET /api/sessions/:id/metrics',
    { summary: 'The counters of /metrics for one session, from its log: a list by labels for each' },
    async ({ id }) => {
      const { log, state } = await server.store.get(id)
      const metrics = createMetrics()
      // What a fork brought from another session is counted there.
      for (const event of log.events) if (event.id > state.inherited_to) metrics.observe(event)
      return metrics.counts()
    },
  )
  route(app, 'GET /openapi.json', { summary: 'This document' }, async () => {
    const { document } = await import('../openapi.ts')
    return document(app, server.version)
  })
}
