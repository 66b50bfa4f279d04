import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../support/backend.ts'
import { FULL, figure, scaled } from '../support/figures.ts'
import { chat } from '../support/model-replies.ts'
import { call, pending, startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

/** How long /health takes while `work` goes on, from another process; the numbers are a figure, not a condition. */
async function during(backend: Backend, name: string, work: () => Promise<unknown>): Promise<void> {
  const poller = spawn('node', [
    join(import.meta.dir, '../support/health-poller.mjs'),
    `${backend.handshake.url}/health`,
  ])
  let out = ''
  poller.stdout.on('data', data => {
    out += data
  })
  await once(poller.stdout, 'data')
  const from = performance.now()
  await work()
  const seconds = (performance.now() - from) / 1000
  poller.stdin.end()
  await once(poller, 'close')
  const times: number[] = JSON.parse(out.split('\n')[1]!)
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1)
  figure(
    `/health during ${name}`,
    `${sorted.length} answers in ${seconds.toFixed(1)} s; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`,
  )
  expect(sorted.length).toBeGreaterThan(0)
}

async function atWork() {
  const scripted = await startScripted({ config: '[permissions]\nallow = ["shell_exec"]' })
  const { backend, says } = scripted
  return {
    ...scripted,
    /** A turn with these lines; what asks is approved. */
    async turn(project: string, ...lines: Parameters<typeof says>) {
      const id = await backend.session(project)
      const stream = await backend.events(`/api/sessions/${id}/events`)
      says(...lines)
      const done = backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
      void pending(stream).then(
        ({ data }) => backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id }),
        () => {}, // nothing asked
      )
      expect((await done).body.status).toBe('success')
      stream.close()
      await backend.call(`DELETE /api/sessions/${id}`)
    },
  }
}

/** Only in full: timings are worth something on a machine that does nothing else. A hundredth by TRUST_SHARE=0.01. */
const SCALE = scaled(0.01, 1000) / 1000

if (FULL)
  test('/health answers during anything that is large', async () => {
    const { backend, model, turn } = await atWork()
    const project = tempDir({ 'a.txt': 'one\n' })
    await during(backend, 'nothing', () => Bun.sleep(2000))
    const bytes = Math.round(1e9 * SCALE)
    await during(backend, `a tool output of ${bytes / 1e6} MB`, () =>
      turn(project, call('shell_exec', { command: `head -c ${bytes} /dev/zero | tr '\\0' x | fold -w 200` }), {
        text: 'ok',
      }),
    )
    const pieces = Math.round((50e6 * SCALE) / 50_000)
    await during(backend, `a message of ${pieces / 20} MB`, () =>
      turn(project, { body: chat({ text: Array.from({ length: pieces }, () => 'some words '.repeat(4545)) }) }),
    )
    const files = Math.round(100_000 * SCALE)
    const many = tempDir()
    for (let i = 0; i < files; i++) {
      if (i % 1000 === 0) mkdirSync(join(many, `d${i / 1000}`))
      writeFileSync(join(many, `d${Math.floor(i / 1000)}/f${i}.txt`), 'x')
    }
    await during(backend, `${files} files listed and searched`, () =>
      turn(
        many,
        call('list_directory', { path: '.', depth: 5 }),
        call('search_files', { pattern: '**/*7.txt' }),
        call('grep', { pattern: 'y' }),
        { text: 'ok' },
      ),
    )
    const body = Math.round(15.9e6 * SCALE)
    await during(backend, `five bodies of ${(body / 1e6).toFixed(1)} MB`, async () => {
      const id = await backend.session(project)
      for (let i = 0; i < 5; i++) {
        const { status } = await backend.call(`PUT /api/sessions/${id}/buffers`, {
          unsaved: [{ path: join(project, 'a.txt'), text: 'word '.repeat(body / 5) }],
        })
        expect(status).toBe(200)
      }
      await backend.call(`DELETE /api/sessions/${id}`)
    })
    const prompts = Math.max(10, Math.round(500 * SCALE))
    await during(backend, `${prompts} queued prompts`, async () => {
      // At most 100 wait in one session.
      const ids = await Promise.all(Array.from({ length: 5 }, () => backend.session(project)))
      model.add(...Array.from({ length: prompts }, () => chat({ text: 'ok' })))
      const replies = Array.from({ length: prompts }, (_, i) =>
        backend.call(`POST /api/sessions/${ids[i % 5]}/prompt`, { text: `prompt ${i}`, wait: true }),
      )
      const statuses = await Promise.all(replies)
      expect(statuses.filter(({ body }) => body.status !== 'success')).toEqual([])
      for (const id of ids) await backend.call(`DELETE /api/sessions/${id}`)
    })
  }, 1_200_000)
