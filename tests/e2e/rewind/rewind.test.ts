import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
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
  storedOf,
} from '../../support/families.ts'
import { say } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies('[models."test/priced"]\nprices = { input = 1, output = 10 }')
})

const FILES = { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' }
const read = (path: string): Line => ({ thinking: 'Hm.', calls: [{ name: 'read_file', args: { path } }] })
const usage = { input: 100, output: 10 }

describe.each(FAMILIES)('%s', family => {
  test('a conversation goes back, and every reader with it; the log and the costs stay', async () => {
    const { model, says } = on
    const session = await openSession(on, family, FILES)
    const { stream, turn, post, view, backend, id } = session
    await turn('Read albatross', [read('a.txt'), { text: 'It says alpha.', usage }])
    const before = await view()
    const second = await turn('Read bellbird', [read('b.txt'), { text: 'It says beta: cormorant.', usage }])
    const third = await turn('Thanks, dodo', [{ text: 'Welcome.', usage }])
    const spent = (await view()).usage
    const from = stream.frames.length

    const attached = await backend.events(`/api/sessions/${id}/events`)
    await attached.next('agent.state')
    expect(await post('rewind', { turn_id: second.turn_id })).toMatchObject({
      status: 200,
      body: { text: 'Read bellbird', restored: [], refused: [] },
    })
    const { data: rewound } = await stream.next('session.rewound', from)
    expect(rewound).toEqual({
      id: rewound.id,
      at: expect.any(String),
      type: 'session.rewound',
      to_event_id: before.last_event_id,
      turn_id: second.turn_id,
    })
    expect((await attached.next('session.rewound')).data).toEqual(rewound)
    const after = await view()
    expect(after).toMatchObject({
      message_count: before.message_count,
      context_tokens: before.context_tokens,
      title: 'Read albatross',
      usage: spent,
      last_event_id: rewound.id,
    })

    // What was rewound is no place to go back to, and so is what never was.
    for (const turn_id of [second.turn_id, third.turn_id, 'turn_unknown'])
      expect(await post('rewind', { turn_id })).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })

    const asked = model.requests.length
    await turn('Go on', [{ text: 'Gladly.' }])
    expect(model.requests[asked]!.text).toContain('albatross')
    expect(model.requests[asked]!.text).not.toMatch(/bellbird|cormorant|dodo|beta/)

    for (const format of ['json', 'markdown', 'org']) {
      const { text } = await backend.call(`GET /api/sessions/${id}/transcript?format=${format}`)
      expect(text).toContain('albatross')
      expect(text).toContain('Gladly')
      expect(text).not.toMatch(/bellbird|cormorant|dodo|beta/)
    }
    expect((await backend.call(`GET /api/sessions/${id}/transcript`)).body).toMatchObject({
      message_count: before.message_count + 2,
      tool_calls: [{ tool: 'read_file' }],
      metadata: { turns: 2, total_tool_calls: 1, usage: (await view()).usage },
    })
    const found = async (q: string) => (await backend.call(`GET /api/transcripts/search?q=${q}`)).body.matches
    const own = async (q: string) => (await found(q)).filter((match: any) => match.session_id === id)
    expect(await own('cormorant')).toEqual([])
    expect(await own('albatross')).toHaveLength(1)
    const log = await logOf(backend, id)
    const { body: listed } = await backend.call('GET /api/transcripts?limit=1000')
    expect(listed.transcripts.find((each: any) => each.session_id === id)).toMatchObject({
      message_count: before.message_count + 2,
      first_prompt: 'Read albatross',
      usage: (await view()).usage,
    })
    expect(readFileSync(log, 'utf8')).toContain('cormorant')
    expect(eventsIn(log).map(event => event.id)).toEqual(eventsIn(log).map((_, i) => i + 1))

    // Killed and resumed, it stands where it stood.
    const stood = await view()
    const other = await startAgain(id)
    expect(await other.view()).toMatchObject({
      message_count: stood.message_count,
      context_tokens: stood.context_tokens,
      usage: stood.usage,
    })
    await other.turn('Still there?', [{ text: 'Yes.' }])
    expect(model.requests.at(-1)!.text).not.toMatch(/bellbird|cormorant|dodo|beta/)
    expect(flawsIn(model, asked)).toEqual([])

    async function startAgain(id: string) {
      backend.process.kill('SIGKILL')
      await backend.exited
      on.backend = await on.start()
      await on.backend.call(`POST /api/sessions/${id}/resume`)
      return follow(on.backend, id, says)
    }
  })

  test('again and again, to the very beginning', async () => {
    const { model } = on
    const from = model.requests.length
    const { turn, post, view, id, backend } = await openSession(on, family, FILES)
    const first = await turn('One', [read('a.txt'), { text: '1' }])
    const second = await turn('Two', [{ text: '2' }])
    await post('rewind', { turn_id: second.turn_id })
    const third = await turn('Three', [read('b.txt'), { text: '3' }])
    await turn('Four', [{ text: '4' }])
    await post('rewind', { turn_id: third.turn_id })
    await turn('Five', [{ text: '5' }])
    expect(model.requests.at(-1)!.text).not.toMatch(/Two|Three|Four/)
    expect(model.requests.at(-1)!.text).toContain('One')
    expect((await post('rewind', { turn_id: first.turn_id })).body.text).toBe('One')
    expect(await view()).toMatchObject({ message_count: 0, context_tokens: 0 })
    await turn('Six', [{ text: '6' }])
    expect(model.requests.at(-1)!.text).not.toMatch(/One|Two|Three|Four|Five/)
    expect((await backend.call(`GET /api/sessions/${id}/transcript`)).body.messages).toMatchObject([
      { content: 'Six' },
      { content: '6' },
    ])
    expect(flawsIn(model, from)).toEqual([])
  })
})

