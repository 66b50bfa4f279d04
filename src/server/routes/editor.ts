import type { Hono } from 'hono'
import { EDITOR_TOOLS } from '../../tools/editor/editor.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { AnswerEditor, AttachEditor } from '../schema.ts'

/** What a client does for the agent in its editor. Requests come as `editor.request` on the stream of the session. */
export function editorRoutes(app: Hono<Env>, { store }: Server): void {
  route(
    app,
    'PUT /api/sessions/:id/editor',
    { summary: 'Register the tools that an editor answers; null detaches it', body: AttachEditor },
    async ({ id, body: { tools, name } }) => {
      const session = await store.get(id)
      session.refuseClosing()
      if (tools === null) {
        session.editor.detach()
        return { status: 'detached', tools: [] }
      }
      const known = EDITOR_TOOLS.filter(tool => tools.includes(tool))
      session.editor.attach(name, known)
      return { status: 'attached', tools: known }
    },
  )
  route(
    app,
    'POST /api/sessions/:id/editor/:request_id',
    { summary: 'Answer a request to the editor: its result, an error, or progress', body: AnswerEditor },
    async ({ c, id, body }) => {
      const request_id = c.req.param('request_id') ?? ''
      const session = await store.get(id)
      session.editor.answer(request_id, body)
      return { status: body.progress ? 'noted' : 'answered', request_id }
    },
  )
}
