import { beforeAll, expect, test } from 'bun:test'
import { type Families, openSession, startFamilies, storedOf } from '../../support/families.ts'
import type { Reply } from '../../support/model-server.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies(
    'fallback_models = ["nobody/m", "mistral/mistral-medium-latest", "openai/gpt-6-luna", "test/last"]\nsmall_model = "none"',
  )
})

const overloaded: Reply = { status: 529, headers: { 'retry-after': '0' }, body: '{"error":{"message":"Overloaded"}}' }
/** The first call and its retries. */
const ALL_TRIES = Array.from({ length: 5 }, () => overloaded)
const modelsOf = (stream: any) => storedOf(stream, 'message').map(message => message.model)

test('an overloaded model gives way for one turn, which is said and recorded', async () => {
  const { stream, turn, view } = await openSession(on, 'anthropic', { 'a.txt': 'alpha' })
  const read = { calls: [{ name: 'read_file', args: { path: 'a.txt' } }] }
  const reply = await turn('Go', [...ALL_TRIES, read, { text: 'Done.' }])
  expect(reply).toMatchObject({ status: 'success', text: 'Done.' })
  // Neither what no provider has, nor what has no key: the first that can be used.
  expect(modelsOf(stream)).toEqual(['openai/gpt-6-luna', 'openai/gpt-6-luna'])
  expect(storedOf(stream, 'notice')).toEqual([
    expect.objectContaining({
      code: 'FALLBACK',
      turn_id: reply.turn_id,
      message: expect.stringMatching(
        /^anthropic\/claude-sonnet-5-5 cannot answer now: .*The rest of this turn goes to openai\/gpt-6-luna\.$/,
      ),
    }),
  ])
  expect((await view()).model).toBe('anthropic/claude-sonnet-5-5')

  await turn('Again', [{ text: 'Mine.' }])
  expect(modelsOf(stream).at(-1)).toBe('anthropic/claude-sonnet-5-5')
})

test('when all are overloaded, the last one tells', async () => {
  const { stream, turn } = await openSession(on, 'anthropic')
  const reply = await turn('Go', [...ALL_TRIES, ...ALL_TRIES, ...ALL_TRIES])
  expect(reply).toMatchObject({ status: 'error', error: { code: 'LLM_OVERLOADED' } })
  expect(storedOf(stream, 'notice').map(({ message }) => /goes to (\S+)\.$/.exec(message)?.[1])).toEqual([
    'openai/gpt-6-luna',
    'test/last',
  ])
})

test.each<[string, Reply | null]>([
  ['a refused key', { status: 401, body: '{"error":{"message":"invalid x-api-key"}}' }],
  ['a refused request', { status: 400, body: '{"error":{"message":"no such thing"}}' }],
  ['a missing key', null],
])('%s takes no other model', async (_, reply) => {
  const { stream, turn, id } = await openSession(on, reply ? 'anthropic' : { model: 'xai/grok-4.7' })
  const from = on.model.requests.length
  const ended = await turn('Go', reply ? [reply] : [])
  expect(ended.status).toBe('error')
  expect(on.model.requests.length - from).toBe(reply ? 1 : 0)
  expect(storedOf(stream, 'notice')).toEqual([])
  expect(id).toBeTruthy()
})
