import { beforeAll, expect, test } from 'bun:test'
import { tokensIn } from '../../../src/base/tokens.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[agents.listing]\ntodo = true\n' })
})

const ITEMS = [
  { title: 'Read the parser', status: 'done', files: ['src/parse.ts'] },
  { title: '* Fix it', status: 'in_progress', check: 'npm test' },
  { title: 'Say so', status: 'pending' },
]

/** A session whose agent has set its list. */
async function listed(more: object = {}) {
  const { backend, says } = scripted
  const id = await backend.session(tempDir(), { agent: 'listing', ...more })
  const stream = await backend.events(`/api/sessions/${id}/events?render=org`)
  says(call('todo', { items: ITEMS }), { text: 'listed' })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
  await stream.idle()
  return { id, stream }
}
const numbered = ITEMS.map((item, i) => ({ id: String(i + 1), ...item }))

test('a list is set whole, in an event of its own, and asks nobody', async () => {
  const { backend, model } = scripted
  const { id, stream } = await listed({ config: { auto_approve_readonly: false } })
  expect(stream.types()).toEndWith(
    'prompt thinking tool.draft message tool.call tool_execution plan tool.result thinking message.delta message turn.end idle',
  )
  const { data } = await stream.next('plan')
  expect(data).toMatchObject({ agent: 'listing', items: numbered })
  expect(data.org).toBe(
    '- [X] Read the parser\n   files: src/parse.ts\n- [-] \u200b* Fix it\n   check: npm test\n- [ ] Say so',
  )
  expect((await backend.call(`GET /api/sessions/${id}/plan`)).body).toEqual({ items: numbered })
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toBe('3 steps, 2 to do.')
})

test('what a person sets is told to the agent, and steps keep their ids', async () => {
  const { backend, says, model } = scripted
  const { id } = await listed()
  const items = [
    { title: 'Something new', status: 'pending' },
    { title: 'Say so', status: 'done' },
  ]
  const { body } = await backend.call(`PUT /api/sessions/${id}/plan`, { items })
  expect(body.items).toEqual([
    { id: '4', ...items[0] },
    { id: '3', ...items[1] },
  ])
  says({ text: 'ok' })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go on', wait: true })
  const told = JSON.stringify(model.requests.at(-1)!.body.messages)
  expect(told).toContain('The user set your list of steps:\\n1. Something new\\n2. [X] Say so')
})

test.each([
  [{ items: [{ title: '', status: 'done' }] }],
  [{ items: [{ title: 'a', status: 'finished' }] }],
  [{ items: Array.from({ length: 500 }, () => ({ title: 'a', status: 'done' })) }],
  [{}],
])('PUT refuses what is no list', async body => {
  const { backend } = scripted
  const id = await backend.session(tempDir())
  const { status, body: reply } = await backend.call(`PUT /api/sessions/${id}/plan`, body)
  expect([status, reply.error.code]).toEqual([400, 'INVALID_REQUEST'])
})

test('a list of 500 steps is refused with the reason', async () => {
  const { backend, says, model } = scripted
  const id = await backend.session(tempDir(), { agent: 'listing' })
  const items = Array.from({ length: 500 }, (_, i) => ({ title: `step ${i}`, status: 'pending' }))
  says(call('todo', { items }), { text: 'ok' })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
  expect(model.requests.at(-1)!.body.messages.at(-1).content).toStartWith('Error: items: at most 200 steps.')
})

test('it survives a resume and a summary, goes with a rewind, and is in the transcripts', async () => {
  const { backend, says, model } = scripted
  const { id } = await listed()
  await backend.call(`DELETE /api/sessions/${id}`)
  const org = (await backend.call(`GET /api/sessions/${id}/transcript?format=org`)).text
  expect(org).toContain('- [X] Read the parser\n   files: src/parse.ts\n- [-] \u200b* Fix it')
  const markdown = (await backend.call(`GET /api/sessions/${id}/transcript?format=markdown`)).text
  expect(markdown).toContain('- [x] Read the parser')

  await backend.call(`POST /api/sessions/${id}/resume`)
  expect((await backend.call(`GET /api/sessions/${id}/plan`)).body.items).toEqual(numbered)
  says({ text: 'the summary' }, { text: 'ok' })
  await backend.call(`POST /api/sessions/${id}/compact`)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'and now', wait: true })
  expect(model.requests.at(-1)!.body.messages[1].content).toContain('The list of steps:\n1. [X] Read the parser')

  const { body } = await backend.call(`GET /api/sessions/${id}/transcript`)
  await backend.call(`POST /api/sessions/${id}/rewind`, { turn_id: body.messages[0].turn_id })
  expect((await backend.call(`GET /api/sessions/${id}/plan`)).body.items).toEqual([])
})

test('it is offered to the plan agent, and costs at most 80 tokens', async () => {
  const { backend, says, model } = scripted
  const offered = async (agent: string) => {
    const id = await backend.session(tempDir(), { agent })
    says({ text: 'ok' })
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
    return (model.requests.at(-1)!.body.tools ?? []).find((tool: any) => tool.function.name === 'todo')?.function
  }
  const tool = await offered('plan')
  expect(tokensIn(JSON.stringify(tool))).toBeLessThanOrEqual(80)
  // A model of unknown size does better without.
  expect(await offered('build')).toBeUndefined()
  expect(await offered('ask')).toBeUndefined()
})
