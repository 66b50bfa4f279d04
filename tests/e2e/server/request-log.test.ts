import { expect, test } from 'bun:test'
import { apiDocument } from '../../../src/manual/api.ts'
import { requestLine } from '../../../src/server/request-line.ts'
import { Backend, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

const lines = ({ stderr }: Backend) =>
  stderr.split('\n').flatMap(line => / debug ([A-Z]+ \/.*) \d+\.\d ms$/.exec(line)?.slice(1) ?? [])

test('every word of a route is shown, and nothing that stands for an id', async () => {
  const { paths } = (await apiDocument('1.2.3')) as { paths: Record<string, object> }
  expect(Object.keys(paths).length).toBeGreaterThan(30)
  for (const path of Object.keys(paths)) {
    const asked = path.replace(/\{\w+\}/g, 'Some-Id.1')
    expect(requestLine('GET', asked, 200, 1.26)).toBe(`GET ${path.replace(/\{\w+\}/g, ':id')} 200 1.3 ms`)
  }
})

test('at debug each request is one line: no ids, no query, no bodies, no token', async () => {
  const home = makeHome('log_level = "debug"\n')
  const backend = await Backend.start(home)
  const id = await backend.session(tempDir(), { title: 'a-secret-title' })
  await backend.call(`GET /api/sessions/${id}`)
  await backend.call('GET /api/transcripts/search?q=a-secret-query')
  await backend.call('GET /api/sessions', undefined, { authorization: 'Bearer a-wrong-token' })
  await backend.call('GET /health')
  await backend.stop()
  expect(lines(backend)).toEqual([
    'POST /api/sessions 201',
    'GET /api/sessions/:id 200',
    'GET /api/transcripts/search 200',
    'GET /api/sessions 401',
    'GET /health 200',
  ])
  for (const secret of [id, 'a-secret', backend.handshake.token!, 'a-wrong-token'])
    expect(backend.stderr).not.toContain(secret)
})

test('at info there is none', async () => {
  const backend = await Backend.start(makeHome())
  await backend.call('GET /api/sessions')
  await backend.stop()
  expect(lines(backend)).toEqual([])
})
