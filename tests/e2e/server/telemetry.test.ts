import { expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atEnd } from '../../support/at-end.ts'
import { Backend, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

const closing: (() => void)[] = []
atEnd(() => {
  for (const close of closing.splice(0)) close()
})

/** An OpenTelemetry collector that keeps what comes. */
async function collector(status = 200) {
  const received: { path: string; body: string }[] = []
  const server = createServer((request, reply) => {
    let body = ''
    request.on('data', chunk => (body += chunk))
    request.on('end', () => {
      received.push({ path: request.url!, body })
      reply.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close().closeAllConnections())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces` }
}

async function turn(config: string) {
  const backend = await Backend.start(makeHome(`model = "offline/guide"\n${config}`))
  const id = await backend.session(tempDir({ 'a-secret-name.txt': 'a-secret-text\n' }))
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'read a-secret-name.txt', wait: true })
  return { id, code: await backend.stop() }
}

test('a turn, its model calls and its tool calls are one trace, without texts, paths and ids', async () => {
  const { received, url } = await collector()
  const { id, code } = await turn(`[telemetry]\notlp = "${url}"\n`)
  expect(code).toBe(0)
  expect(received.map(({ path }) => path)).toEqual(['/v1/traces'])
  const { resourceSpans } = JSON.parse(received[0]!.body)
  const spans: any[] = resourceSpans.flatMap((it: any) => it.scopeSpans.flatMap((scope: any) => scope.spans))
  expect(spans.map(({ name }) => name).sort()).toEqual([
    'chat offline/guide',
    'chat offline/guide',
    'execute_tool read_file',
    'turn',
  ])
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  const root = spans.find(({ name }) => name === 'turn')
  for (const span of spans) if (span !== root) expect(span.parentSpanId).toBe(root.spanId)
  for (const secret of ['a-secret', id, 'turn_', 'tc_']) expect(received[0]!.body).not.toContain(secret)
})

test('a collector that fails or is gone costs a second at the end, and nothing else', async () => {
  const { url } = await collector(500)
  expect((await turn(`[telemetry]\notlp = "${url}"\n`)).code).toBe(0)
  expect((await turn('[telemetry]\notlp = "http://127.0.0.1:9/v1/traces"\n')).code).toBe(0)
})
