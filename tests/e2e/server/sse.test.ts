import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { EventStream } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[models."test/model"]\ncontext_window = 100000000' })
})

async function session() {
  const id = await scripted.backend.session(tempDir())
  const path = `/api/sessions/${id}/events`
  return {
    id,
    follow: (lastEventId?: number) => scripted.backend.events(path, lastEventId),
    raw: (headers: Record<string, string> = {}) =>
      fetch(scripted.backend.handshake.url + path, { headers: { ...scripted.backend.headers, ...headers } }),
    say: async (text: string, wait = true) => scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text, wait }),
  }
}
const text = (stream: EventStream) =>
  stream.frames
    .filter(frame => frame.event === 'message.delta')
    .reduce((all, { data }) => (data.replace ? data.content : all + data.content), '')

describe('on connect', () => {
  test.each([
    ['without Last-Event-ID: no stored events', undefined, 'idle'],
    ['with 0: all', 0, 'session.created prompt message turn.end idle'],
    ['with 2: those after it', 2, 'message turn.end idle'],
    ['with the last: none', 4, 'idle'],
    ['beyond the end: reset, then all', 5, 'reset session.created prompt message turn.end idle'],
    ['far beyond the end', 999_999_999_999_999, 'reset session.created prompt message turn.end idle'],
  ])('%s', async (_, last, want) => {
    const { follow, say } = await session()
    scripted.says({ text: 'hi' })
    await say('hello')
    const stream = await follow(last)
    const state = await stream.next('agent.state')
    expect(state.data).toMatchObject({ state: 'idle', last_event_id: 4 })
    expect(stream.types()).toBe(want)
    stream.close()
  })

  test.each(['-1', '1.5', 'x', '1234567890123456', ' ', '0x1'])('Last-Event-ID %p is a 400', async value => {
    const { raw } = await session()
    const response = await raw({ 'last-event-id': value })
    // A header of blanks alone arrives as an empty one.
    expect(response.status).toBe(400)
  })

  test('a message in progress: what was said so far, then the rest', async () => {
    const { follow, say } = await session()
    const held = gate()
    const frames = chat({ text: ['one ', 'two ', 'three'] })
    scripted.model.add([...frames.slice(0, 3), held.wait, ...frames.slice(3)])
    const first = await follow()
    await say('count', false)
    await first.until(() => text(first) === 'one two ')
    const late = await follow()
    const { data } = await late.next('message.delta')
    expect(data).toMatchObject({ content: 'one two ', replace: true })
    held.open()
    await Promise.all([first.idle(), late.idle()])
    expect(text(late)).toBe('one two three')
    expect(text(first)).toBe('one two three')
  })
})

test('a long message in progress comes in parts, the first of which replaces', async () => {
  const { follow, say } = await session()
  const held = gate()
  const long = `x${'😀'.repeat(30_000)}`
  const frames = chat({ text: [long, ' and more'] })
  scripted.model.add([...frames.slice(0, 2), held.wait, ...frames.slice(2)])
  const first = await follow()
  await say('go on', false)
  await first.until(() => text(first) === long)
  const late = await follow()
  await late.until(() => text(late) === long)
  const parts = late.frames.filter(frame => frame.event === 'message.delta').map(({ data }) => data)
  expect(parts.map(part => part.replace)).toEqual([true, ...Array(parts.length - 1).fill(undefined)])
  expect(parts.length).toBeGreaterThan(1)
  for (const part of parts) expect(part.content).not.toMatch(/[\ud800-\udbff]$/)
  held.open()
  await Promise.all([first.idle(), late.idle()])
  expect(text(late)).toBe(`${long} and more`)
})

test('frames: id only for what is stored, the data is the log line', async () => {
  const { id, say, follow } = await session()
  scripted.says({ thinking: 'hm', text: 'hi' })
  await say('hello')
  const stream = await follow(0)
  await stream.next('agent.state')
  const { body } = await scripted.backend.call('GET /api/transcripts')
  const { log } = body.transcripts.find((each: any) => each.session_id === id).paths
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  for (const line of lines) delete line.provider_data
  expect(stream.stored as unknown[]).toEqual(lines)
  expect(stream.stored.every(event => event.type === stream.frames[event.id - 1]!.event)).toBe(true)
})

