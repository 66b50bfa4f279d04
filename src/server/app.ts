import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { AppError } from '../base/errors.ts'
import { createRedactor } from '../session/redact.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Store } from '../session/store.ts'
import { errorBody, reportFailure } from './door.ts'
import type { Admitted } from './guard.ts'
import type { Metrics } from './metrics.ts'
import { json } from './route.ts'
import { acpRoutes } from './routes/acp.ts'
import { catalogRoutes } from './routes/catalog.ts'
import { conventionRoutes } from './routes/conventions.ts'
import { conversationRoutes } from './routes/conversation.ts'
import { editorRoutes } from './routes/editor.ts'
import { historyRoutes } from './routes/history.ts'
import { planRoutes } from './routes/plan.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { systemRoutes } from './routes/system.ts'
import { transcriptRoutes } from './routes/transcripts.ts'
import { undoRoutes } from './routes/undo.ts'

/*
 * The server: `listen` binds, `door` checks who asks (`guard`) and answers /health before anything else is loaded, `app` holds
 * the routes, each declared once with its schemas (`route`), from which `openapi` is made. `sse` and `frames` stream events.
 */

/** What the routes work with. */
export type Server = {
  store: Store
  runtime: Runtime
  metrics: Metrics
  version: string
  about: About
  /** Imported by the first client that is attached. */
  acp(): Promise<AcpConnections>
}

type AcpConnections = {
  open(): ReadableStream<Uint8Array>
  send(connection_id: string, message: unknown): Promise<void>
}

/** What `GET /health` answers; more with the token. */
export type About = (authorized: boolean) => object

/** What each request brings with it from the guard. */
export type Env = { Bindings: Admitted }

/** Every route. `door.ts` has checked who asks and read the body; every failure ends as an error body in `onError`. */
export function createApp(server: Server): Hono<Env> {
  const app = new Hono<Env>()
  const redactor = createRedactor(server.runtime.secrets)
  sessionRoutes(app, server)
  conversationRoutes(app, server)
  historyRoutes(app, server)
  transcriptRoutes(app, server)
  undoRoutes(app, server)
  planRoutes(app, server)
  editorRoutes(app, server)
  catalogRoutes(app, server)
  conventionRoutes(app, server)
  acpRoutes(app, server)
  systemRoutes(app, server)
  app.notFound(c =>
    json(c, errorBody(new AppError('NOT_FOUND', 'There is no such route. GET /openapi.json lists them.')), 404),
  )
  app.onError((error, c) => {
    const known = reportFailure(error, c.req.raw, server.runtime.log)
    return json(c, redactor.value(errorBody(known)), known.status as ContentfulStatusCode)
  })
  return app
}
