import { beforeAll, expect, test } from 'bun:test'
import { type Families, type Family, openSession, startFamilies } from '../../support/families.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies(`
small_model = "none"
[models."test/two"]
efforts = ["low", "max"]
[models."test/none"]
efforts = []
`)
})

/** The effort in a request body, however its API calls it. */
const effortIn = ({ output_config, thinking, reasoning, reasoning_effort, generationConfig }: any) =>
  thinking?.type === 'disabled'
    ? 'disabled'
    : (output_config?.effort ??
      reasoning?.effort ??
      reasoning_effort ??
      generationConfig?.thinkingConfig?.thinkingLevel ??
      null)

test.each<[string, Family | { model: string }, string, string | null]>([
  ['as it is', 'anthropic', 'xhigh', 'xhigh'],
  ['the nearest above nothing', 'anthropic', 'none', 'low'],
  ['none, where a model can do without', { model: 'anthropic/claude-haiku-5-5' }, 'none', 'disabled'],
  ['as it is', 'responses', 'none', 'none'],
  ['the nearest', 'responses', 'minimal', 'low'],
  ['the most there is', 'gemini', 'max', 'high'],
  ['what the configuration says', { model: 'test/two' }, 'xhigh', 'max'],
  ['nothing, where there is nothing', { model: 'test/none' }, 'high', null],
  ['as it is, where nobody knows', { model: 'test/other' }, 'minimal', 'minimal'],
])('effort is %s: %j, %s', async (_, model, effort, sent) => {
  const { turn } = await openSession(on, model)
  expect((await turn('Go', [{ text: 'Done.' }], { effort })).status).toBe('success')
  expect(effortIn(on.model.requests.at(-1)!.body)).toBe(sent)
})

test('an effort that is none is refused', async () => {
  const { post } = await openSession(on, 'anthropic')
  expect((await post('prompt', { text: 'x', effort: 'utmost' })).status).toBe(400)
})

test.each<Family>(['anthropic', 'responses', 'gemini', 'chat'])(
  '%s: another effort leaves tools, system and the conversation as they were',
  async family => {
    const { turn } = await openSession(on, family, { 'a.txt': 'alpha' })
    const read = { calls: [{ name: 'read_file', args: { path: 'a.txt' } }] }
    const from = on.model.requests.length
    await turn('One', [read, { text: '1' }], { effort: 'low' })
    await turn('Two', [{ text: '2' }], { effort: 'high' })
    const [, before, after] = on.model.requests.slice(from).map(({ body }) => body)
    const partsOf = (body: any) => [body.tools, body.system ?? body.instructions ?? body.systemInstruction]
    expect(partsOf(after)).toEqual(partsOf(before))
    const said = (body: any): any[] => body.messages ?? body.input ?? body.contents
    const plain = (messages: any[]) => JSON.stringify(messages).replaceAll(',"cache_control":{"type":"ephemeral"}', '')
    const prefix = plain(said(before)).slice(0, -1)
    expect(plain(said(after)).startsWith(prefix.replace(/\]\}$/, ''))).toBe(true)
    expect(effortIn(after)).not.toBe(effortIn(before))
  },
)
