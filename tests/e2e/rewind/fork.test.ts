import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import {
  eventsIn,
  FAMILIES,
  type Families,
  flawsIn,
  follow,
  type Line,
  logOf,
  openSession,
  startFamilies,
} from '../../support/families.ts'
import { png } from '../../support/images.ts'
import { say } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies()
})

const LONG = Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n')
const FILES = { 'a.txt': 'alpha\n', 'b.txt': 'beta\n', 'long.txt': LONG }
const read = (path: string): Line => ({ thinking: 'Hm.', calls: [{ name: 'read_file', args: { path } }] })
const conversation = (events: any[]) =>
  events.filter(({ type }) => !type.startsWith('session.')).map(({ id: _, ...event }) => event)

describe.each(FAMILIES)('%s', family => {
  test('a fork goes on from what came before, and neither knows of the other', async () => {
    const { model, says } = on
    const source = await openSession(on, family, FILES)
    const { post, turn, view, backend, id } = source
    await turn('Read albatross', [read('a.txt'), { text: 'It says alpha.' }])
    const second = await turn('Read bellbird', [read('b.txt'), { text: 'It says beta.' }])
    await turn('Thanks, dodo', [{ text: 'Welcome.' }])
    const before = await view()
    const log = eventsIn(await logOf(backend, id))
    const end = log.find(event => event.type === 'turn.end' && event.turn_id === second.turn_id)

    const { status, body: fork } = await post('fork', { turn_id: second.turn_id, title: 'Another way' })
    expect({ status, fork }).toMatchObject({
      status: 201,
      fork: {
        status: 'active',
        title: 'Another way',
        project_path: source.project,
        model: before.model,
        agent: before.agent,
        forked_from: { session_id: id, event_id: end.id },
        message_count: before.message_count - 2,
        agent_state: 'idle',
        usage: { input_tokens: 0, output_tokens: 0 },
      },
    })
    expect(fork.session_id).not.toBe(id)
    expect(await view()).toEqual(before)

    const copies = eventsIn(await logOf(backend, fork.session_id))
    expect(copies[0]).toMatchObject({
      type: 'session.created',
      forked_from: fork.forked_from,
      inherited_to: copies.length,
    })
    expect(copies.map(event => event.id)).toEqual(copies.map((_, i) => i + 1))
    expect(conversation(copies)).toEqual(conversation(log.filter(event => event.id <= end.id)))

    const from = model.requests.length
    const other = await follow(backend, fork.session_id, says)
    await other.turn('On the other way', [read('a.txt'), { text: 'There.' }])
    await turn('On the old way', [{ text: 'Here.' }])
    const [forked, , own] = model.requests.slice(from)
    expect(forked!.text).toContain('bellbird')
    expect(forked!.text).not.toMatch(/dodo|old way/)
    expect(own!.text).toContain('dodo')
    expect(own!.text).not.toContain('other way')
    const { body: transcript } = await backend.call(`GET /api/sessions/${fork.session_id}/transcript`)
    expect(transcript.messages.map((message: any) => message.content)).toEqual([
      'Read albatross',
      'It says alpha.',
      'Read bellbird',
      'It says beta.',
      'On the other way',
      'There.',
    ])
    expect(transcript.metadata.usage).toEqual((await other.view()).usage)
    expect(flawsIn(model, from)).toEqual([])

    // Killed and resumed, the fork is what it was.
    backend.process.kill('SIGKILL')
    await backend.exited
    on.backend = await on.start()
    await on.backend.call(`POST /api/sessions/${fork.session_id}/resume`)
    const again = await follow(on.backend, fork.session_id, says)
    expect(await again.view()).toMatchObject({ forked_from: fork.forked_from, message_count: fork.message_count + 2 })
    await again.turn('Still there?', [{ text: 'Yes.' }])
    expect(flawsIn(model, from)).toEqual([])
  })
})

