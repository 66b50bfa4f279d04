import { beforeAll, describe, expect, test } from 'bun:test'
import { type Families, follow, openSession, startFamilies, storedOf } from '../../support/families.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies('small_model = "anthropic/claude-haiku-5-5"')
})

const usage = { input: 1_000, output: 100 }
const isTitle = ({ event, data }: any) => event === 'session.updated' && data.title !== undefined

describe('a title', () => {
  test('comes after the first turn, from the small model, with what it cost', async () => {
    const { stream, turn, view } = await openSession(on, 'chat')
    await turn('Why is the sky blue?', [{ text: 'Because of scattering.' }, { text: '"Why the Sky Is Blue."', usage }])
    const { data } = await stream.until(isTitle)
    expect(data).toMatchObject({
      title: 'Why the Sky Is Blue',
      model: 'anthropic/claude-haiku-5-5',
      usage: { input_tokens: 1_000, output_tokens: 100, cost_usd: expect.closeTo(0.00015, 9) },
    })
    const types = stream.stored.map(({ type }) => type)
    expect(types).toEqual(['session.created', 'prompt', 'message', 'turn.end', 'session.updated'])
    const asked = on.model.requests.at(-1)!
    expect(asked.path).toBe('/v1/messages')
    expect(asked.body).toMatchObject({ model: 'claude-haiku-5-5', thinking: { type: 'disabled' } })
    expect(asked.body).not.toHaveProperty('tools')
    expect(asked.text).toContain('Why is the sky blue?')
    expect(asked.text).toContain('Because of scattering.')

    // The session's model is as it was, and the title comes once.
    const after = await view()
    expect(after).toMatchObject({ title: 'Why the Sky Is Blue', model: 'test/some-model' })
    expect(after.usage).toMatchObject({ input_tokens: 1_010 })
    const requests = on.model.requests.length
    await turn('And at dusk?', [{ text: 'Red.' }])
    expect(on.model.requests.length).toBe(requests + 1)
  })

  test('holds up nothing: the turn has ended, and the next one runs, before it is there', async () => {
    const { stream, turn } = await openSession(on, 'chat')
    const held = gate()
    const before = on.model.requests.length
    await turn('One', [{ text: '1' }, () => held.wait.then(() => ({ status: 400, body: '{}' }))])
    await on.model.asked(before + 2)
    expect(await turn('Two', [{ text: '2' }])).toMatchObject({ status: 'success', text: '2' })
    held.open()
    // A failure costs the title alone.
    expect(await turn('Three', [{ text: '3' }])).toMatchObject({ status: 'success', text: '3' })
    expect(storedOf(stream, 'error')).toEqual([])
  })

  test('is cut to 60 characters between words', async () => {
    const { stream, turn } = await openSession(on, 'chat')
    await turn('Long', [{ text: 'Yes.' }, { text: `**Title:** ${'wordy '.repeat(30)}` }])
    const { title } = (await stream.until(isTitle)).data
    expect(title.length).toBeLessThanOrEqual(60)
    expect(title).toMatch(/^wordy .*wordy…$/)
  })

  test('is not asked for with the agent ask, with a title given, or with small_model = "none"', async () => {
    const silent = await startFamilies('small_model = "none"')
    const cases = [
      await openSession(on, 'chat', {}, { title: 'Mine' }),
      await openSession(on, 'chat', {}, { agent: 'ask' }),
      await openSession(silent, 'chat'),
    ]
    for (const { turn, stream, view, backend } of cases) {
      const { model } = backend === silent.backend ? silent : on
      const from = model.requests.length
      await turn('One', [{ text: '1' }])
      await turn('Two', [{ text: '2' }])
      expect(model.requests.length - from).toBe(2)
      expect(stream.stored.filter(({ type }) => type === 'session.updated')).toEqual([])
      expect((await view()).title).toMatch(/Mine|One/)
    }
  })

  test('is not asked of a provider that is reached at another address than its own', async () => {
    const plain = await startFamilies()
    const { turn } = await openSession(plain, 'anthropic')
    const from = plain.model.requests.length
    await turn('One', [{ text: '1' }])
    await turn('Two', [{ text: '2' }])
    expect(plain.model.requests.length - from).toBe(2)
  })

  test('is no reason to keep a session that is closed', async () => {
    const { backend, says } = on
    const id = await backend.session(tempDir(), { model: 'test/some-model' })
    const { turn } = await follow(backend, id, says)
    const held = gate()
    const before = on.model.requests.length
    await turn('One', [{ text: '1' }, [held.wait, ...chat({ text: 'Too late' })]])
    await on.model.asked(before + 2)
    const { status, body } = await backend.call(`DELETE /api/sessions/${id}`)
    held.open()
    expect([status, body.status]).toEqual([200, 'closed'])
  })
})

describe('small_model_summaries', () => {
  const models = (window: number) => `
small_model = "test/small"
small_model_summaries = true
[models."test/small"]
context_window = ${window}
prices = { input = 1, output = 1 }
[models."test/large"]
context_window = 16000
`

  test.each<[string, number, string]>([
    ['writes summaries where its window is no smaller', 16_000, 'small'],
    ['leaves them to the conversation’s model otherwise', 15_999, 'large'],
  ])('%s', async (_, window, writer) => {
    const wide = await startFamilies(models(window))
    const { turn, post, stream } = await openSession(wide, { model: 'test/large' }, {}, { title: 'Named' })
    await turn('One', [{ text: '1' }])
    wide.summary = null
    wide.says({ text: 'What was said.' })
    expect((await post('compact')).status).toBe(200)
    expect(wide.model.requests.at(-1)!.body.model).toBe(writer)
    const { data } = await stream.next('context.compacted')
    expect(data.model).toBe(writer === 'small' ? 'test/small' : undefined)
  })
})
