import { describe, expect, test } from 'bun:test'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { expectValid, many, modelSessions, results, textOf } from '../../support/model-session.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'

const { scripted, session, lastRequest } = modelSessions()

describe('a prompt while a turn runs', () => {
  /** A turn that waits for an approval. */
  const busy = async () => {
    const each = await session()
    scripted().says(call('write_file', { path: 'x.txt', content: 'x' }))
    await each.ask('first')
    const { data } = await pending(each.stream)
    return { ...each, approve: () => each.post('approve', { tool_call_id: data.tool_call_id }) }
  }

  test('queue: its turn comes after, in order', async () => {
    const { ask, approve, stream } = await busy()
    const second = await ask('second')
    const third = await ask('third', { when_busy: 'queue', agent: 'reviewer' })
    expect([second.status, third.status]).toEqual(['queued', 'queued'])
    scripted().says({ text: 'one' }, { text: 'two' }, { text: 'three' })
    await approve()
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === third.turn_id)
    const prompts = stream.stored.filter(event => event.type === 'prompt')
    expect(prompts.map(({ text, source, agent }) => [text, source, agent])).toEqual([
      ['first', 'user', 'build'],
      ['second', 'user', 'build'],
      ['third', 'user', 'reviewer'],
    ])
    expect(prompts.map(prompt => prompt.turn_id).slice(1)).toEqual([second.turn_id, third.turn_id])
    expect(stream.stored.filter(event => event.type === 'message').map(event => event.content)).toEqual([
      '',
      'one',
      'two',
      'three',
    ])
    expect(lastRequest().messages[0].content).toContain('You review.')
  })

  test('steer: the model sees it before its next call, in the same turn', async () => {
    const { ask, approve, stream } = await busy()
    const steered = await ask('rather in upper case', { when_busy: 'steer' })
    expect(steered.status).toBe('steered')
    scripted().says({ text: 'all right' })
    await approve()
    await stream.idle()
    expect(stream.types()).toEndWith(
      'prompt.queued approval tool_execution tool.result file.changed prompt thinking message.delta message turn.end idle',
    )
    expect({ ...stream.stored.findLast(event => event.type === 'prompt') } as object).toMatchObject({
      source: 'steer',
      text: 'rather in upper case',
      turn_id: steered.turn_id,
    })
    expect(stream.stored.filter(event => event.type === 'turn.end')).toHaveLength(1)
    expect(textOf(lastRequest().messages.at(-1))).toContain('rather in upper case')
    expectValid(lastRequest().messages)
  })

  test('steer in the last moment: part of this turn all the same', async () => {
    const { ask, stream } = await session()
    const held = gate()
    const frames = chat({ text: ['done', '.'] })
    scripted().model.add([...frames.slice(0, 2), held.wait, ...frames.slice(2)])
    await ask('first')
    await stream.next('message.delta')
    const waiting = ask('one more thing', { when_busy: 'steer', wait: true })
    await stream.next('prompt.queued')
    scripted().says({ text: 'that too' })
    held.open()
    expect(await waiting).toMatchObject({ status: 'success', text: 'that too' })
    await stream.idle()
    expect(stream.types()).toBe(
      'session.created idle prompt thinking message.delta prompt.queued message.delta message prompt thinking message.delta message turn.end idle',
    )
  })

  test('steer that no round is left for: a turn of its own, which is the one that is waited for', async () => {
    const on = await startScripted({ config: 'max_rounds = 1' })
    const { ask, stream } = await session({ on })
    const held = gate()
    const frames = chat({ text: ['first', '.'] })
    on.model.add([...frames.slice(0, 2), held.wait, ...frames.slice(2)])
    await ask('first')
    await stream.next('message.delta')
    const waiting = ask('one more thing', { when_busy: 'steer', wait: true })
    const { data } = await stream.next('prompt.queued')
    on.says({ text: 'that too' })
    held.open()
    expect(await waiting).toMatchObject({ status: 'success', text: 'that too', turn_id: data.turn_id })
  })

  test('sent again, by the same prompt_id: the same status and outcome, whether it waits, steered or was dropped', async () => {
    const { ask, approve, interrupt, view } = await busy()
    const [steer, queue] = [
      { prompt_id: 's', when_busy: 'steer' },
      { prompt_id: 'q', when_busy: 'queue' },
    ]
    for (const more of [steer, queue]) expect(await ask('more', more)).toEqual(await ask('more', more))
    const waiting = ask('more', { ...queue, wait: true })
    scripted().says({ text: 'steered' }, { text: 'queued' })
    const steered = ask('more', { ...steer, wait: true })
    await approve()
    expect(await steered).toMatchObject({ status: 'success', text: 'steered' })
    expect(await waiting).toMatchObject({ status: 'success', text: 'queued' })
    expect(await ask('more', { ...steer, wait: true })).toEqual(await steered)
    expect(await ask('more', queue)).toMatchObject({ status: 'accepted', agent_state: 'idle' })

    const again = await busy()
    await again.ask('never', { prompt_id: 'd' })
    await again.interrupt()
    expect(await again.ask('never', { prompt_id: 'd', wait: true })).toMatchObject({ status: 'interrupted', text: '' })
    expect((await view()).queued).toEqual([])
    await interrupt()
  })

  test('reject: 409 SESSION_BUSY, and nothing is left of it', async () => {
    const { post, approve, stream, view } = await busy()
    const reply = await post('prompt', { text: 'second', when_busy: 'reject' })
    expect({ ...reply }).toMatchObject({ status: 409, body: { error: { code: 'SESSION_BUSY' } } })
    expect((await view()).queued).toEqual([])
    scripted().says({ text: 'ok' })
    await approve()
    await stream.idle()
    expect(stream.stored.filter(event => event.type.startsWith('prompt'))).toHaveLength(1)
  })

  test('an idle session takes a prompt however it should be sent', async () => {
    for (const when_busy of ['queue', 'steer', 'reject']) {
      const { ask } = await session()
      scripted().says({ text: 'ok' })
      expect(await ask('go', { when_busy, wait: true })).toMatchObject({ status: 'success', text: 'ok' })
    }
  })

  test('DELETE of a queued one: dropped, told, and never run', async () => {
    const { id, ask, approve, stream, view } = await busy()
    const [second, third] = [await ask('second'), await ask('third')]
    const remove = (turn_id: string) => scripted().backend.call(`DELETE /api/sessions/${id}/queue/${turn_id}`)
    expect({ ...(await remove(second.turn_id)) }).toMatchObject({ status: 200, body: { status: 'dropped' } })
    expect((await stream.next('prompt.dropped')).data).toMatchObject({ turn_id: second.turn_id, text: 'second' })
    expect((await remove(second.turn_id)).status).toBe(404)
    expect((await view()).queued).toEqual([{ turn_id: third.turn_id, text: 'third' }])
    scripted().says({ text: 'one' }, { text: 'three' })
    await approve()
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === third.turn_id)
    expect(stream.stored.filter(event => event.type === 'prompt').map(event => event.text)).toEqual(['first', 'third'])
  })

  test('a hundred wait, one more is 429', async () => {
    const { ask, post, interrupt } = await busy()
    for (let i = 0; i < 100; i++) expect((await ask(`waiting ${i}`)).status).toBe('queued')
    expect({ ...(await post('prompt', { text: 'too much' })) }).toMatchObject({
      status: 429,
      body: { error: { code: 'TOO_MANY' } },
    })
    expect((await interrupt()).dropped).toHaveLength(100)
  })
})