describe('a fork', () => {
  test('of all of it has its long results and its images, and goes back like any other', async () => {
    const { model, says } = on
    const { post, turn, backend, id } = await openSession(on, 'anthropic', { ...FILES, 'cat.png': png(8, 8) as never })
    await turn('Look at the cat', [read('cat.png'), { text: 'A cat.' }])
    const shell = { calls: [{ name: 'shell_exec', args: { command: 'cat long.txt' } }] }
    await backend.call(`PATCH /api/sessions/${id}`, { config: { auto_approve_tools: ['shell_exec'] } })
    const long = await turn('Print it all', [shell, { text: 'Long.' }])
    const last = await turn('And now?', [{ text: 'Nothing.' }])
    await post('rewind', { turn_id: last.turn_id })
    const { body: fork } = await post('fork')
    const spill = async (session_id: string) =>
      readdirSync((await logOf(backend, session_id)).replace(/\.jsonl$/, '.spill')).sort()
    expect(await spill(fork.session_id)).toEqual(await spill(id))
    expect((await spill(id)).length).toBe(2)
    expect(fork.config.auto_approve_tools).toEqual(['shell_exec'])

    await backend.call(`DELETE /api/sessions/${id}`)
    expect((await backend.call(`DELETE /api/transcripts/${id}`)).status).toBe(200)
    const other = await follow(backend, fork.session_id, says)
    const asked = model.requests.length
    const call_id = (await spill(fork.session_id)).find(name => !name.includes('.'))
    await other.turn('Page on', [read(`spill:${call_id}`), { text: 'Paged.' }])
    expect(model.requests[asked]!.text).toContain('"type":"image"')
    expect(model.requests[asked]!.text).not.toContain('And now?')
    expect(model.requests[asked + 1]!.text).toContain('line 10\\n')
    expect((await other.post('rewind', { turn_id: long.turn_id })).body.text).toBe('Print it all')
    await other.turn('Short', [{ text: 'Yes.' }])
    expect(model.requests.at(-1)!.text).not.toContain('Print it all')
    expect(flawsIn(model)).toEqual([])
  })

  test('of a session that leaves nothing behind leaves nothing behind', async () => {
    const { says } = on
    const { post, turn, backend } = await openSession(on, 'chat', FILES, { config: { save_transcript: false } })
    await turn('One', [{ text: '1' }])
    const { status, body: fork } = await post('fork')
    expect(status).toBe(201)
    const other = await follow(backend, fork.session_id, says)
    expect(other.stream.types()).toBe('session.created prompt message turn.end idle')
    await other.turn('Two', [{ text: '2' }])
    const { body } = await backend.call('GET /api/transcripts?limit=1000')
    expect(body.transcripts.some((each: any) => each.session_id === fork.session_id)).toBe(false)
  })

  test('of nothing, of a fork, of a turn there is not, while a turn runs', async () => {
    const { says } = on
    const { post, turn, stream, backend, id, view } = await openSession(on, 'chat', FILES)
    const empty = await post('fork')
    expect(empty).toMatchObject({
      status: 201,
      body: { message_count: 0, forked_from: { session_id: id, event_id: 1 } },
    })
    const first = await turn('One', [{ text: '1' }])
    const { body: fork } = await post('fork', { turn_id: first.turn_id })
    const other = await follow(backend, fork.session_id, says)
    await other.turn('Two', [{ text: '2' }])
    const { body: second } = await other.post('fork')
    expect(second).toMatchObject({ message_count: 4, forked_from: { session_id: fork.session_id } })
    for (const turn_id of ['turn_unknown', fork.session_id])
      expect(await post('fork', { turn_id })).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
    for (const body of [{ turn_id: 3 }, { title: 'x'.repeat(501) }])
      expect(await post('fork', body)).toMatchObject({ status: 400 })

    const held = gate()
    says(() => [held.wait, ...say('chat', { text: 'late' })])
    const from = stream.frames.length
    await post('prompt', { text: 'Slow' })
    expect(await post('fork')).toMatchObject({ status: 409, body: { error: { code: 'SESSION_BUSY' } } })
    held.open()
    await stream.idle(from)
    expect((await view()).message_count).toBe(4)
    expect(existsSync(await logOf(backend, second.session_id))).toBe(true)
  })
})
