// The yardstick: a plain Hono server on `Bun.serve`, compiled the same way as the product. It reads nothing and creates no
// standard streams, so what it costs is what the runtime, the framework and a listening socket cost. `/relay` hands on the
// body of another server as it comes: what a token costs that nobody looks at.
import { writeSync } from 'node:fs'
import { Hono } from 'hono'

const app = new Hono()
app.get('/health', c => c.json({ status: 'ok' }))
app.get('/', c => c.json({ status: 'ok' }))
app.get('/relay', async c => {
  const { body } = await fetch(c.req.query('url')!, { method: 'POST', body: '{}' })
  return new Response(body)
})
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch: app.fetch })
process.on('SIGTERM', () => process.exit(0))
writeSync(1, `${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
