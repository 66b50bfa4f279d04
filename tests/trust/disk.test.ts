import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { figure, random, scaled } from '../support/figures.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { chat } from '../support/model-replies.ts'
import { many } from '../support/model-session.ts'
import { expectIntact, has, limit, makeRoom } from '../support/poor-disk.ts'
import { call, startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

const noCompiler =
  process.platform === 'linux' && has('cc') ? '' : ' (skipped: this machine lacks Linux or a C compiler)'
const ERRORS = { ENOSPC: 28, EIO: 5 }
const EDITS = many(
  ['write_file', { path: 'b.txt', content: 'b\n' }],
  ['edit_file', { path: 'a.txt', old: 'one', new: '1' }],
)
const LOOKS = call('read_file', { path: 'a.txt' })

test.skipIf(noCompiler !== '')(
  `a disk that is full or broken at any call: an error is shown, and the log stays sound${noCompiler}`,
  async () => {
    const dir = tempDir()
    const library = join(dir, 'failing.so')
    const source = join(import.meta.dir, '../support/failing-calls.c')
    expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, source]).status).toBe(0)
    const flag = join(dir, 'fail')
    const { backend, home, model } = await startScripted({ env: { LD_PRELOAD: library, FAIL_AT: flag } })
    const pick = random(FUZZ_SEED)
    const answer = ({ body }: { body: any }) => {
      model.add(answer)
      const { role, content } = body.messages.at(-1)
      const text = role === 'user' ? JSON.stringify(content) : ''
      return { body: chat(/first/.test(text) ? EDITS : /second/.test(text) ? LOOKS : { text: 'ok' }) }
    }
    model.add(answer)
    const rounds = scaled(16, 400)
    const seen = { injected: 0, took_effect: 0, shown: 0, without_effect_on_anybody: 0 }
    const kinds: Record<string, number> = {}
    for (let round = 0; round < rounds; round++) {
      const project = tempDir({ 'a.txt': 'one\n' })
      const id = await backend.session(project, { config: { mode: 'accept-edits' } })
      const stream = await backend.events(`/api/sessions/${id}/events`, 0)
      const [path] = new Bun.Glob(`**/session-${id}.jsonl`).scanSync({ cwd: home.transcripts, absolute: true })
      // One kind of call from some point on, or every file too long from some byte on.
      const name = (['ENOSPC', 'EIO', 'EFBIG'] as const)[round % 3]!
      if (name === 'EFBIG') limit(backend, statSync(path!).size + pick(6000))
      else writeFileSync(flag, `${1 + pick(12)} ${ERRORS[name]} ${pick(2)}`)
      seen.injected++
      const replies: { status: number; body: any }[] = []
      const api = async (request: string, body?: object) => {
        const reply = await backend.call(request.replace('…', `/api/sessions/${id}`), body)
        replies.push(reply)
        return reply
      }
      const kept: string[] = []
      const prompt = async (text: string) => {
        const { status, body } = await api('POST …/prompt', { text, wait: true })
        if (status === 200 && body.status === 'success') kept.push(text)
      }
      await prompt('first')
      await prompt('second')
      const titled = await api('PATCH …', { title: 'A title' })
      const undone = await api('POST …/undo', {})
      const told = `${flag}.failed`
      if (name === 'EFBIG') makeRoom(backend)
      else rmSync(flag)
      const failed = existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []
      if (failed.length > 0) rmSync(told)
      if (name === 'EFBIG' && replies.some(({ status }) => status >= 500)) failed.push('write')

      // The disk is well again: the session is brought back, and goes on.
      const resumed = await backend.call(`POST /api/sessions/${id}/resume`)
      expect([round, failed, resumed.status, resumed.body.error]).toEqual([round, failed, 200, undefined])
      const next = await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'last', wait: true })
      expect([round, next.status]).toEqual([round, 200])
      const events = expectIntact(path!)
      const prompts = events.flatMap(event => (event.type === 'prompt' ? [event.text] : []))
      for (const each of [...kept, 'last'])
        expect([round, failed, prompts]).toEqual([round, failed, expect.arrayContaining([each])])
      if (titled.status === 200) expect(events.some(event => event.title === 'A title')).toBe(true)
      if (undone.status === 200) expect(events.some(event => event.undo_id === undone.body.undo_id)).toBe(true)
      for (const event of stream.stored) expect([round, events[event.id - 1]?.type]).toEqual([round, event.type])
      stream.close()

      if (failed.length === 0) continue
      seen.took_effect++
      kinds[`${failed[0]} ${name}`] = (kinds[`${failed[0]} ${name}`] ?? 0) + 1
      const isShown =
        replies.some(({ status, body }) => status >= 500 || body.status === 'error' || body.error) ||
        stream.frames.some(
          ({ event, data }) =>
            event === 'error' || event === 'notice' || (event === 'tool.result' && data.status === 'error'),
        )
      if (isShown) seen.shown++
      else {
        // Each request succeeded: the write that failed was of a cache, or was repeated.
        seen.without_effect_on_anybody++
        expect([round, failed, kept, titled.status, undone.status]).toEqual([
          round,
          failed,
          ['first', 'second'],
          200,
          200,
        ])
      }
      await backend.call(`DELETE /api/sessions/${id}`)
    }
    figure(
      'full and broken disks',
      seen,
      Object.entries(kinds)
        .map(each => each.join(' '))
        .join(', '),
    )
    expect(seen.took_effect).toBeGreaterThan(rounds / 4)
  },
  3_600_000,
)
