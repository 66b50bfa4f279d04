import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Backend } from '../support/backend.ts'
import { figure } from '../support/figures.ts'
import { startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

type Attack = {
  name: string
  headers?: Record<string, string | null>
  body?: string
  /** Only where there is a body. */
  only?: 'body'
  statuses: number[]
}
const token = 'Bearer not-the-token'
const ATTACKS: Attack[] = [
  { name: 'no token', headers: { authorization: null }, statuses: [401] },
  { name: 'another token', headers: { authorization: token }, statuses: [401] },
  { name: 'an empty token', headers: { authorization: 'Bearer ' }, statuses: [401] },
  { name: 'Basic', headers: { authorization: 'Basic dTpw' }, statuses: [401] },
  { name: 'a foreign host', headers: { host: 'evil.example' }, statuses: [403] },
  { name: 'a host that begins like ours', headers: { host: '127.0.0.1.evil.example' }, statuses: [403] },
  { name: 'a host with a dot behind', headers: { host: 'localhost.' }, statuses: [403] },
  { name: 'a page', headers: { origin: 'https://evil.example' }, statuses: [403] },
  { name: 'a page of no origin', headers: { origin: 'null' }, statuses: [403] },
  { name: 'a page of ours', headers: { origin: 'http://127.0.0.1' }, statuses: [403] },
  { name: 'another site', headers: { 'sec-fetch-site': 'cross-site' }, statuses: [403] },
  { name: 'the same site', headers: { 'sec-fetch-site': 'same-origin' }, statuses: [403] },
  {
    name: 'a form',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'a=b',
    only: 'body',
    statuses: [415],
  },
  { name: 'plain text', headers: { 'content-type': 'text/plain' }, body: '{}', only: 'body', statuses: [415] },
  { name: 'no media type', headers: { 'content-type': null }, body: '{}', only: 'body', statuses: [415] },
  { name: 'zipped', headers: { 'content-encoding': 'gzip' }, body: '{}', only: 'body', statuses: [415] },
  { name: 'no JSON', body: '{"a":', only: 'body', statuses: [400] },
  { name: 'an array', body: '[]', only: 'body', statuses: [400] },
  { name: 'too deep', body: '['.repeat(100_000), only: 'body', statuses: [400] },
  { name: 'no UTF-8', body: '{"a":"\xff\xfe"}', only: 'body', statuses: [400] },
  {
    name: 'too long',
    headers: { 'content-length': String(17 * 1024 * 1024) },
    body: '',
    only: 'body',
    statuses: [413],
  },
]

/** By hand: fetch sets some of these headers itself. */
function send(backend: Backend, method: string, path: string, { headers = {}, body = '' }: Attack, json: boolean) {
  const all: Record<string, string | null> = {
    host: `127.0.0.1:${backend.handshake.port}`,
    ...backend.headers,
    connection: 'close',
    ...(json && { 'content-type': 'application/json', 'content-length': String(body.length) }),
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
  return new Promise<number>((resolve, reject) => {
    const socket = connect(backend.handshake.port, '127.0.0.1', () =>
      socket.write(Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')),
    )
    socket.on('error', reject)
    socket.once('data', data => {
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(String(data))?.[1]))
      socket.destroy()
    })
  })
}

/** All that a request could have changed: what the server says, and every file of the home and the project. */
async function stateOf(backend: Backend, roots: string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const root of roots)
    for (const name of (readdirSync(root, { recursive: true }) as string[]).sort()) {
      const info = statSync(join(root, name), { throwIfNoEntry: false })
      hash.update(`${name} ${info?.isFile() ? readFileSync(join(root, name), 'base64') : ''}\n`)
    }
  const sessions = (await backend.call('GET /api/sessions')).text
  const rules = (await backend.call('GET /api/rules')).text
  const models = (await backend.call('GET /api/models')).text
  return `${hash.digest('hex')} ${sessions} ${rules} ${models}`
}

test('every route against every attack: refused before anything happens', async () => {
  const { backend, home, says } = await startScripted()
  const project = tempDir({ 'a.txt': 'one\n' })
  const id = await backend.session(project, { config: { mode: 'accept-edits' } })
  says({ calls: [{ id: 'c', name: 'write_file', args: { path: 'b.txt', content: 'b' } }] }, { text: 'ok' })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
  const ended = await backend.session(project)
  await backend.call(`DELETE /api/sessions/${ended}`)
  const { body: api } = await backend.call('GET /openapi.json')
  const routes = Object.entries(api.paths as Record<string, Record<string, any>>).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => ({ method: method.toUpperCase(), path })),
  )
  const fill = (path: string) =>
    path
      .replace('/sessions/{id}', `/sessions/${id}`)
      .replace('/transcripts/{id}', `/transcripts/${ended}`)
      .replace(/\{\w+\}/g, 'test')
  await Bun.sleep(300) // transcripts are rendered after the turn
  const before = await stateOf(backend, [home.root, project])
  const seen = { routes: routes.length, attacks: ATTACKS.length, requests: 0, let_through: 0 }
  const through: string[] = []
  for (const { method, path } of routes)
    for (const attack of ATTACKS) {
      const hasBody = method !== 'GET' && method !== 'HEAD'
      if (attack.only === 'body' && !hasBody) continue
      // What anybody may ask has no token to be wrong.
      if (path === '/health' && attack.statuses[0] === 401) continue
      const status = await send(backend, method, fill(path), attack, hasBody)
      seen.requests++
      if (!attack.statuses.includes(status)) through.push(`${method} ${path}, ${attack.name}: ${status}`)
    }
  seen.let_through = through.length
  figure('routes and attacks', seen)
  expect(through).toEqual([])
  expect(await stateOf(backend, [home.root, project])).toBe(before)
}, 600_000)
