import { beforeAll, expect, test } from 'bun:test'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { ALL, withEditor } from '../../support/stub-editor.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

const open = (tools?: string[] | null, more: object = {}) => withEditor(scripted, tools, { 'a.ts': 'a' }, more)
type Editor = Awaited<ReturnType<typeof open>>
const asked = call('describe', { name: 'car' })

test('tools are offered while an editor registers them, from turn to turn, with the same prefix when they are back', async () => {
  const editor = await open(null)
  const turn = async () => {
    await editor.talk()
    const { tools, messages } = scripted.model.requests.at(-1)!.body
    return {
      offered: editor.offered().filter(name => ALL.includes(name)),
      prefix: JSON.stringify([tools, messages[0]]),
    }
  }
  const bare = await turn()
  expect(bare.offered).toEqual([])
  expect((await editor.put([...ALL].reverse())).body).toMatchObject({ status: 'attached', tools: ALL })
  const all = await turn()
  expect(all.offered).toEqual(ALL)
  await editor.put(['hover', 'no_such_tool', 'describe'])
  expect((await turn()).offered).toEqual(['hover', 'describe'])
  expect((await editor.put(null)).body).toMatchObject({ status: 'detached' })
  expect((await turn()).prefix).toBe(bare.prefix)
  await editor.put(ALL)
  expect((await turn()).prefix).toBe(all.prefix)
})

test('a turn keeps the tools that it began with', async () => {
  const editor = await open()
  const { result } = await editor.answered(asked, 'text')
  expect(result.status).toBe('success')
  const made = await editor.make(asked, async (_, from) => {
    const { request_id } = await editor.request(from)
    await editor.put(null)
    expect((await editor.reply(request_id, { result: 'late' })).status).toBe(404)
  })
  expect(made.result.error).toMatchObject({ code: 'TOOL_FAILED', message: 'The editor was detached.' })
  expect(editor.offered()).toContain('describe')
})

test.each([
  ['tools is missing', {}, 400],
  ['a text', { tools: 'hover' }, 400],
  ['a number in the list', { tools: [1] }, 400],
  ['33 names', { tools: Array.from({ length: 33 }, () => 'hover'), name: 'x' }, 400],
  ['a list as the body', [], 400],
  ['a name that is none', { tools: ['hover'], name: 7 }, 400],
  ['32 names', { tools: Array.from({ length: 32 }, () => 'hover'), name: 'x' }, 200],
  ['no name', { tools: [] }, 200],
  ['a name of null', { tools: ['hover'], name: null }, 200],
])('PUT with %s', async (_, body, status) => {
  const editor = await open(null)
  expect((await scripted.backend.call(`PUT ${editor.path}/editor`, body)).status).toBe(status)
})

test('ids: unknown, answered, of another session', async () => {
  const [editor, other] = [await open(), await open()]
  const unknown = await editor.reply('er_unknown', { result: 1 })
  expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  await editor.make(asked, async (_, from) => {
    const { request_id } = await editor.request(from)
    expect((await other.reply(request_id, { result: 'x' })).status).toBe(404)
    expect((await editor.reply(request_id, { result: 'first' })).status).toBe(200)
    expect((await editor.reply(request_id, { result: 'second' })).status).toBe(404)
  })
  expect((await scripted.backend.call('PUT /api/sessions/none/editor', { tools: [] })).status).toBe(404)
})

test('no result is nothing found', async () => {
  const editor = await open()
  const { told } = await editor.make(call('symbols', { query: 'x' }), async (_, from) => {
    expect((await editor.reply((await editor.request(from)).request_id, {})).status).toBe(200)
  })
  expect(told).toBe('No symbols found.')
})

test('an error of the editor is sent to the model', async () => {
  const editor = await open()
  const { result, told } = await editor.make(asked, async (_, from) => {
    const { request_id } = await editor.request(from)
    expect((await editor.reply(request_id, { error: { message: 'No such buffer' } })).status).toBe(200)
  })
  expect(result).toMatchObject({ status: 'error', error: { code: 'TOOL_FAILED' } })
  expect(told).toContain('No such buffer')
})

test.each([
  [call('describe', { name: 'car' }), { result: { odd: true } }],
  [call('diagnostics', {}), { result: [] }],
  [call('symbols', { query: 'x' }), { result: 'text' }],
  [call('symbols', { query: 'x' }), { result: [{ line: 1 }] }],
  [call('buffers', {}), { result: { name: 'x', text: 'y' } }],
])('a result of another shape fails the call: %j %j', async (said, body) => {
  const editor = await open()
  const { result } = await editor.make(said, async (_, from) => {
    const { request_id } = await editor.request(from)
    expect(await editor.reply(request_id, body)).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_REQUEST' } },
    })
    expect((await editor.reply(request_id, { result: '' })).status).toBe(404)
  })
  expect(result.error.message).toStartWith('The editor answered with another shape than expected')
})

