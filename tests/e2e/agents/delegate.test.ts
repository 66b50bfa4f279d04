import { beforeAll, expect, test } from 'bun:test'
import { isTask, sequence, begun as start } from '../../support/delegating.ts'
import type { Asked } from '../../support/model-server.ts'
import { expectValid, many } from '../../support/model-session.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({
    config: `[agents.writer]\nwrite_paths = ["out/**"]\n[agents.short]\nmax_rounds = 1\n[agents.dear]\nmax_total_tokens = 1\n`,
  })
})

const begun = (...rest: Parameters<typeof start> extends [unknown, ...infer R] ? R : never) => start(scripted, ...rest)

test('a task is done by another agent, and its report is the result', async () => {
  const { stream, asked } = await begun(
    {},
    (request, text) =>
      isTask(request)
        ? text.includes('You now')
          ? call('read_file', { path: 'a.txt' })
          : { text: 'It says one.' }
        : text === 'go'
          ? call('delegate', { agent: 'plan', task: 'Read a.txt', context: 'It is short.' })
          : { text: 'So it is.' },
    4,
  )
  await stream.idle()
  expect(sequence(stream)).toBe(
    'idle prompt thinking message tool.call tool_execution plan:delegate.start plan:thinking plan:message plan:tool.call plan:tool_execution plan:tool.result plan:thinking plan:message plan:delegate.end tool.result thinking message turn.end idle',
  )
  const start = (await stream.next('delegate.start')).data
  expect(start).toMatchObject({ agent: 'plan', task: 'Read a.txt', context: 'It is short.' })
  const end = (await stream.next('delegate.end')).data
  expect(end).toMatchObject({
    outcome: 'completed',
    report: 'It says one.',
    parent_tool_call_id: start.parent_tool_call_id,
  })
  expect(end.usage.output_tokens).toBeGreaterThan(0)
  const [first, childs, , last] = asked().map(({ body }) => body)
  // The same system prompt and tools: the provider has them already.
  expect(childs.messages[0]).toEqual(first.messages[0])
  expect(childs.tools).toEqual(first.tools)
  expect(childs.messages[1].content).toEndWith('Task: Read a.txt\n\nContext:\nIt is short.')
  // Of the work the parent sees the report alone.
  expect(last.messages.at(-1).content).toBe('It says one.')
  expect(JSON.stringify(last.messages)).not.toContain('read_file')
  expectValid(last.messages)
})

test('a session says since when its turn runs, and which agents work in it', async () => {
  let open = () => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  const { stream, id } = await begun(
    {},
    async (request, text) => {
      if (!isTask(request))
        return text === 'go' ? call('delegate', { agent: 'plan', task: 'Read a.txt' }) : { text: 'So.' }
      await opened
      return { text: 'One.' }
    },
    3,
  )
  const view = async () => (await scripted.backend.call(`GET /api/sessions/${id}`)).body
  const { data: start } = await stream.next('delegate.start')
  const { data: prompt } = await stream.next('prompt')
  const { parent_tool_call_id, at: started_at } = start
  expect(await view()).toMatchObject({
    turn_started_at: prompt.at,
    children: [{ parent_tool_call_id, agent: 'plan', task: 'Read a.txt', started_at }],
  })
  open()
  await stream.idle()
  const after = await view()
  expect([after.turn_started_at, after.children]).toEqual([undefined, undefined])
})

test('four at a time run side by side, the others wait', async () => {
  let open = () => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  const tasks = [1, 2, 3, 4, 5, 6].map(n => ['delegate', { agent: 'plan', task: `task ${n}` }] as [string, object])
  let atWork = 0
  let most = 0
  const { stream, asked } = await begun(
    {},
    async (request, text) => {
      if (!isTask(request)) return text === 'go' ? many(...tasks) : { text: 'all done' }
      most = Math.max(most, ++atWork)
      if (atWork === 4) open()
      await opened
      atWork--
      return { text: `did ${/task \d/.exec(text)![0]}` }
    },
    8,
  )
  await stream.idle()
  expect(most).toBe(4)
  const results = asked().at(-1)!.body.messages.slice(-6)
  expect(results.map((result: any) => result.content)).toEqual([1, 2, 3, 4, 5, 6].map(n => `did task ${n}`))
})

