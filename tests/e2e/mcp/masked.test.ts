import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { peerEntry, startServed, talk } from '../../support/mcp-servers.ts'

/** Named like nothing that is a secret: where it comes from says that it is one. */
const CANARY = 'canary +ünlike/"words"=='
const OTHER = 'other-canary-5f1c'

const FORMS: [string, string][] = [
  ['as it is', CANARY],
  ['in base64', Buffer.from(CANARY).toString('base64')],
  ['in base64url', Buffer.from(CANARY).toString('base64url')],
  ['percent-encoded', encodeURIComponent(CANARY)],
  ['as a form', encodeURIComponent(CANARY).replaceAll('%20', '+')],
  ['as JSON', JSON.stringify(CANARY).slice(1, -1)],
  ['as JSON in JSON', JSON.stringify(JSON.stringify(CANARY)).slice(3, -3)],
]

const entry = () =>
  peerEntry(
    { banner: `started with ${OTHER}` },
    { env: { GREETING: '${' + 'SKY}', PLACE: 'at ${' + 'FAR}', WHERE: '${' + 'HOME}/x' } },
  )

test.each(FORMS)('what a server is given from the environment is masked %s', async (_, form) => {
  const served = await startServed([entry()], {
    env: { SKY: CANARY, FAR: OTHER },
    config: '[permissions]\nallow = ["peer/*"]',
  })
  const { run, id, stream } = await talk(served)
  const result = await run('peer__echo', { text: `before ${form} after` })
  expect(result.result.content).toBe('before [redacted] after')
  expect(result.told).not.toContain(form)
  const { text } = await served.backend.call(`GET /api/sessions/${id}/transcript`)
  expect(
    [text, JSON.stringify(stream.frames)].filter(shown => shown.includes(JSON.stringify(form).slice(1, -1))),
  ).toEqual([])
  const closed = await served.backend.call(`DELETE /api/sessions/${id}`)
  const path = closed.body.transcript_path.replace(/org$/, 'jsonl')
  expect(readFileSync(path, 'utf8')).not.toContain(JSON.stringify(form).slice(1, -1))
})

test('also in what GET /api/mcp shows of its stderr, and paths stay readable', async () => {
  const served = await startServed([entry()], {
    env: { SKY: CANARY, FAR: OTHER },
    config: '[permissions]\nallow = ["peer/*"]',
  })
  const { run } = await talk(served)
  expect((await run('peer__echo', { text: `at ${served.home.root}/x` })).result.content).toBe(
    `at ${served.home.root}/x`,
  )
  const { text } = await served.backend.call('GET /api/mcp')
  expect(text).not.toContain(OTHER)
})

test("values of a session's env with the name of a secret are masked in that session", async () => {
  const served = await startServed([peerEntry()], { config: '[permissions]\nallow = ["peer/*"]' })
  const { run } = await talk(served, { env: { DEPLOY_TOKEN: 'deploy-9f8e7d6c', COLOUR: 'ultramarine' } })
  const { result } = await run('peer__echo', { text: 'deploy-9f8e7d6c in ultramarine' })
  expect(result.content).toBe('[redacted] in ultramarine')
})