test('what is no JSON, or too large, is refused, and another answer may follow', async () => {
  const editor = await open()
  const { told } = await editor.make(asked, async (_, from) => {
    const { request_id } = await editor.request(from)
    expect((await editor.reply(request_id, '{"result": ')).status).toBe(400)
    expect((await editor.reply(request_id, { error: 'text' })).status).toBe(400)
    expect((await editor.reply(request_id, `{"result":"${'x'.repeat(50 * 1024 * 1024)}"}`)).status).toBe(413)
    expect((await editor.reply(request_id, { result: 'at last' })).status).toBe(200)
  })
  expect(told).toBe('at last')
})

test('a long result is cut for the model, and kept', async () => {
  const editor = await open()
  const { told } = await editor.answered(asked, 'y'.repeat(1024 * 1024))
  expect(told.length).toBeLessThan(100_000)
  expect(told).toContain('spill:')
})

test('both of two editors are asked, and the first answer counts', async () => {
  const editor = await open()
  const second = await scripted.backend.events(`${editor.path}/events`)
  await second.next('agent.state')
  const { told } = await editor.make(asked, async (_, from) => {
    const [one, two] = [await editor.request(from), await editor.request(0, second)]
    expect(two).toEqual(one)
    expect((await editor.reply(two.request_id, { result: 'by the second' })).status).toBe(200)
    expect((await editor.reply(one.request_id, { result: 'by the first' })).status).toBe(404)
  })
  expect(told).toBe('by the second')
})

test('a stream of Org has requests as well, and no log has them', async () => {
  const editor = await open()
  const org = await scripted.backend.events(`${editor.path}/events?render=org`)
  await org.next('agent.state')
  const { told } = await editor.make(asked, async () => {
    const request = await editor.request(0, org)
    expect(request).toMatchObject({ tool: 'describe', params: { name: 'car' } })
    await editor.reply(request.request_id, { result: '* text' })
  })
  expect(told).toBe('* text')
  expect(editor.stream.stored.some(({ type }) => (type as string) === 'editor.request')).toBe(false)
})

test('an interrupt ends a request', async () => {
  const editor = await open()
  scripted.says(asked)
  const turn = scripted.backend.call(`POST ${editor.path}/prompt`, { text: 'go', wait: true })
  const { request_id } = await editor.request()
  await scripted.backend.call(`POST ${editor.path}/interrupt`, {})
  expect((await editor.reply(request_id, { result: 'late' })).status).toBe(404)
  expect((await editor.stream.next('tool.result')).data.error.code).toBe('INTERRUPTED')
  expect((await turn).body.status).toBe('interrupted')
})

test('an editor whose streams are gone in mid-request is detached', async () => {
  const editor = await open()
  const { model, says, backend } = scripted
  says(asked, { text: 'ok' })
  const turn = backend.call(`POST ${editor.path}/prompt`, { text: 'go', wait: true })
  const { request_id } = await editor.request()
  editor.stream.close()
  expect((await turn).body.status).toBe('success')
  const told = model.requests.at(-1)!.body.messages.at(-1).content
  expect(told).toContain('The editor is gone')
  expect((await editor.reply(request_id, { result: 'late' })).status).toBe(404)
  says({ text: 'again' })
  await backend.call(`POST ${editor.path}/prompt`, { text: 'go', wait: true })
  expect(editor.offered()).not.toContain('describe')
})

test('a stream that comes back in time is sent what is open', async () => {
  const editor = await open()
  const { says, backend, model } = scripted
  says(asked, { text: 'ok' })
  const turn = backend.call(`POST ${editor.path}/prompt`, { text: 'go', wait: true })
  const first = await editor.request()
  editor.stream.close()
  const back = await backend.events(`${editor.path}/events`)
  const again = await editor.request(0, back)
  expect(again.request_id).toBe(first.request_id)
  await editor.reply(again.request_id, { result: 'after all' })
  await turn
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toBe('after all')
})

test('an editor that never answers is a TIMEOUT', async () => {
  const editor = await open()
  let waited: Awaited<ReturnType<Editor['request']>> | undefined
  const { result } = await editor.make(asked, async (stream, from) => {
    waited = await editor.request(from)
    await stream.next('tool.result', from)
    expect((await editor.reply(waited.request_id, { result: 'late' })).status).toBe(404)
  })
  expect(result.error.code).toBe('TIMEOUT')
  expect(waited!.timeout_ms).toBeLessThanOrEqual(30_000)
})
