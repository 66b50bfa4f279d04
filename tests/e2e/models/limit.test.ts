import { beforeAll, expect, test } from 'bun:test'
import { type Families, openSession, startFamilies, storedOf } from '../../support/families.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies(`
max_cost_usd = 0.01
small_model = "none"
[models."test/priced"]
prices = { input = 1, output = 1 }
`)
})

const FILES = { 'a.txt': 'alpha' }
/** A call that costs so many cents. */
const read = (cents: number) => ({
  calls: [{ name: 'read_file', args: { path: 'a.txt' } }],
  usage: { input: cents * 10_000, output: 0 },
})
const done = { text: 'Done.', usage: { input: 10, output: 0 } }

async function started(lines: object[]) {
  const session = await openSession(on, { model: 'test/priced' }, FILES)
  const over = session.turn('Go', lines as never)
  return { ...session, over }
}

test('what reached the limit asks before the next model call, and again after as much more', async () => {
  const { stream, over, post } = await started([read(0.6), read(0.6), read(0.6), read(0.6), done])
  const asked = async (from: number) => (await stream.next('question', from)).data
  const question = await asked(0)
  expect(question).toMatchObject({
    kind: 'ask',
    message: 'This turn has cost $0.0120; max_cost_usd is 0.01. Go on, for as much again?',
    schema: { properties: { answer: { enum: ['go on', 'stop'] } } },
  })
  const from = stream.frames.length
  const requests = on.model.requests.length
  expect((await post('answer', { question_id: question.question_id, action: 'accept' })).status).toBe(200)
  const again = await asked(from)
  expect(again.message).toContain('$0.0240')
  expect(on.model.requests.length).toBe(requests + 2)
  await post('answer', { question_id: again.question_id, action: 'accept', content: { answer: 'go on' } })
  expect(await over).toMatchObject({ status: 'success', text: 'Done.' })
})

test.each<object>([{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { answer: 'stop' } }])(
  'the answer %j ends the turn at its limit, in good order',
  async reply => {
    const { stream, over, post, turn } = await started([read(2)])
    const { question_id } = (await stream.next('question')).data
    await post('answer', { question_id, ...reply })
    await over
    expect(storedOf(stream, 'turn.end')[0]).toMatchObject({ outcome: 'limit' })

    // The session has reached it as well: the next turn asks before its first call.
    const from = stream.frames.length
    const next = turn('More', [done])
    const session = (await stream.next('question', from)).data
    expect(session.message).toContain('This session has cost $0.0200')
    await post('answer', { question_id: session.question_id, action: 'accept' })
    expect(await next).toMatchObject({ status: 'success' })
  },
)

test('an interrupt ends the question', async () => {
  const { stream, over, post } = await started([read(2)])
  await stream.next('question')
  await post('interrupt')
  await over
  expect(storedOf(stream, 'answer')[0]).toMatchObject({ action: 'cancel' })
  expect(storedOf(stream, 'turn.end')[0]).toMatchObject({ outcome: 'interrupted' })
})

test('a model without a price cannot be held to it, which is said once', async () => {
  const { stream, turn } = await openSession(on, 'chat', FILES)
  await turn('Go', [read(5), read(5), done] as never)
  await turn('Again', [done])
  expect(storedOf(stream, 'question')).toEqual([])
  expect(storedOf(stream, 'notice').map(({ code }) => code)).toEqual(['COST_UNKNOWN'])
})
