import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chat } from '../../support/model-replies.ts'
import { gate, type Reply } from '../../support/model-server.ts'
import { end, modelSessions } from '../../support/model-session.ts'
import { call, startScripted } from '../../support/scripted.ts'

const { scripted, session, lastRequest, expectGoesOn } = modelSessions()

describe('a provider that fails', () => {
  const json = (message: string) => JSON.stringify({ error: { message, type: 'x' } })

  test('401: told at once, not tried again, and another key mends it', async () => {
    const each = await session()
    const { stream, turn } = each
    const key = 'sk-abcdef0123456789abcdef'
    const { status, error } = await turn('go', { status: 401, body: json(`Incorrect API key provided: ${key}`) })
    expect(status).toBe('error')
    expect(error.code).toBe('LLM_AUTH')
    await stream.idle()
    expect(JSON.stringify(stream.stored) + error.message).not.toContain(key)
    expect((await stream.next('error')).data.recoverable).toBe(false)
    expect(stream.types()).toBe('session.created idle prompt thinking error error turn.end idle')
    expect(scripted().model.requests.length - each.requests).toBe(1)
    await scripted().backend.call('PUT /api/providers/test/key', { key: 'another-key-0123456789' })
    await expectGoesOn(each)
    expect(scripted().model.requests.at(-1)!.headers.authorization).toBe('Bearer another-key-0123456789')
  })

  test.each([
    [
      '429 with retry-after 0',
      { status: 429, headers: { 'retry-after': '0' }, body: json('slow down') },
      'LLM_RATE_LIMIT',
      0,
    ],
    ['500', { status: 500, headers: { 'retry-after-ms': '3' }, body: json('oops') }, 'LLM_OVERLOADED', 3],
    ['529', { status: 529, headers: { 'retry-after-ms': '1' }, body: 'overloaded' }, 'LLM_OVERLOADED', 1],
    [
      '503 with a page',
      { status: 503, headers: { 'retry-after': '0' }, body: '<html>busy</html>' },
      'LLM_OVERLOADED',
      0,
    ],
  ] as [string, Reply, string, number][])('%s, then an answer', async (_, failure, code, retry_in_ms) => {
    const { stream, turn } = await session()
    expect(await turn('go', failure, failure, { text: 'at last' })).toMatchObject({
      status: 'success',
      text: 'at last',
    })
    await stream.idle()
    // Retries stay in thinking, with details.
    expect(stream.types()).toBe(
      'session.created idle prompt thinking error thinking error thinking message.delta message turn.end idle',
    )
    for (const event of stream.stored.filter(event => event.type === 'error'))
      expect({ ...event } as object).toMatchObject({ code, recoverable: true, retry_in_ms })
    const details = stream.frames.filter(({ data }) => data.state === 'thinking').map(({ data }) => data.details)
    expect(details).toEqual([undefined, expect.any(String), expect.any(String)])
  })

  test('an answer in tool calls, then a failure for good: what was done is in the history', async () => {
    const each = await session()
    const broken = { status: 400, body: json('bad request') }
    expect(await each.turn('go', call('read_file', { path: 'a.txt' }), broken)).toMatchObject({
      status: 'error',
      error: { code: 'LLM_INVALID_REQUEST' },
    })
    const messages = await expectGoesOn(each)
    expect(messages.map(message => message.role)).toEqual(['system', 'user', 'assistant', 'tool', 'user'])
  })

  test('a stream that is cut after text: the partial is kept, and continued', async () => {
    const { stream, turn } = await session()
    const seen = gate()
    void stream.next('message.delta').then(seen.open)
    const frames = chat({ text: ['The first half, ', 'and more'] })
    const cut: Reply = { body: [...frames.slice(0, 2), seen.wait], cut: 'reset' }
    expect(await turn('go', cut, { text: 'the second half.' })).toMatchObject({
      status: 'success',
      text: 'the second half.',
    })
    await stream.idle()
    expect(stream.types()).toBe(
      'session.created idle prompt thinking message.delta error thinking message thinking message.delta message turn.end idle',
    )
    const messages = stream.stored.filter(event => event.type === 'message')
    expect(messages.map(({ content, stop_reason }) => [content, stop_reason])).toEqual([
      ['The first half, ', 'cut'],
      ['the second half.', 'end_turn'],
    ])
    expect((await stream.next('error')).data).toMatchObject({ code: 'LLM_STREAM', recoverable: true })
    const asked = lastRequest().messages
    expect(asked.at(-2)).toMatchObject({ role: 'assistant', content: 'The first half, ' })
    expect(asked.at(-1).content).toContain('Continue')
  })

  test('a stream that is cut in the middle of a call: nothing of it runs, it is asked again', async () => {
    const { stream, turn, project } = await session({ more: { config: { auto_approve_tools: ['write_file'] } } })
    const frames = chat(call('write_file', { path: 'half.txt', content: 'x'.repeat(100) }))
    const cut: Reply = { body: frames.slice(0, 2), cut: 'close' }
    expect(await turn('go', cut, { text: 'ok' })).toMatchObject({ status: 'success', text: 'ok' })
    await stream.idle()
    expect(existsSync(join(project, 'half.txt'))).toBe(false)
    expect(stream.stored.filter(event => event.type === 'message')).toHaveLength(1)
  })

  test('a server that is not there', async () => {
    const gone = await startScripted({ config: 'max_rounds = 3' })
    const each = await session({ on: gone })
    await gone.model.close()
    await each.ask('go')
    const { data } = await each.stream.next('error')
    expect(data).toMatchObject({ code: 'LLM_UNREACHABLE', recoverable: true, retry_in_ms: expect.any(Number) })
    expect(data.message).toContain('nothing listens')
    expect(await each.interrupt()).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    expect((await end(each.stream)).outcome).toBe('interrupted')
  })
})
