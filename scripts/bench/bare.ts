// The yardstick: a plain Hono server on `Bun.serve`, compiled the same way as the product. It creates no standard streams, so
// what it costs is what the runtime, the framework and a listening socket cost. It also has the least work that requests to the
// product are compared with: it sends on the body of another server unread, asks a model twice, parses the lines of a log.
import { writeSync } from 'node:fs'
import { Hono } from 'hono'

const app = new Hono()
const ask = (url: string) => fetch(url, { method: 'POST', body: '{}' })
const subscribers = new Set<ReadableStreamDefaultController<Uint8Array>>()

app.get('/health', c => c.json({ status: 'ok' }))
app.get('/', c => c.json({ status: 'ok' }))
/** Streams the bodies that POST /relay fetches. */
app.get('/relay', () => {
  let own: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      own = controller
      subscribers.add(controller)
      controller.enqueue(new TextEncoder().encode(': \n\n'))
    },
    cancel: () => void subscribers.delete(own),
  })
  return new Response(body)
})
app.post('/relay', async c => {
  const { body } = await ask(c.req.query('url')!)
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>)
    for (const subscriber of subscribers) subscriber.enqueue(bytes)
  return c.json({})
})
/** Two calls of a model, and a file between. */
app.post('/turn', async c => {
  await (await ask(c.req.query('url')!)).text()
  await Bun.file(c.req.query('file')!).text()
  return c.json({ content: await (await ask(c.req.query('url')!)).text() })
})
app.get('/log', async c => {
  const lines = (await Bun.file(c.req.query('file')!).text()).trimEnd().split('\n')
  return c.json({ events: lines.map(line => JSON.parse(line)).length })
})
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: app.fetch })
process.on('SIGTERM', () => process.exit(0))
writeSync(1, `${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
