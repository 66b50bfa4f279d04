import { beforeAll, expect, test } from 'bun:test'
import { hasTerminal, onTerminal, run, withModel } from '../../support/program.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

const ITEMS = [
  { title: 'Change the parser', status: 'pending', files: ['src/parse.ts'], check: 'npm test' },
  { title: 'Say so', status: 'pending' },
]
const TEXT = '1. Change the parser\n   files: src/parse.ts\n   check: npm test\n2. Say so'

/** The plan agent's turn up to its question. */
async function planned(session: object, prompt: object, ...said: Parameters<Scripted['says']>) {
  const { backend, says } = scripted
  const id = await backend.session(tempDir(), session)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  says(...said)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'plan it', ...prompt })
  const { data: question } = await stream.next('question')
  const from = stream.frames.length
  const answer = (content: object, action = 'accept') =>
    backend.call(`POST /api/sessions/${id}/answer`, { question_id: question.question_id, action, content })
  return { id, stream, question, answer, from }
}

test('a plan that is accepted in the mode plan ends the mode', async () => {
  const { backend, says } = scripted
  const { id, stream, answer, from } = await planned(
    { agent: 'plan', config: { mode: 'plan' } },
    {},
    call('todo', { items: ITEMS }),
    { text: 'This is the plan.' },
  )
  says(call('todo', { items: ITEMS }), { text: 'Done.' })
  await answer({ answer: 'accept' })
  const { data } = await stream.next('session.mode', from)
  expect(data).toMatchObject({ mode: 'ask', by: 'user' })
  await stream.idle(stream.frames.indexOf(await stream.next('turn.end', from)) + 1)
  expect((await backend.call(`GET /api/sessions/${id}`)).body.config.mode).toBe('ask')
})

test('an accepted plan is the checklist of the build agent, which begins', async () => {
  const { backend, says, model } = scripted
  const { id, stream, question, answer, from } = await planned({ agent: 'plan' }, {}, call('todo', { items: ITEMS }), {
    text: 'This is the plan.',
  })
  expect(question).toMatchObject({
    kind: 'plan',
    schema: { properties: { answer: { enum: ['accept', 'edit', 'refuse'] }, plan: { default: TEXT } } },
  })
  const items = ITEMS.map((item, i) => (i === 0 ? { id: '1', ...item, status: 'done' } : { id: '2', ...item }))
  says(call('todo', { items }), { text: 'Done.' })
  await answer({ answer: 'accept' })
  const first = await stream.next('turn.end', from)
  await stream.idle(stream.frames.indexOf(first) + 1)

  const types = stream.frames.slice(from).map(frame => frame.event)
  expect(types.filter(type => !/delta|draft|state/.test(type)).join(' ')).toBe(
    'answer session.updated plan prompt.queued turn.end prompt message tool.call plan tool.result message turn.end',
  )
  const plans = stream.stored.flatMap(event => (event.type === 'plan' ? [[event.agent, event.items.length]] : []))
  expect(plans).toEqual([
    ['plan', 2],
    ['build', 2],
    ['build', 2],
  ])
  const { data: prompt } = await stream.next('prompt', from)
  expect(prompt).toMatchObject({ agent: 'build', source: 'user' })
  expect(prompt.text).toEndWith(TEXT)
  // It has the tool to keep its list.
  expect(model.requests.at(-1)!.body.tools.map((tool: any) => tool.function.name)).toContain('todo')
  expect((await backend.call(`GET /api/sessions/${id}/plan`)).body.items[0].status).toBe('done')
  expect((await backend.call(`GET /api/sessions/${id}`)).body.agent).toBe('build')
})

test('a numbered list at the end of the answer is a plan as well, and can be edited', async () => {
  const { says, model } = scripted
  const { stream, question, answer, from } = await planned(
    {},
    { agent: 'plan' },
    { text: 'I read it.\n\n1. Change `a.ts`\n   - with care\n2. Test' },
  )
  expect(question.schema.properties.plan.default).toBe('1. Change `a.ts`\n2. Test')
  says({ text: 'Done.' })
  await answer({ answer: 'edit', plan: '1. Only test\n   check: make test\n' })
  const { data: prompt } = await stream.next('prompt', from)
  expect(prompt.text).toEndWith('1. Only test\n   check: make test')
  await stream.idle(stream.frames.findIndex(({ data }) => data === prompt))
  expect(stream.frames.slice(from).some(({ event }) => event === 'session.updated')).toBe(false)
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toContain('Only test')
})

test.each([
  [{ answer: 'refuse' }, 'accept'],
  [{ answer: 'edit', plan: 'nothing that is a step' }, 'accept'],
  [{ answer: 'edit' }, 'accept'],
  [{}, 'decline'],
])('%j, %s: nothing begins', async (content, action) => {
  const { model } = scripted
  const { id, stream, answer, from } = await planned({}, { agent: 'plan' }, { text: '1. a\n2. b' })
  await answer(content, action)
  await stream.idle(from)
  expect(stream.stored.some(event => event.type === 'prompt.queued')).toBe(false)
  const asked = model.requests.length
  const { body } = await scripted.backend.call(`GET /api/sessions/${id}`)
  expect([body.agent_state, model.requests.length]).toEqual(['idle', asked])
})

test('an interrupt cancels the question', async () => {
  const { backend } = scripted
  const { id, stream, from } = await planned({}, { agent: 'plan' }, { text: '1. a\n2. b' })
  await backend.call(`POST /api/sessions/${id}/interrupt`)
  await stream.idle(from)
  const rest = stream.frames.slice(from).filter(({ id }) => id !== null)
  expect(rest.map(({ event, data }) => data.action ?? data.outcome ?? event)).toEqual(['cancel', 'interrupted'])
})

test('no list, no question', async () => {
  const { backend, says } = scripted
  const id = await backend.session(tempDir())
  for (const text of ['It is fine.', '1. one\n2. two\n\nWhich of them?', '- a\n- b']) {
    says({ text })
    const { body } = await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'look', agent: 'plan', wait: true })
    expect(body).toMatchObject({ status: 'success', text })
  }
})

test('run goes from plan to build: with --yes by itself', async () => {
  const { home, says } = await withModel()
  says({ text: '1. a\n2. b' }, { text: 'All done.' })
  const { code, stdout } = await run(['run', 'plan it', '--agent', 'plan', '--yes'], { home, cwd: tempDir() })
  expect([code, stdout]).toEqual([0, expect.stringContaining('All done.')])
})

test.skipIf(!hasTerminal)(`on a terminal${hasTerminal ? '' : ' (skipped: no script of util-linux)'}`, async () => {
  const { home, says } = await withModel()
  says({ text: '1. a\n2. b' }, { text: 'All done.' })
  const terminal = onTerminal(['run', 'plan it', '--agent', 'plan'], { home, cwd: tempDir() })
  await terminal.until('Build it? [y]es')
  terminal.type('y\r')
  await terminal.until('All done.')
  expect((await terminal.ended).code).toBe(0)
})
