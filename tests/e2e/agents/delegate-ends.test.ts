import { beforeAll, expect, test } from 'bun:test'
import { Backend } from '../../support/backend.ts'
import { begun, isFirst, isTask, sequence } from '../../support/delegating.ts'
import { chat } from '../../support/model-replies.ts'
import { expectValid, many } from '../../support/model-session.ts'
import { run, withModel } from '../../support/program.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

const never = new Promise<never>(() => {})
const tasks = (...names: string[]) =>
  many(...names.map(task => ['delegate', { agent: 'plan', task }] as [string, object]))

test('an interrupt stops all of them, each before the call that it works for', async () => {
  const { backend, model } = scripted
  const { id, stream, from } = await begun(
    scripted,
    {},
    (asked, text) => (isTask(asked) ? never : tasks('one', text)),
    3,
  )
  await model.asked(from + 3)
  await stream.until(() => stream.frames.filter(({ event }) => event === 'delegate.start').length === 2)
  const { body } = await backend.call(`POST /api/sessions/${id}/interrupt`)
  expect(body).toMatchObject({ status: 'interrupted', agent_state: 'idle' })
  await stream.idle()
  expect(sequence(stream)).toEndWith(
    'plan:thinking plan:thinking plan:delegate.end plan:delegate.end tool.result tool.result turn.end idle',
  )
  expect((await stream.next('turn.end')).data.outcome).toBe('interrupted')
})

test('one is stopped alone, and the others go on', async () => {
  const { backend, model } = scripted
  let open = () => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  const { id, stream, from, asked } = await begun(
    scripted,
    {},
    async (asked, text) => {
      if (!isTask(asked)) return text === 'go' ? tasks('one', 'two') : { text: 'ok' }
      if (text.endsWith('one')) return never
      await opened
      return { text: 'did two' }
    },
    4,
  )
  await model.asked(from + 3)
  const { tool_call_id } = (await stream.next('tool.call')).data
  const stop = () => backend.call(`POST /api/sessions/${id}/interrupt`, { tool_call_id })
  expect(await stop()).toMatchObject({ status: 200, body: { status: 'interrupted', agent_state: 'tool_execution' } })
  open()
  await stream.idle()
  const [first, second] = asked().at(-1)!.body.messages.slice(-2)
  expect(first.content).toContain('The user stopped plan before it had finished')
  expect(second.content).toBe('did two')
  expect((await stop()).status).toBe(200)
  const unknown = await backend.call(`POST /api/sessions/${id}/interrupt`, { tool_call_id: 'tc_none' })
  expect([unknown.status, unknown.body.error.code]).toEqual([404, 'INVALID_TOOL_CALL'])
})

test('after a kill a resume closes them from the inside out', async () => {
  const own = await startScripted()
  const { id, stream, asked } = await begun(
    own,
    {},
    asked =>
      isTask(asked)
        ? call('write_file', { path: 'b.txt', content: 'two' })
        : call('delegate', { agent: 'build', task: 'write' }),
    2,
  )
  await pending(stream)
  own.backend.process.kill('SIGKILL')
  await own.backend.exited
  const again = await Backend.start(own.home)
  const last = stream.stored.at(-1)!.id
  await again.call(`POST /api/sessions/${id}/resume`)
  const after = await again.events(`/api/sessions/${id}/events`, last)
  await after.next('session.resumed')
  expect(sequence(after)).toStartWith(
    'build:approval build:tool.result build:delegate.end tool.result turn.end session.resumed',
  )
  own.says({ text: 'ok' })
  await again.call(`POST /api/sessions/${id}/prompt`, { text: 'and now', wait: true })
  expectValid(asked().at(-1)!.body.messages)
  await again.stop()
})

