import type { Hono } from 'hono'
import type { Server } from '../app.ts'
import type { Env } from '../guard.ts'
import { route } from '../route.ts'

/** The server about itself. */
export function systemRoutes(app: Hono<Env>, server: Server): void {
  route(app, 'GET /health', { summary: 'Whether the server is up; more with the token' }, ({ c }) => ({
    status: 'ok',
    ...(c.get('authorized') && {
      version: server.version,
      protocol: server.protocol,
      pid: process.pid,
      uptime_ms: Math.round(performance.now() - server.started),
      sessions: server.store.sessions.length,
      problems: server.world.problems(),
    }),
  }))
  route(app, 'GET /metrics', { summary: 'Counters, for Prometheus' }, () => {
    const text = server.metrics.render(server.store.sessions.length)
    return new Response(text, { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
  })
  route(app, 'GET /openapi.json', { summary: 'This document' }, async () => {
    const { document } = await import('../openapi.ts')
    return document(app, server.version)
  })
}
