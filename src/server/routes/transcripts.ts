import type { Hono } from 'hono'
import { AppError } from '../../base/errors.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { ListTranscripts, SearchTranscripts, TranscriptFormat } from '../schema.ts'

const MEDIA_TYPES = {
  json: 'application/json',
  markdown: 'text/markdown; charset=utf-8',
  org: 'text/org; charset=utf-8',
}

/** What sessions leave behind: everything here is read from the logs. */
export function transcriptRoutes(app: Hono<Env>, { store, runtime: { archive } }: Server): void {
  route(
    app,
    'GET /api/sessions/:id/transcript',
    { summary: 'The transcript of a live or ended session', query: TranscriptFormat },
    async ({ id, query: { format } }) => {
      const events = store.has(id) ? (await store.get(id)).log.events : await archive.read(id)
      return new Response(await archive.render(events, format), {
        headers: { 'content-type': MEDIA_TYPES[format as keyof typeof MEDIA_TYPES] },
      })
    },
  )
  route(
    app,
    'GET /api/transcripts',
    { summary: 'All saved sessions, newest first', query: ListTranscripts },
    ({ query }) => archive.list(query),
  )
  route(
    app,
    'GET /api/transcripts/search',
    { summary: 'Search the text of all saved sessions', query: SearchTranscripts },
    ({ query }) => archive.search(query),
  )
  route(
    app,
    'DELETE /api/transcripts/:id',
    { summary: 'Delete a saved session with all its files' },
    async ({ id }) => {
      if (store.has(id)) throw new AppError('SESSION_BUSY', 'This session is live. Close it first.')
      await archive.remove(id)
      return { status: 'deleted' }
    },
  )
}