test('in the background: the id at once, and the report begins a turn of its own', async () => {
  const { backend, model } = scripted
  let open = () => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  const { id, stream, from, asked } = await begun(
    scripted,
    {},
    async (asked, text) => {
      if (isFirst(asked)) return opened.then(() => ({ text: 'found it' }))
      if (text === 'go') return call('delegate', { agent: 'plan', task: 'look', background: true })
      return { text: text.startsWith('Report') ? 'I see.' : 'ok' }
    },
    5,
  )
  await stream.idle()
  const result = (await stream.next('tool.result')).data
  expect(result.error).toBeUndefined()
  expect(result.result.metadata).toMatchObject({ background: true, id: result.tool_call_id })
  await model.asked(from + 3)
  // A prompt meanwhile is an ordinary one, and what the agent does goes on.
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'meanwhile', wait: true })
  expect((await backend.call(`POST /api/sessions/${id}/compact`)).body.error.code).toBe('SESSION_BUSY')
  const at = stream.frames.length
  open()
  await stream.idle(at)
  expect(sequence(stream, at).replace(/^idle /, '')).toBe(
    'plan:message plan:delegate.end prompt thinking message turn.end idle',
  )
  const { data } = await stream.next('prompt', at)
  expect(data).toMatchObject({ source: 'agent', agent: 'build', report_of: result.tool_call_id })
  expect(data.text).toEndWith('found it')
  expectValid(asked().at(-1)!.body.messages)
})

test('while a turn runs the report comes before its next model call', async () => {
  const { model } = scripted
  let hold = () => {}
  const held = new Promise<void>(resolve => (hold = resolve))
  const { stream, asked, from } = await begun(
    scripted,
    {},
    async (asked, text) => {
      if (isFirst(asked)) return { text: 'found it' }
      if (text === 'go') return call('delegate', { agent: 'plan', task: 'look', background: true })
      if (text.startsWith('Started')) return held.then(() => ({ text: 'waiting' }))
      return { text: 'I see.' }
    },
    4,
  )
  await model.asked(from + 3)
  await stream.next('delegate.end')
  hold()
  await stream.idle()
  expect(asked().at(-1)!.body.messages.at(-1).content).toContain('found it')
  expect(stream.stored.filter(({ type }) => type === 'turn.end')).toHaveLength(1)
  expect(stream.stored.filter(event => event.type === 'prompt' && event.report_of)).toHaveLength(1)
})

test('one that is interrupted begins no turn; the next prompt tells of it', async () => {
  const { backend, model } = scripted
  const { id, stream, from, asked } = await begun(
    scripted,
    {},
    (asked, text) =>
      isFirst(asked)
        ? never
        : text === 'go'
          ? call('delegate', { agent: 'plan', task: 'look', background: true })
          : { text: 'ok' },
    4,
  )
  await stream.idle()
  await model.asked(from + 3)
  await backend.call(`POST /api/sessions/${id}/interrupt`)
  expect((await stream.next('delegate.end')).data.outcome).toBe('interrupted')
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'well?', wait: true })
  expect(asked()).toHaveLength(4)
  expect(JSON.stringify(asked().at(-1)!.body.messages)).toContain('It ended with \\"interrupted\\"')
})

test('run waits for what works in the background', async () => {
  const { home, model } = await withModel()
  for (let i = 0; i < 4; i++)
    model.add(asked => {
      const text = String(asked.body.messages.at(-1).content)
      if (isFirst(asked)) return chat({ text: 'found it' })
      if (text === 'go') return chat(call('delegate', { agent: 'plan', task: 'look', background: true }))
      return chat({ text: text.startsWith('Report') ? 'I see.' : 'ok' })
    })
  const { code, stdout } = await run(['run', 'go'], { home, cwd: tempDir() })
  expect([code, stdout]).toEqual([0, expect.stringContaining('I see.')])
  expect(stdout).toContain('plan begins: look')
})

test('one that fails says why, and the turn goes on', async () => {
  const own = await startScripted({ config: '[agents.lost]\nmodel = "nowhere/model"\n' })
  const { stream, asked } = await begun(
    own,
    {},
    (_, text) => (text === 'go' ? call('delegate', { agent: 'lost', task: 'look' }) : { text: 'ok' }),
    2,
  )
  await stream.idle()
  expect((await stream.next('delegate.end')).data).toMatchObject({ outcome: 'error', agent: 'lost' })
  expect(asked().at(-1)!.body.messages.at(-1).content).toMatch(
    /lost failed before it had finished\. No provider has this model/,
  )
  expect((await stream.next('turn.end')).data.outcome).toBe('completed')
})
