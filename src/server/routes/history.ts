import type { Hono } from 'hono'
import { rewind } from '../../session/rewind.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { Compact, Fork, Retry, Rewind } from '../schema.ts'

/** A conversation goes back, goes on elsewhere, or is tried again. Each of these refuses while a turn runs. */
export function historyRoutes(app: Hono<Env>, { store }: Server): void {
  route(
    app,
    'POST /api/sessions/:id/rewind',
    { summary: 'Go back to before a prompt', body: Rewind },
    async ({ id, body: { turn_id, files } }) => rewind(await store.get(id), turn_id, files),
  )
  route(
    app,
    'POST /api/sessions/:id/fork',
    { summary: 'Open a new session that begins with what came before', body: Fork, status: 201 },
    async ({ id, body }) => store.view(await store.fork(id, body)),
  )
  route(
    app,
    'POST /api/sessions/:id/compact',
    { summary: 'Have the conversation summarised now', body: Compact },
    async ({ id, body: { instructions } }) => {
      const { compact } = await import('../../session/context.ts')
      const { tokens_before, tokens_after } = await compact(await store.get(id), instructions)
      return { tokens_before, tokens_after }
    },
  )
  route(app, 'GET /api/sessions/:id/context', { summary: 'What fills the window of the model' }, async ({ id }) =>
    (await store.get(id)).preparation.context(),
  )
  route(
    app,
    'POST /api/sessions/:id/retry',
    { summary: 'Rewind the last turn and send its prompt again', body: Retry },
    async ({ id, body: { model, wait } }) => {
      const { outcome, ...accepted } = await store.retry(id, model)
      return wait ? outcome : accepted
    },
  )
}
