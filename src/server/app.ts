import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { AppError } from '../errors.ts'
import type { Store } from '../session/store.ts'
import type { World } from '../session/world.ts'
import { type Door, type Env, guard } from './guard.ts'
import type { Metrics } from './metrics.ts'
import { json } from './route.ts'
import { catalogRoutes } from './routes/catalog.ts'
import { conversationRoutes } from './routes/conversation.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { systemRoutes } from './routes/system.ts'
import { transcriptRoutes } from './routes/transcripts.ts'

/** What the routes work with. */
export type Server = {
  store: Store
  world: World
  metrics: Metrics
  version: string
  protocol: number
  started: number
}

/** The whole HTTP surface. The guard comes first on every route; every failure ends as an error body in `onError`. */
export function createApp(server: Server, door: Door): Hono<Env> {
  const app = new Hono<Env>()
  app.use('*', guard(door))
  sessionRoutes(app, server)
  conversationRoutes(app, server)
  transcriptRoutes(app, server)
  catalogRoutes(app, server)
  systemRoutes(app, server)
  app.notFound(c =>
    json(c, errorBody(new AppError('NOT_FOUND', 'There is no such route. GET /openapi.json lists them.')), 404),
  )
  app.onError((error, c) => {
    const known =
      error instanceof AppError
        ? error
        : new AppError('INTERNAL', 'An unexpected failure; the log of the backend says more.')
    // Where a failure of ours came from is worth knowing; what we say ourselves says enough.
    const said = error instanceof AppError ? error.message : (error.stack ?? error.message)
    if (known.status >= 500) server.world.log('error', `${c.req.method} ${c.req.path}: ${said}`)
    return json(c, errorBody(known), known.status as ContentfulStatusCode)
  })
  return app
}

const errorBody = ({ code, message, details }: AppError) => ({ error: { code, message, details } })