test('an approval of a child comes on the same stream, with who asks; a decision goes on', async () => {
  const { backend } = scripted
  const { id, stream, project } = await begun(
    {},
    (request, text) =>
      isTask(request)
        ? text.includes('You now')
          ? call('write_file', { path: 'out/b.txt', content: 'two\n' })
          : { text: 'written' }
        : text === 'go'
          ? call('delegate', { agent: 'writer', task: 'write' })
          : { text: 'ok' },
    4,
  )
  const { data } = await pending(stream)
  expect(data).toMatchObject({ tool: 'write_file', agent: 'writer' })
  const { body } = await backend.call(`GET /api/sessions/${id}`)
  expect(body.pending_approvals[0]).toMatchObject({ agent: 'writer', parent_tool_call_id: data.parent_tool_call_id })
  await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
  await stream.idle()
  expect((await stream.next('approval')).data).toMatchObject({ agent: 'writer', decision: 'approved', by: 'user' })
  expect(await Bun.file(`${project}/out/b.txt`).text()).toBe('two\n')
  const { body: changes } = await backend.call(`GET /api/sessions/${id}/changes`)
  expect(changes.files.map((file: any) => file.path)).toEqual(['out/b.txt'])
})

test.each([
  ['a reading agent', { agent: 'plan' }, 'build', { path: 'out/b.txt', content: '' }, 'The agent plan only reads.'],
  [
    'write paths',
    { agent: 'writer' },
    'build',
    { path: 'b.txt', content: '' },
    'The agent writer may only write to out/**.',
  ],
])('a child has no right that its parent lacks: %s', async (_, prompt, agent, params, refusal) => {
  const { stream } = await begun(
    prompt,
    (request, text) =>
      isTask(request)
        ? text.includes('You now')
          ? call('write_file', params)
          : { text: 'could not' }
        : text === 'go'
          ? call('delegate', { agent, task: 'write' })
          : { text: 'ok' },
    4,
  )
  await stream.idle()
  const result = stream.frames.find(({ event, data }) => event === 'tool.result' && data.parent_tool_call_id)!.data
  expect(result.error.message).toMatch(prompt.agent === 'plan' ? /no tool of that name/ : refusal)
})

test.each([
  [{ agent: 'nobody', task: 'x' }, 'INVALID_PARAMS'],
  [{ agent: 'plan', task: '' }, 'INVALID_PARAMS'],
])('%j is an error result', async (params, code) => {
  const { stream } = await begun({}, (_, text) => (text === 'go' ? call('delegate', params) : { text: 'ok' }), 2)
  await stream.idle()
  expect((await stream.next('tool.result')).data.error.code).toBe(code)
  expect(stream.frames.some(({ event }) => event === 'delegate.start')).toBe(false)
})

test('a cycle ends at the depth limit', async () => {
  const depth = (asked: Asked) => (isTask(asked) ? 1 : 0)
  const { stream } = await begun(
    {},
    (asked, text) =>
      text === 'go' || (depth(asked) === 1 && text.includes('You now'))
        ? call('delegate', { agent: 'build', task: 'do it' })
        : { text: 'done' },
    6,
  )
  await stream.idle()
  const starts = stream.stored.filter(({ type }) => type === 'delegate.start')
  expect(starts).toHaveLength(2)
  const errors = stream.stored.flatMap(event =>
    event.type === 'tool.result' && event.error ? [event.error.message] : [],
  )
  expect(errors).toEqual([expect.stringContaining('the depth limit is 2')])
})

test.each([
  ['short', 'limit'],
  ['dear', 'limit'],
])('a budget ends the child alone: %s', async (agent, outcome) => {
  const { stream, asked } = await begun(
    {},
    (request, text) =>
      isTask(request)
        ? { ...call('read_file', { path: 'a.txt' }), text: 'I look.' }
        : text === 'go'
          ? call('delegate', { agent, task: 'look' })
          : { text: 'ok' },
    3,
  )
  await stream.idle()
  expect((await stream.next('delegate.end')).data).toMatchObject({ outcome, report: 'I look.' })
  expect((await stream.next('turn.end')).data.outcome).toBe('completed')
  expect(asked().at(-1)!.body.messages.at(-1).content).toStartWith('I look.\n[It reached its limit')
})
