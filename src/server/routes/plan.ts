import type { Hono } from 'hono'
import { numbered } from '../../transcript/plan.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { SetPlan } from '../schema.ts'

/** The list of steps that the agent works off. */
export function planRoutes(app: Hono<Env>, { store }: Server): void {
  route(app, 'GET /api/sessions/:id/plan', { summary: 'The list of steps' }, async ({ id }) => ({
    items: (await store.get(id)).state.conversation.plan,
  }))
  route(
    app,
    'PUT /api/sessions/:id/plan',
    { summary: 'Set the list of steps; the agent is told', body: SetPlan },
    async ({ id, body }) => {
      const session = await store.get(id)
      session.refuseClosing()
      const { agent, conversation } = session.state
      const items = numbered(body.items, conversation.plan)
      session.append({ type: 'plan', agent, items, by: 'user' })
      await session.sync()
      return { items: session.state.conversation.plan }
    },
  )
}
