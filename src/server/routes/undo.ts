import type { Hono } from 'hono'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { Redo, Since, Undo } from '../schema.ts'

/** What a session changed, and taking it back. */
export function undoRoutes(app: Hono<Env>, { store }: Server): void {
  route(
    app,
    'GET /api/sessions/:id/changes',
    { summary: 'The net changes of a session', query: Since },
    async ({ id, query: { since } }) => ({ files: await (await store.get(id)).undo.changes(since) }),
  )
  route(
    app,
    'POST /api/sessions/:id/undo',
    { summary: 'Undo what a turn, a call, or the session did to files', body: Undo },
    async ({ id, body }) => (await store.get(id)).undo.undo(body),
  )
  route(app, 'POST /api/sessions/:id/redo', { summary: 'Redo what was undone', body: Redo }, async ({ id, body }) =>
    (await store.get(id)).undo.redo(body.undo_id),
  )
}
