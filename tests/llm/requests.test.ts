import { afterAll, describe, expect, test } from 'bun:test'
import { versionOf } from '../../src/llm/anthropic/anthropic-request.ts'
import type { ModelMessage, ModelRequest } from '../../src/llm/provider.ts'
import { needsResponses } from '../../src/llm/stream.ts'
import { request } from '../support/model-call.ts'
import { startDialogue } from '../support/model-dialogue.ts'
import { FAMILIES } from '../support/model-replies.ts'

const { server, toFamily, ask, bodyOf } = await startDialogue()
afterAll(() => server.close())

describe('images', () => {
  const image = { media_type: 'image/png', data: 'A'.repeat(4096) }
  const messages: ModelMessage[] = [
    { role: 'user', text: 'Look', images: [image] },
    { role: 'assistant', text: '', tool_calls: [{ tool_call_id: 'tc_1', tool: 'shoot', params: {} }], model: 'm' },
    { role: 'tool', tool_call_id: 'tc_1', tool: 'shoot', content: 'Shot.', is_error: false, images: [image] },
  ]
  for (const family of FAMILIES) {
    test(`${family}: both reach a model that takes them`, async () => {
      const { asked } = await ask(toFamily(family), family, request({ messages }))
      expect(asked.text.split(image.data)).toHaveLength(3)
    })
    test(`${family}: a model that takes none is told`, async () => {
      const endpoint = toFamily(family)
      endpoint.info = { ...endpoint.info, images: false }
      const { asked } = await ask(endpoint, family, request({ messages }))
      expect(asked.text).not.toContain(image.data)
      expect(asked.text.match(/An image \(image\/png, 3 kB\) was left out: this model takes no images/g)).toHaveLength(
        2,
      )
    })
  }
})

describe('effort and output', () => {
  const CLAUDES: [string, Partial<ModelRequest>, object][] = [
    ['claude-sonnet-5-5', {}, { thinking: { type: 'adaptive', display: 'summarized' } }],
    [
      'claude-opus-4-6',
      { effort: 'high' },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
    ],
    [
      'claude-fable-5-1',
      { effort: 'low' },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
    ],
    [
      'claude-haiku-4-5-20251001',
      { effort: 'low', max_output_tokens: 4_096 },
      { max_tokens: 4_096, thinking: { type: 'enabled', budget_tokens: 2_048 } },
    ],
    ['claude-haiku-4-5', {}, { thinking: undefined, output_config: undefined }],
    ['claude-opus-4-5', { effort: 'medium' }, { output_config: { effort: 'medium' } }],
    ['claude-3-5-haiku-latest', { effort: 'high' }, { thinking: undefined, output_config: undefined }],
    ['stories260k', { effort: 'high' }, { thinking: undefined, output_config: undefined }],
  ]
  for (const [model, asked, expected] of CLAUDES)
    test(`${model} ${JSON.stringify(asked)}`, async () => {
      const { thinking, output_config, max_tokens } = await bodyOf('anthropic', asked, toFamily('anthropic', { model }))
      expect({ thinking, output_config, max_tokens }).toMatchObject(expected)
    })

  test('output is bounded by the model, and by us', async () => {
    for (const [max_output, expected] of [
      [undefined, 8_192],
      [4_000, 4_000],
      [128_000, 32_000],
    ] as const) {
      const endpoint = toFamily('anthropic')
      if (max_output) endpoint.info = { ...endpoint.info, max_output }
      expect((await bodyOf('anthropic', {}, endpoint)).max_tokens).toBe(expected)
    }
  })

  test('the others', async () => {
    const asked = { effort: 'high', max_output_tokens: 99 } as const
    expect(await bodyOf('chat', asked)).toMatchObject({ reasoning_effort: 'high', max_tokens: 99 })
    expect(await bodyOf('responses', asked)).toMatchObject({
      reasoning: { effort: 'high', summary: 'auto' },
      max_output_tokens: 99,
      prompt_cache_key: 'session-1',
    })
    expect((await bodyOf('gemini', asked)).generationConfig).toEqual({
      maxOutputTokens: 99,
      thinkingConfig: { includeThoughts: true, thinkingLevel: 'high' },
    })
    const gpt4 = toFamily('responses', { model: 'gpt-4.1' })
    expect(await bodyOf('chat', asked, gpt4)).toMatchObject({
      max_completion_tokens: 99,
      prompt_cache_key: 'session-1',
    })
  })

  test('which models of OpenAI need the Responses API', () => {
    for (const model of ['gpt-5', 'gpt-5.5-codex', 'gpt-6-astra', 'gpt-6.1-terra', 'o3', 'o4-mini', 'gpt-10'])
      expect(needsResponses(model), model).toBe(true)
    for (const model of ['gpt-4o', 'gpt-4.1', 'gpt-3.5-turbo', 'gpt-oss-120b', 'omni'])
      expect(needsResponses(model), model).toBe(false)
  })

  test('versions of Claude', () => {
    const of = (model: string) => Object.values(versionOf(model)).join('.')
    expect(of('claude-sonnet-4-5-20250929')).toBe('4.5')
    expect(of('claude-sonnet-4.5')).toBe('4.5')
    expect(of('claude-opus-4-20250514')).toBe('4.0')
    expect(of('claude-3-7-sonnet-20250219')).toBe('3.7')
    expect(of('claude-opus-5')).toBe('5.0')
    expect(of('anthropic/claude-fable-5-1')).toBe('5.1')
  })
})