describe('rewind', () => {
  test('settings stay, and prompts that waited wait no more', async () => {
    const { stream, turn, post, patch, view } = await openSession(on, 'chat', FILES)
    const held = gate()
    on.says(() => [held.wait, ...say('chat', { text: 'first' })], { text: 'second' })
    const { body: first } = await post('prompt', { text: 'One' })
    const { body: second } = await post('prompt', { text: 'Two' })
    expect(second.status).toBe('queued')
    expect(await post('rewind', { turn_id: first.turn_id })).toMatchObject({
      status: 409,
      body: { error: { code: 'SESSION_BUSY' } },
    })
    expect(await post('retry')).toMatchObject({ status: 409, body: { error: { code: 'SESSION_BUSY' } } })
    held.open()
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === second.turn_id)
    await stream.until(({ event, data }) => event === 'agent.state' && data.state === 'idle')
    await patch({ title: 'Birds', config: { auto_approve_tools: ['shell_exec(ls)'] } })
    expect((await post('rewind', { turn_id: second.turn_id })).body.text).toBe('Two')
    expect(await view()).toMatchObject({
      title: 'Birds',
      queued: [],
      config: { auto_approve_tools: ['shell_exec(ls)'] },
    })
    await turn('Three', [{ text: 'third' }])
  })

  test('to a prompt that steered: the turn before it stays', async () => {
    const { model } = on
    const { stream, turn, post } = await openSession(on, 'anthropic', FILES)
    const held = gate()
    on.says(() => [held.wait, ...say('anthropic', { calls: [{ name: 'read_file', args: { path: 'a.txt' } }] })], {
      text: 'Done as you said.',
    })
    const from = model.requests.length
    const { body: first } = await post('prompt', { text: 'Look' })
    const { body: steer } = await post('prompt', { text: 'Be quick', when_busy: 'steer' })
    expect(steer.status).toBe('steered')
    held.open()
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === first.turn_id)
    await stream.until(({ event, data }) => event === 'agent.state' && data.state === 'idle')
    expect((await post('rewind', { turn_id: steer.turn_id })).body.text).toBe('Be quick')
    await turn('Take your time', [{ text: 'I do.' }])
    expect(model.requests.at(-1)!.text).not.toMatch(/Be quick|Done as/)
    expect(flawsIn(model, from)).toEqual([])
  })

  test('to a command whose lines were run: what they did goes with it, and a retry runs none again', async () => {
    const { model } = on
    const files = { ...FILES, '.claude/commands/state.md': 'State $1:\n!echo bellbird' }
    const { turn, post, view, patch, backend, id, stream } = await openSession(on, 'anthropic', files)
    const first = await turn('One', [{ text: '1' }])
    await patch({ config: { auto_approve_tools: ['shell_exec'] } })
    const from = stream.frames.length
    on.says({ text: 'dodo' }, { text: 'again' })
    const command = { name: 'state', arguments: 'now' }
    const { body: sent } = await post('prompt', { command, wait: true })
    expect((await post('retry', { wait: true })).body).toMatchObject({ status: 'success', text: 'again' })
    expect(stream.stored.filter(event => event.type === 'tool.call')).toHaveLength(1)
    const retried = storedOf(stream, 'prompt').at(-1)
    expect(retried).toMatchObject({ text: 'State now:\nbellbird', command })
    expect((await post('rewind', { turn_id: retried.turn_id })).body).toMatchObject({ text: retried.text, command })
    expect((await view()).message_count).toBe(2)
    await turn('Two', [{ text: '2' }])
    expect(model.requests.at(-1)!.text).not.toMatch(/bellbird|dodo|again/)
    const { text } = await backend.call(`GET /api/sessions/${id}/transcript`)
    expect(text).not.toMatch(/bellbird|dodo|again/)
    expect([first.status, sent.status]).toEqual(['success', 'success'])
    expect(stream.frames.length).toBeGreaterThan(from)
  })

  test('the attachments come back with the text', async () => {
    const { turn, post } = await openSession(on, 'chat', FILES)
    const attachments = [
      { path: 'a.txt' },
      { media_type: 'text/plain', data: Buffer.from('inline').toString('base64') },
    ]
    const { turn_id } = await turn('Look at these', [{ text: 'I see.' }], { attachments })
    expect((await post('rewind', { turn_id })).body).toMatchObject({ text: 'Look at these', attachments })
  })

  test('two at once: one of them goes back, and a prompt between them is neither lost nor rewound', async () => {
    const { turn, post, view, stream } = await openSession(on, 'chat', FILES)
    await turn('One', [{ text: '1' }])
    const { turn_id } = await turn('Two', [{ text: '2' }])
    on.says({ text: '3' })
    const [first, second, sent] = await Promise.all([
      post('rewind', { turn_id }),
      post('rewind', { turn_id }),
      post('prompt', { text: 'Three', wait: true }),
    ])
    expect([first.status, second.status].filter(status => status === 200).length).toBeLessThanOrEqual(1)
    for (const { status, body } of [first, second])
      if (status !== 200) expect(['SESSION_BUSY', 'NOT_FOUND']).toContain(body.error.code)
    expect(sent.body).toMatchObject({ status: 'success', text: '3' })
    const went = [first, second].some(({ status }) => status === 200)
    expect(stream.stored.filter(event => event.type === 'session.rewound')).toHaveLength(went ? 1 : 0)
    expect(storedOf(stream, 'prompt').at(-1)).toMatchObject({ text: 'Three' })
    expect((await view()).message_count).toBe(went ? 4 : 6)
  })

  test('bad input', async () => {
    const { post, backend } = await openSession(on, 'chat')
    for (const body of [{}, { turn_id: 7 }, { turn_id: '' }, { turn_id: 'turn_x', files: 'yes' }])
      expect((await post('rewind', body)).body.error.code).toBe('INVALID_REQUEST')
    const nowhere = '00000000-0000-4000-8000-000000000000'
    for (const action of ['rewind', 'retry', 'fork', 'compact'])
      expect(await backend.call(`POST /api/sessions/${nowhere}/${action}`, { turn_id: 'turn_x' })).toMatchObject({
        status: 404,
      })
  })
})

