import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStream } from '../../support/backend.ts'
import { chat, type Said } from '../../support/model-replies.ts'
import { gate, type Reply } from '../../support/model-server.ts'
import { call, type Line, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[agents.reviewer]\nread_only = true\nsystem_prompt = "You review."' })
})

type Files = Record<string, string>
/** A session on a project with these files, followed from its first event. */
async function session(options: { files?: Files; more?: object; on?: Scripted } = {}) {
  const { files = { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' }, more = {}, on = scripted } = options
  const { backend, model } = on
  const project = tempDir(files)
  const id = await backend.session(project, more)
  const path = `/api/sessions/${id}`
  const stream = await backend.events(`${path}/events`, 0)
  await stream.next('agent.state')
  return {
    id,
    project,
    stream,
    post: (action: string, body?: object) => backend.call(`POST ${path}/${action}`, body),
    ask: async (text: string, more: object = {}) => (await backend.call(`POST ${path}/prompt`, { text, ...more })).body,
    /** A whole turn, with its reply. */
    turn: async (text: string, ...lines: Line[]) => {
      on.says(...lines)
      return (await backend.call(`POST ${path}/prompt`, { text, wait: true })).body
    },
    patch: (body: object) => backend.call(`PATCH ${path}`, body),
    view: async () => (await backend.call(`GET ${path}`)).body,
    interrupt: async () => (await backend.call(`POST ${path}/interrupt`)).body,
    file: (name: string) => readFileSync(join(project, name), 'utf8'),
    /** The requests that the model got for this session from now on. */
    requests: model.requests.length,
  }
}
type Session = Awaited<ReturnType<typeof session>>

const many = (...calls: [name: string, args: object | string][]): Said => ({
  calls: calls.map(([name, args], i) => ({ id: `c${i}_`, name, args })),
})
const lastRequest = () => scripted.model.requests.at(-1)!.body
const results = (stream: EventStream) => stream.frames.filter(frame => frame.event === 'tool.result').map(f => f.data)
const end = async (stream: EventStream, from = 0) => (await stream.next('turn.end', from)).data
const textOf = (message: any): string => JSON.stringify(message.content)

/** What providers insist on: directly after the calls of a message come their results, each once, in order. */
function expectValid(messages: any[]) {
  for (let i = 0; i < messages.length; i++) {
    const { role, tool_calls } = messages[i]
    if (role === 'tool') throw new Error(`A result without a call: ${JSON.stringify(messages[i])}`)
    expect(role).not.toBe(messages[i - 1]?.role)
    const ids: string[] = tool_calls?.map((each: any) => each.id) ?? []
    const after = messages.slice(i + 1, i + 1 + ids.length)
    expect(after.map(each => each.tool_call_id)).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    i += ids.length
  }
}

/** The next prompt works, and what the model gets then is a history that providers accept. */
async function expectGoesOn({ turn, view }: Session): Promise<any[]> {
  expect(await view()).toMatchObject({ agent_state: 'idle', pending_approvals: [], queued: [] })
  expect(await turn('and now?', { text: 'going on' })).toMatchObject({ status: 'success', text: 'going on' })
  const { messages } = lastRequest()
  expectValid(messages)
  expect(textOf(messages.at(-1))).toContain('and now?')
  return messages
}

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
    scripted.model.add(chat(said))
    expect(await each.turn('go')).toMatchObject({ status: 'error', error: { code: 'LLM_STREAM' } })
    await each.stream.idle()
    expect(each.stream.types()).toBe(`session.created idle prompt thinking ${shown}message error error turn.end idle`)
    expect((await end(each.stream)).outcome).toBe('error')
    await expectGoesOn(each)
  })

  test('after calls, nothing more is an end like any other', async () => {
    const { stream, turn } = await session()
    scripted.model.add(chat(call('read_file', { path: 'a.txt' })), chat({}))
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
    scripted.model.add(chat({ stop: 'content_filter' }))
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
  expect(scripted.model.requests.length - each.requests).toBe(50)
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
    scripted.says(many(['read_file', { path: 'a.txt' }], ['read_file', { path: 'b.txt' }]), { text: 'ok' })
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
    expect(scripted.model.requests.length - each.requests).toBe(1)
    await scripted.backend.call('PUT /api/providers/test/key', { key: 'another-key-0123456789' })
    await expectGoesOn(each)
    expect(scripted.model.requests.at(-1)!.headers.authorization).toBe('Bearer another-key-0123456789')
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

describe('interrupt', () => {
  /** Starts the turn and resolves when it is in the phase. */
  const PHASES: [phase: string, start: (each: Session) => Promise<unknown>, events: string, roles: string][] = [
    [
      'while the model has said nothing',
      async ({ ask }) => {
        const { requests } = scripted.model
        const next = scripted.model.asked(requests.length + 1)
        scripted.model.add({ body: [], hang: true })
        await ask('go')
        await next
      },
      'prompt thinking turn.end idle',
      'system user',
    ],
    [
      'while it thinks',
      async ({ ask, stream }) => {
        scripted.model.add({ body: chat({ thinking: 'hm' }).slice(0, 2), hang: true })
        await ask('go')
        await stream.next('thinking.delta')
      },
      'prompt thinking thinking.delta turn.end idle',
      'system user',
    ],
    [
      'while text streams: what was shown is kept',
      async ({ ask, stream }) => {
        scripted.model.add({ body: chat({ text: ['one ', 'two '] }).slice(0, 3), hang: true })
        await ask('go')
        await stream.until(({ data }) => data.content?.includes('two '))
      },
      'prompt thinking message.delta message turn.end idle',
      'system user assistant user',
    ],
    [
      'while a call is being written: nothing of it remains',
      async ({ ask, stream }) => {
        scripted.model.add({ body: chat(call('write_file', { path: 'x', content: 'y' })).slice(0, 2), hang: true })
        await ask('go')
        await stream.next('tool.draft')
      },
      'prompt thinking tool.draft turn.end idle',
      'system user',
    ],
    [
      'while a tool runs: it is gone with all it started',
      async ({ ask, stream, project }) => {
        const command = 'sleep 300 & echo $! > pid; wait'
        scripted.says(many(['shell_exec', { command }], ['read_file', { path: 'a.txt' }]))
        await ask('go')
        const { data } = await pending(stream)
        await scripted.backend.call(`POST /api/sessions/${await idOf(stream)}/approve`, {
          tool_call_id: data.tool_call_id,
        })
        while (!existsSync(join(project, 'pid')) || readFileSync(join(project, 'pid'), 'utf8') === '')
          await Bun.sleep(5)
      },
      'prompt thinking tool.draft message tool.call waiting_approval approval tool_execution tool.result tool.result turn.end idle',
      'system user assistant tool tool user',
    ],
    [
      'while an approval waits: it is cancelled, and every call has its result',
      async ({ ask, stream }) => {
        scripted.says(
          many(
            ['read_file', { path: 'a.txt' }],
            ['write_file', { path: 'x', content: '' }],
            ['read_file', { path: 'b.txt' }],
          ),
        )
        await ask('go')
        await pending(stream)
        await stream.until(({ data }) => data.state === 'waiting_approval')
      },
      'prompt thinking tool.draft message tool.call tool_execution tool.result tool.call waiting_approval approval tool.result tool.result turn.end idle',
      'system user assistant tool tool tool user',
    ],
    [
      'while it waits to try again',
      async ({ ask, stream }) => {
        scripted.says({ status: 429, headers: { 'retry-after': '50' }, body: '{}' })
        await ask('go')
        await stream.until(({ data }) => data.state === 'thinking' && data.details)
      },
      'prompt thinking error thinking turn.end idle',
      'system user',
    ],
  ]
  const idOf = async (stream: EventStream) => (await stream.next('session.created')).data.session_id
  const isRunning = (pid: number) =>
    existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

  test.each(PHASES)('%s', async (_, start, events, roles) => {
    const each = await session()
    await start(each)
    const reply = await each.interrupt()
    expect(reply).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    await each.stream.idle()
    expect(each.stream.types()).toBe(`session.created idle ${events}`)
    expect((await end(each.stream)).outcome).toBe('interrupted')
    for (const result of results(each.stream).filter(result => result.status !== 'success'))
      expect({ ...result }).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
    const approval = each.stream.stored.find(event => event.type === 'approval' && event.decision !== 'approved')
    if (approval) expect({ ...approval } as object).toMatchObject({ decision: 'cancelled', by: 'user' })
    const kept = each.stream.stored.find(event => event.type === 'message' && event.stop_reason === 'interrupted')
    if (kept) expect({ ...kept } as object).toMatchObject({ content: 'one two ', tool_calls: [] })
    const pid = join(each.project, 'pid')
    if (existsSync(pid)) expect(isRunning(Number(readFileSync(pid, 'utf8')))).toBe(false)

    // Once more changes nothing.
    const before = each.stream.frames.length
    expect(await each.interrupt()).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    const messages = await expectGoesOn(each)
    expect(messages.map(message => message.role).join(' ')).toBe(roles)
    expect(await each.stream.until(() => true, before)).toMatchObject({ event: 'prompt' })
    expect(existsSync(join(each.project, 'x'))).toBe(false)
  })

  test('with a queue: what waits is dropped and given back, in order, before the end of the turn', async () => {
    const each = await session()
    const { ask, stream } = each
    scripted.says(call('write_file', { path: 'x', content: '' }))
    await ask('first')
    await pending(stream)
    const queued = [await ask('second'), await ask('third', { when_busy: 'steer' }), await ask('fourth')]
    expect(queued.map(reply => reply.status)).toEqual(['queued', 'steered', 'queued'])
    expect((await each.view()).queued.map((each: any) => each.text)).toEqual(['second', 'third', 'fourth'])
    const [one, two] = await Promise.all([each.interrupt(), each.interrupt()])
    expect(one.dropped).toEqual(['second', 'third', 'fourth'].map((text, i) => ({ turn_id: queued[i].turn_id, text })))
    expect(two.dropped).toEqual(one.dropped)
    await stream.idle()
    expect(stream.types()).toEndWith(
      'prompt.queued prompt.queued prompt.queued approval tool.result prompt.dropped prompt.dropped prompt.dropped turn.end idle',
    )
    const messages = await expectGoesOn(each)
    expect(JSON.stringify(messages)).not.toMatch(/second|third|fourth/)
  })

  test('those who wait for the reply of a turn get one', async () => {
    const { ask, interrupt, stream } = await session()
    scripted.model.add({ body: chat({ text: ['partly', 'x'] }).slice(0, 2), hang: true })
    const waiting = ask('first', { wait: true })
    await stream.next('message.delta')
    const queued = ask('second', { wait: true })
    await stream.next('prompt.queued')
    await interrupt()
    expect(await waiting).toMatchObject({ status: 'interrupted', text: 'partly' })
    expect(await queued).toMatchObject({ status: 'interrupted', text: '' })
  })

  test('a tool that takes no notice is left behind within a second', async () => {
    const { ask, interrupt, stream, post, project } = await session()
    scripted.says(call('shell_exec', { command: "trap '' TERM INT HUP; echo > ready; while :; do sleep 1; done" }))
    await ask('go')
    const { data } = await pending(stream)
    await post('approve', { tool_call_id: data.tool_call_id })
    while (!existsSync(join(project, 'ready'))) await Bun.sleep(5)
    expect((await interrupt()).status).toBe('interrupted')
    expect(results(stream)[0]).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
  })

  test('an idle session has nothing to interrupt', async () => {
    const { interrupt, stream } = await session()
    expect(await interrupt()).toEqual({ status: 'interrupted', agent_state: 'idle', dropped: [] })
    expect(stream.stored).toHaveLength(1)
  })
})

describe('a prompt while a turn runs', () => {
  /** A turn that waits for an approval. */
  const busy = async () => {
    const each = await session()
    scripted.says(call('write_file', { path: 'x.txt', content: 'x' }))
    await each.ask('first')
    const { data } = await pending(each.stream)
    return { ...each, approve: () => each.post('approve', { tool_call_id: data.tool_call_id }) }
  }

  test('queue: its turn comes after, in order', async () => {
    const { ask, approve, stream } = await busy()
    const second = await ask('second')
    const third = await ask('third', { when_busy: 'queue', agent: 'reviewer' })
    expect([second.status, third.status]).toEqual(['queued', 'queued'])
    scripted.says({ text: 'one' }, { text: 'two' }, { text: 'three' })
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
    scripted.says({ text: 'all right' })
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
    scripted.model.add([...frames.slice(0, 2), held.wait, ...frames.slice(2)])
    await ask('first')
    await stream.next('message.delta')
    const waiting = ask('one more thing', { when_busy: 'steer', wait: true })
    await stream.next('prompt.queued')
    scripted.says({ text: 'that too' })
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
    scripted.says({ text: 'steered' }, { text: 'queued' })
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
    scripted.says({ text: 'ok' })
    await approve()
    await stream.idle()
    expect(stream.stored.filter(event => event.type.startsWith('prompt'))).toHaveLength(1)
  })

  test('an idle session takes a prompt however it should be sent', async () => {
    for (const when_busy of ['queue', 'steer', 'reject']) {
      const { ask } = await session()
      scripted.says({ text: 'ok' })
      expect(await ask('go', { when_busy, wait: true })).toMatchObject({ status: 'success', text: 'ok' })
    }
  })

  test('DELETE of a queued one: dropped, told, and never run', async () => {
    const { id, ask, approve, stream, view } = await busy()
    const [second, third] = [await ask('second'), await ask('third')]
    const remove = (turn_id: string) => scripted.backend.call(`DELETE /api/sessions/${id}/queue/${turn_id}`)
    expect({ ...(await remove(second.turn_id)) }).toMatchObject({ status: 200, body: { status: 'dropped' } })
    expect((await stream.next('prompt.dropped')).data).toMatchObject({ turn_id: second.turn_id, text: 'second' })
    expect((await remove(second.turn_id)).status).toBe(404)
    expect((await view()).queued).toEqual([{ turn_id: third.turn_id, text: 'third' }])
    scripted.says({ text: 'one' }, { text: 'three' })
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
    scripted.says(call('write_file', { path: 'x.txt', content: 'x' }), call('read_file', { path: 'x.txt' }), {
      text: 'ok',
    })
    await ask('first')
    const { data } = await pending(stream)
    const { status, body } = await patch({ model: 'test/other', agent: 'reviewer', title: 'Renamed' })
    expect(status).toBe(200)
    expect({ ...body }).toMatchObject({ model: 'test/other', agent: 'reviewer', title: 'Renamed' })
    await post('approve', { tool_call_id: data.tool_call_id })
    await stream.idle()
    const asked = scripted.model.requests
      .slice(-3)
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

    scripted.says(call('write_file', { path: 'y.txt', content: 'y' }), { text: 'may not' })
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
    scripted.says(
      many(['write_file', { path: 'x.txt', content: 'x' }], ['write_file', { path: 'y.txt', content: 'y' }]),
      { text: 'ok' },
    )
    await ask('go')
    const { data } = await pending(stream)
    expect((await patch({ config: { auto_approve_tools: ['write_file'] } })).body.config).toEqual({
      auto_approve_readonly: true,
      auto_approve_tools: ['write_file'],
      save_transcript: true,
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
