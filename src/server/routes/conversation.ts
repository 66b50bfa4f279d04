import type { Hono } from 'hono'
import type { CommandRequest } from '../../session/commands/invoke.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { AnswerQuestion, Approve, Interrupt, Reject, SendPrompt } from '../schema.ts'

/** What is said in a session: prompts, decisions, answers, and stopping. Nothing is acknowledged before it is on the disk. */
export function conversationRoutes(app: Hono<Env>, { store, runtime }: Server): void {
  const run = async (id: string, request: CommandRequest) =>
    (await import('../../session/commands/invoke.ts')).invoke(store, runtime, id, request)

  route(app, 'POST /api/sessions/:id/prompt', { summary: 'Send a prompt', body: SendPrompt }, async ({ id, body }) => {
    const { wait, command, text = '', ...prompt } = body
    const taken = await (command ? run(id, { ...prompt, command }) : store.prompt(id, { ...prompt, text }))
    if (taken.status === 'done') return wait ? { ...taken, status: 'success' } : taken
    const { outcome, ...accepted } = taken
    return wait ? outcome : accepted
  })
  route(
    app,
    'POST /api/sessions/:id/interrupt',
    { summary: 'Stop everything that runs, or one delegated agent', body: Interrupt },
    async ({ id, body: { tool_call_id } }) => {
      const session = await store.get(id)
      if (tool_call_id === undefined)
        return { status: 'interrupted', agent_state: 'idle', dropped: await session.turns.interrupt() }
      await session.turns.stop(tool_call_id)
      return { status: 'interrupted', agent_state: session.agent_state.state, dropped: [] }
    },
  )
  route(app, 'DELETE /api/sessions/:id/queue/:turn_id', { summary: 'Drop a waiting prompt' }, async ({ c, id }) => {
    await (await store.get(id)).turns.drop(c.req.param('turn_id') ?? '')
    return { status: 'dropped' }
  })
  route(app, 'POST /api/sessions/:id/approve', { summary: 'Approve a call', body: Approve }, async ({ id, body }) => {
    const session = await store.get(id)
    await session.approvals.approve(body)
    await session.sync()
    return { status: 'approved', tool_call_id: body.tool_call_id }
  })
  route(app, 'POST /api/sessions/:id/reject', { summary: 'Reject a call', body: Reject }, async ({ id, body }) => {
    const session = await store.get(id)
    session.approvals.reject(body)
    await session.sync()
    return { status: 'rejected', tool_call_id: body.tool_call_id }
  })
  route(
    app,
    'POST /api/sessions/:id/answer',
    { summary: 'Answer a question', body: AnswerQuestion },
    async ({ id, body }) => {
      const session = await store.get(id)
      session.questions.answer(body.question_id, {
        action: body.action,
        ...(body.content !== undefined && { content: body.content }),
      })
      await session.sync()
      return { status: 'answered', question_id: body.question_id }
    },
  )
}