describe('PATCH in the middle of a turn', () => {
  test('model: from the next model call; agent: from the next turn; title and settings at once', async () => {
    const { ask, patch, post, stream } = await session()
    scripted().says(call('write_file', { path: 'x.txt', content: 'x' }), call('read_file', { path: 'x.txt' }), {
      text: 'ok',
    })
    await ask('first')
    const { data } = await pending(stream)
    const { status, body } = await patch({ model: 'test/other', agent: 'reviewer', title: 'Renamed' })
    expect(status).toBe(200)
    expect({ ...body }).toMatchObject({ model: 'test/other', agent: 'reviewer', title: 'Renamed' })
    await post('approve', { tool_call_id: data.tool_call_id })
    await stream.idle()
    const asked = scripted()
      .model.requests.slice(-3)
      .map(({ body }) => [body.model, body.messages[0].content.includes('You review.')])
    expect(asked).toEqual([
      ['model', false],
      ['other', false],
      ['other', false],
    ])
    expect(stream.stored.filter(event => event.type === 'message').map(event => event.model)).toEqual([
      'test/model',
      'test/other',
      'test/other',
    ])
    const turns = stream.frames.filter(frame => frame.event === 'agent.state').map(frame => frame.data.agent)
    expect(new Set(turns)).toEqual(new Set(['build']))

    scripted().says(call('write_file', { path: 'y.txt', content: 'y' }), { text: 'may not' })
    const { turn_id } = await ask('second', { wait: true })
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === turn_id)
    expect(lastRequest().messages[0].content).toContain('You review.')
    expect(results(stream).at(-1).error.code).toMatch(/PERMISSION_DENIED|UNKNOWN_TOOL/)
    expectValid(lastRequest().messages)
  })

  test('an agent that brings its own model: both from the next turn', async () => {
    const on = await startScripted({ config: '[agents.small]\nmodel = "test/small"\nread_only = true' })
    const { ask, patch, post, stream, turn } = await session({ on })
    on.says(call('write_file', { path: 'x.txt', content: 'x' }), { text: 'ok' })
    await ask('first')
    const { data } = await pending(stream)
    expect((await patch({ agent: 'small' })).body).toMatchObject({ agent: 'small', model: 'test/small' })
    await post('approve', { tool_call_id: data.tool_call_id })
    await stream.idle()
    await turn('second', { text: 'ok' })
    expect(on.model.requests.map(({ body }) => body.model)).toEqual(['model', 'model', 'small'])
  })

  test('auto_approve: from the next call', async () => {
    const { patch, post, ask, stream, file } = await session()
    scripted().says(
      many(['write_file', { path: 'x.txt', content: 'x' }], ['write_file', { path: 'y.txt', content: 'y' }]),
      { text: 'ok' },
    )
    await ask('go')
    const { data } = await pending(stream)
    expect((await patch({ config: { auto_approve_tools: ['write_file'] } })).body.config).toEqual({
      auto_approve_readonly: true,
      auto_approve_tools: ['write_file'],
      save_transcript: true,
      mode: 'ask',
    })
    await post('approve', { tool_call_id: data.tool_call_id })
    await stream.idle()
    expect(stream.stored.filter(event => event.type === 'approval')).toHaveLength(1)
    expect(file('y.txt')).toBe('y')
  })

  test('of an idle session, it is an event, and nothing changed is none', async () => {
    const { patch, stream } = await session()
    await patch({ agent: 'plan' })
    await patch({})
    await stream.next('session.updated')
    expect(stream.types()).toBe('session.created idle session.updated')
    expect((await stream.next('session.updated')).data).toMatchObject({ agent: 'plan' })
  })
})