test('the stream ends after session.closed; a session that is not live is 404', async () => {
  const { id, follow, raw } = await session()
  const stream = await follow()
  await scripted.backend.call(`DELETE /api/sessions/${id}`)
  await stream.next('session.closed')
  await stream.until(() => stream.ended).catch(() => {})
  expect(stream.ended).toBe(true)
  expect((await raw()).status).toBe(404)
})

test('all sessions on one stream: present ones first, then each change, then the end', async () => {
  const one = await session()
  const all = await scripted.backend.events('/api/events')
  const of = (id: string) => all.frames.filter(frame => frame.data.session_id === id).map(frame => frame.data)
  await all.until(({ data }) => data.session_id === one.id)
  scripted.says({ calls: [{ id: 'c', name: 'write_file', args: { path: 'x', content: '' } }] }, { text: 'ok' })
  await one.say('write it\nplease', false)
  await all.until(({ data }) => data.session_id === one.id && data.pending_approvals === 1)
  const { body } = await scripted.backend.call(`GET /api/sessions/${one.id}`)
  const decided = all.frames.length
  await scripted.backend.call(`POST /api/sessions/${one.id}/reject`, {
    tool_call_id: body.pending_approvals[0].tool_call_id,
  })
  await all.until(
    ({ data }) => data.session_id === one.id && data.agent_state === 'idle' && data.title === 'write it',
    decided,
  )
  await scripted.backend.call(`DELETE /api/sessions/${one.id}`)
  await all.until(({ data }) => data.session_id === one.id && data.closed === true)
  const states = of(one.id).map(summary => `${summary.agent_state}${summary.pending_approvals}`)
  expect(states[0]).toBe('idle0')
  expect(states).toContain('waiting_approval1')
  expect(Object.keys(of(one.id)[0])).toEqual([
    'type',
    'session_id',
    'title',
    'project_path',
    'agent_state',
    'pending_approvals',
    'pending_questions',
    'at',
  ])
  all.close()
})

test('50 subscribers, one of which never reads: the others miss nothing, it resumes without loss', async () => {
  const { id, follow, say, raw } = await session()
  const body = Array.from({ length: 500 }, (_, i) => `${i}-${'x'.repeat(2000)} `)
  const readers = await Promise.all(Array.from({ length: 49 }, () => follow(0)))
  // Its socket is open and its buffer fills; nothing takes anything out of it.
  const never = await raw({ 'last-event-id': '0' })
  for (const text of ['much', 'more']) {
    scripted.says({ text: body, usage: { input: 600_000 } })
    await say(text)
  }
  await Promise.all(readers.map(reader => reader.until(({ event, data }) => event === 'turn.end' && data.id > 5)))
  for (const reader of readers) {
    expect(reader.stored.map(event => event.type).join(' ')).toBe(
      'session.created prompt message turn.end prompt message turn.end',
    )
    expect(text(reader)).toBe(body.join('') + body.join(''))
  }
  await never.body!.cancel()
  const resumed = await follow(0)
  await resumed.next('agent.state')
  expect(resumed.stored.map(event => event.id)).toEqual([1, 2, 3, 4, 5, 6, 7])
  for (const reader of [...readers, resumed]) reader.close()
  await scripted.backend.call(`DELETE /api/sessions/${id}`)
})

const rss = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

test.skipIf(process.platform !== 'linux')('50 that never read: each costs a bounded queue (needs /proc)', async () => {
  const { id, say, raw } = await session()
  const never = await Promise.all(Array.from({ length: 50 }, () => raw()))
  const before = rss(scripted.backend.process.pid!)
  scripted.says({ text: Array.from({ length: 4000 }, () => 'x'.repeat(4000)), usage: { input: 10_000_000 } })
  expect((await say('much')).body.status).toBe('success')
  // 16 MB of tokens, then the whole text: queued for all of them, that would be 1,600 MB. Measured: 110 to 210.
  expect(rss(scripted.backend.process.pid!) - before).toBeLessThan(400)
  for (const response of never) await response.body!.cancel().catch(() => {}) // cut off by the server, as it should be
  await scripted.backend.call(`DELETE /api/sessions/${id}`)
})