describe('retry', () => {
  test('the last turn is rewound, and its prompt sent again with all that was with it', async () => {
    const { model } = on
    const { stream, turn, post, patch, view } = await openSession(on, 'anthropic', FILES)
    await turn('One', [{ text: '1' }])
    const attachments = [{ path: 'a.txt' }]
    const context = { current_file: 'b.txt' }
    const more = { attachments, context, effort: 'low', prompt_id: 'p-2' }
    const second = await turn('Two', [read('b.txt'), { text: 'wrong' }], more)
    const { message_count } = await view()
    const from = stream.frames.length
    on.says({ text: 'right' })
    const { status, body } = await post('retry')
    expect({ status, body }).toEqual({
      status: 200,
      body: { status: 'accepted', agent_state: 'thinking', turn_id: expect.stringMatching(/^turn_/) },
    })
    expect(body.turn_id).not.toBe(second.turn_id)
    await stream.idle(from)
    expect(stream.types().split('idle').at(-2)!.trim()).toBe(
      'session.rewound prompt thinking message.delta message turn.end',
    )
    const prompt = storedOf(stream, 'prompt').at(-1)
    expect(prompt).toMatchObject({
      turn_id: body.turn_id,
      text: 'Two',
      attachments,
      context,
      effort: 'low',
      agent: 'build',
    })
    expect(prompt).not.toHaveProperty('prompt_id')
    expect(await view()).toMatchObject({ message_count, queued: [] })
    expect(model.requests.at(-1)!.text).not.toContain('wrong')

    // With another model, and waiting for the answer; the agent is the one that was chosen since.
    on.says({ text: 'better' })
    await patch({ agent: 'plan' })
    expect((await post('retry', { model: 'test/some-model', wait: true })).body).toMatchObject({
      status: 'success',
      text: 'better',
    })
    expect(await view()).toMatchObject({ model: 'test/some-model', agent: 'plan', message_count })
    expect(storedOf(stream, 'prompt').at(-1)).toMatchObject({ text: 'Two', agent: 'plan' })
    expect(flawsIn(model)).toEqual([])
  })

  test('nothing to try again, or a model that there is not: nothing changes', async () => {
    const { turn, post, view } = await openSession(on, 'chat')
    expect(await post('retry')).toMatchObject({ status: 409, body: { error: { code: 'NOTHING_TO_DO' } } })
    await turn('One', [{ text: '1' }])
    const { last_event_id } = await view()
    expect(await post('retry', { model: 'nowhere/m' })).toMatchObject({ status: 400 })
    expect((await view()).last_event_id).toBe(last_event_id)
  })
})
