import type { Hono } from 'hono'
import { AppError } from '../../base/errors.ts'
import { gathered } from '../../base/files.ts'
import { FORMATS } from '../../transcript/formats.ts'
import type { Env, Server } from '../app.ts'
import { route } from '../route.ts'
import { ListTranscripts, SearchTranscripts, TranscriptFormat, UsageOf } from '../schema.ts'

/** What sessions leave behind: everything here is read from the logs. */
export function transcriptRoutes(app: Hono<Env>, { store, runtime: { archive } }: Server): void {
  route(
    app,
    'GET /api/sessions/:id/transcript',
    { summary: 'The transcript of a live or ended session', query: TranscriptFormat },
    async ({ id, query: { format } }) => {
      const events = store.has(id) ? (await store.get(id)).log.events : await archive.read(id)
      const { media_type, render } = FORMATS[format]
      return new Response(await streamOf(await render(events)), { headers: { 'content-type': media_type } })
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
    'GET /api/usage',
    { summary: 'Tokens and dollars of all saved sessions, by model, project, day or agent', query: UsageOf },
    ({ query }) => archive.usage(query),
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

/** The text as it is read. What fails before the first piece is an error of ours, and not a stream that breaks off. */
async function streamOf(pieces: AsyncIterable<string>): Promise<ReadableStream<Uint8Array>> {
  const iterator = gathered(pieces)
  let next = await iterator.next()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next.done) return controller.close()
      controller.enqueue(next.value)
      next = await iterator.next()
    },
    async cancel() {
      await iterator.return(undefined)
    },
  })
}
