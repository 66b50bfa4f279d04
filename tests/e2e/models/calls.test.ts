import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chat, type Said } from '../../support/model-replies.ts'
import { end, expectValid, many, modelSessions, results, textOf } from '../../support/model-session.ts'
import { call, pending } from '../../support/scripted.ts'

const { scripted, session, lastRequest, expectGoesOn } = modelSessions()

describe('calls that cannot run end as results that the model sees', () => {
  const WRONG: [what: string, say: Said, code: string, tells: string][] = [
    ['an unknown tool', call('launch_rocket', {}), 'UNKNOWN_TOOL', 'read_file'],
    ['invalid JSON', call('read_file', '{"path": "a.t'), 'INVALID_PARAMS', 'valid JSON'],
    ['an array', call('read_file', '["a.txt"]'), 'INVALID_PARAMS', 'JSON'],
    ['a number', call('read_file', '7'), 'INVALID_PARAMS', 'JSON'],
    ['a missing parameter', call('edit_file', { path: 'a.txt' }), 'INVALID_PARAMS', 'old'],
    ['a wrong type', call('read_file', { path: { of: 7 } }), 'INVALID_PARAMS', 'path'],
    ['a path outside', call('read_file', { path: '/etc/passwd' }), 'PERMISSION_DENIED', 'not open to tools'],
    ['a secret', call('read_file', { path: '.env' }), 'PERMISSION_DENIED', '.env'],
    ['a missing file', call('read_file', { path: 'none.txt' }), 'TOOL_FAILED', 'none.txt'],
  ]
  test.each(WRONG)('%s', async (_, say, code, tells) => {
    const { stream, turn } = await session({ files: { 'a.txt': 'alpha\n', '.env': 'SECRET=1\n' } })
    expect(await turn('go', say, { text: 'I see' })).toMatchObject({ status: 'success', text: 'I see' })
    await stream.idle()
    const [result] = results(stream)
    expect(result).toMatchObject({
      status: 'error',
      error: { code, recoverable: code !== 'PERMISSION_DENIED' },
      execution_time_ms: expect.any(Number),
    })
    expect(result.error.message).toContain(tells)
    expect(result.tool_call_id).toMatch(/^tc_/)
    const { messages } = lastRequest()
    expectValid(messages)
    expect(textOf(messages.at(-1))).toContain(tells)
    expect({ ...(await stream.next('tool.call')).data }).toMatchObject({
      tool: say.calls![0]!.name,
      requires_approval: false,
      tool_call_id: result.tool_call_id,
    })
    expect(stream.types()).toBe(
      'session.created idle prompt thinking tool.draft message tool.call tool.result thinking message.delta message turn.end idle',
    )
  })

  test('raw arguments that are no JSON stay in the log alone', async () => {
    const { stream, turn } = await session()
    await turn('go', call('read_file', '{"path": "raw-and-cut'), { text: 'ok' })
    await stream.idle()
    expect((await stream.next('message')).data.tool_calls).toMatchObject([{ tool: 'read_file', params: {} }])
    expect(JSON.stringify(stream.stored)).not.toContain('raw-and-cut')
  })

  test('good calls beside bad ones run', async () => {
    const { stream, turn } = await session()
    await turn(
      'go',
      many(['read_file', { path: 'a.txt' }], ['nope', {}], ['read_file', '{'], ['read_file', { path: 'b.txt' }]),
      { text: 'ok' },
    )
    await stream.idle()
    expect(results(stream).map(result => result.error?.code ?? result.status)).toEqual([
      'success',
      'UNKNOWN_TOOL',
      'INVALID_PARAMS',
      'success',
    ])
    const { messages } = lastRequest()
    expectValid(messages)
    expect(messages.slice(-4).map((each: any) => /alpha|no tool|JSON|beta/.exec(each.content)?.[0])).toEqual([
      'alpha',
      'no tool',
      'JSON',
      'beta',
    ])
  })
})

describe('answers that are none', () => {
  test.each([
    ['nothing at all', {}, ''],
    ['only thinking', { thinking: 'hm' }, 'thinking.delta '],
    ['only blanks', { text: '' }, ''],
  ] as [string, Said, string][])('%s: an error that says so, and the next prompt works', async (_, said, shown) => {
    const each = await session()
    scripted().model.add(chat(said))
    expect(await each.turn('go')).toMatchObject({ status: 'error', error: { code: 'LLM_STREAM' } })
    await each.stream.idle()
    expect(each.stream.types()).toBe(`session.created idle prompt thinking ${shown}message error error turn.end idle`)
    expect((await end(each.stream)).outcome).toBe('error')
    await expectGoesOn(each)
  })

  test('after calls, nothing more is an end like any other', async () => {
    const { stream, turn } = await session()
    scripted().model.add(chat(call('read_file', { path: 'a.txt' })), chat({}))
    expect(await turn('go')).toMatchObject({ status: 'success', text: '' })
    expect((await end(stream)).outcome).toBe('completed')
  })

  test('a refusal: the text is shown, no call of it runs, the turn is over', async () => {
    const each = await session()
    const { project, stream } = each
    const said = {
      text: 'I cannot do that.',
      stop: 'content_filter',
      ...call('write_file', { path: 'x', content: '' }),
    }
    expect(await each.turn('go', said)).toMatchObject({ status: 'success', text: 'I cannot do that.' })
    expect((await stream.next('message')).data).toMatchObject({ stop_reason: 'refusal', tool_calls: [] })
    expect(existsSync(join(project, 'x'))).toBe(false)
    await expectGoesOn(each)
  })

  test('a refusal without a word is an error that says what to do', async () => {
    const { stream, turn } = await session()
    scripted().model.add(chat({ stop: 'content_filter' }))
    const { error } = await turn('go')
    expect(error.code).toBe('LLM_INVALID_REQUEST')
    expect(error.message).toContain('refused')
    expect((await end(stream)).outcome).toBe('error')
  })

  test('an answer that met its limit of tokens', async () => {
    const { stream, turn } = await session()
    expect(await turn('go', { text: 'so far', stop: 'length' })).toMatchObject({ status: 'success', text: 'so far' })
    expect((await stream.next('message')).data.stop_reason).toBe('max_tokens')
    expect((await end(stream)).outcome).toBe('limit')
  })
})

