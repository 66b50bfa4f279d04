import type { Hono } from 'hono'
import { locate } from '../../tools/paths.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { Buffers, CreateSession, FollowSession, UpdateSession } from '../schema.ts'
import { parseLastEventId, sessionStream, summaryStream } from '../sse.ts'

/** A session's life: open, look, change, follow, close, resume. */
export function sessionRoutes(app: Hono<Env>, { store }: Server): void {
  route(
    app,
    'POST /api/sessions',
    { summary: 'Open a session on a project', body: CreateSession, status: 201 },
    async ({ body }) => store.view(await store.create(body)),
  )
  route(app, 'GET /api/sessions', { summary: 'The live sessions' }, () => ({
    sessions: store.sessions.map(s => store.view(s)),
  }))
  route(app, 'GET /api/sessions/:id', { summary: 'A live session' }, async ({ id }) => store.view(await store.get(id)))
  route(
    app,
    'PATCH /api/sessions/:id',
    { summary: 'Change model, agent, title or settings', body: UpdateSession },
    async ({ id, body }) => store.view(await store.update(id, body)),
  )
  route(app, 'DELETE /api/sessions/:id', { summary: 'Close a session' }, async ({ id }) => ({
    status: 'closed',
    transcript_path: await store.close(id),
  }))
  route(app, 'POST /api/sessions/:id/resume', { summary: 'Bring a session back from its log' }, async ({ id }) => {
    const { session, dropped } = await store.resume(id)
    return { status: 'resumed', session_id: id, message_count: session.state.conversation.message_count, dropped }
  })
  route(
    app,
    'PUT /api/sessions/:id/buffers',
    { summary: 'Report all unsaved buffers', body: Buffers },
    async ({ id, body }) => {
      const { place } = await store.get(id)
      const buffers = place.remote
        ? (await import('../../tools/editor/there.ts')).buffersThere(place.remote, body.unsaved)
        : body.unsaved
      const unsaved = await Promise.all(
        buffers.map(async ({ path, text }) => [await locate(path, place.roots).catch(() => path), text] as const),
      )
      place.unsaved.clear()
      for (const [path, text] of unsaved) place.unsaved.set(path, text)
      return { count: body.unsaved.length }
    },
  )
  route(
    app,
    'GET /api/sessions/:id/events',
    {
      summary: 'Follow a session (SSE). With `render=org`, texts come as Org as well: in fields that begin with `org`',
      query: FollowSession,
    },
    async ({ c, id, query: { render } }) => {
      const after = parseLastEventId(c.req.header('last-event-id'))
      const session = await store.get(id)
      if (render === undefined) return sessionStream(session, after)
      const { orgEncoding } = await import('../org-stream.ts')
      return sessionStream(session, after, orgEncoding(session))
    },
  )
  route(app, 'GET /api/events', { summary: 'Follow all live sessions (SSE)' }, () => summaryStream(store))
}