test('a model that never stops calling: the cap on rounds, and the next prompt works', async () => {
  const each = await session()
  const { stream, turn } = each
  const rounds = Array.from({ length: 50 }, () => call('read_file', { path: 'a.txt' }))
  expect(await turn('loop', ...rounds)).toMatchObject({ status: 'success' })
  expect((await end(stream)).outcome).toBe('limit')
  expect(results(stream)).toHaveLength(50)
  expect(scripted().model.requests.length - each.requests).toBe(50)
  await expectGoesOn(each)
})

test.each([
  ['ends like a secret begins', ['a te', 'st'], 'a test'],
  ['has one in the middle', ['a test', '-key-0123', '456789 in it'], 'a [redacted] in it'],
  ['has most of one', ['a test-key-012345678', '0 in it'], 'a test-key-0123456780 in it'],
] as [string, string[], string][])('the deltas are the message, where it %s', async (_, pieces, whole) => {
  const { stream, turn } = await session()
  await turn('go', { thinking: pieces.join(''), text: pieces })
  await stream.idle()
  const told = (event: string) =>
    stream.frames.flatMap(frame => (frame.event === event ? [frame.data.content] : [])).join('')
  expect([told('message.delta'), told('thinking.delta')]).toEqual([whole, whole])
  expect({ ...(await stream.next('message')).data }).toMatchObject({ content: whole, thinking: whole })
})

describe('several calls in one message', () => {
  test('reads together, a change alone, then the rest: in the order of the contract', async () => {
    const { stream, turn, file } = await session({ more: { config: { auto_approve_tools: ['write_file'] } } })
    await turn(
      'go',
      many(
        ['read_file', { path: 'a.txt' }],
        ['grep', { pattern: 'beta' }],
        ['write_file', { path: 'c.txt', content: 'gamma\n' }],
        ['read_file', { path: 'c.txt' }],
      ),
      { text: 'ok' },
    )
    await stream.idle()
    expect(stream.types()).toBe(
      [
        'session.created idle prompt thinking tool.draft message',
        'tool.call tool.call tool_execution tool.result tool.result',
        'tool.call tool_execution tool.result file.changed',
        'tool.call tool_execution tool.result',
        'thinking message.delta message turn.end idle',
      ].join(' '),
    )
    const message = (await stream.next('message')).data
    const calls = stream.frames.filter(frame => frame.event === 'tool.call').map(frame => frame.data.tool_call_id)
    expect(calls).toEqual(message.tool_calls.map((each: any) => each.tool_call_id))
    expect(file('c.txt')).toBe('gamma\n')
    const { messages } = lastRequest()
    expectValid(messages)
    // What was read after the write is what was written.
    expect(messages.at(-1).content).toContain('gamma')
  })

  test('a read that must ask is no part of a batch', async () => {
    const { stream, post, ask } = await session({ more: { config: { auto_approve_readonly: false } } })
    scripted().says(many(['read_file', { path: 'a.txt' }], ['read_file', { path: 'b.txt' }]), { text: 'ok' })
    await ask('go')
    const first = await pending(stream)
    expect(stream.frames.filter(frame => frame.event === 'tool.call')).toHaveLength(1)
    await post('approve', { tool_call_id: first.data.tool_call_id })
    const second = await pending(stream, stream.frames.indexOf(first) + 1)
    await post('reject', { tool_call_id: second.data.tool_call_id, reason: 'not that one' })
    await stream.idle()
    expect(results(stream).map(result => result.status)).toEqual(['success', 'rejected'])
    expectValid(lastRequest().messages)
    expect(lastRequest().messages.at(-1).content).toContain('not that one')
  })

  test('the same call twice, and forty at once', async () => {
    const { stream, turn } = await session()
    const calls = Array.from({ length: 40 }, (): [string, object] => ['read_file', { path: 'a.txt' }])
    await turn('go', many(...calls), { text: 'ok' })
    await stream.idle()
    expect(results(stream).map(result => result.status)).toEqual(Array(40).fill('success'))
    expect(new Set(results(stream).map(result => result.tool_call_id)).size).toBe(40)
    expectValid(lastRequest().messages)
  })
})
