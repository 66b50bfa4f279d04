import { afterAll, describe, expect, test } from 'bun:test'
import type { ModelRequest } from '../../src/llm/provider.ts'
import { request } from '../support/model-call.ts'
import { startDialogue } from '../support/model-dialogue.ts'
import type { Family } from '../support/model-replies.ts'
import type { Asked } from '../support/model-server.ts'

const { server, toFamily, ask, bodyOf, twoRounds } = await startDialogue()
afterAll(() => server.close())

describe('what a server refuses is left out, once and for all', () => {
  const CASES: [Family, string, string, Partial<ModelRequest>][] = [
    ['chat', 'stream_options', "Unknown parameter: 'stream_options'.", {}],
    ['chat', 'reasoning_effort', 'Unrecognized request argument supplied: reasoning_effort', { effort: 'low' }],
    ['responses', 'summary', 'Your organization must be verified to generate reasoning summaries.', {}],
    ['responses', 'prompt_cache_key', "Unknown parameter: 'prompt_cache_key'", {}],
    ['anthropic', 'thinking', 'adaptive thinking is not supported on this model', {}],
    ['anthropic', 'output_config', 'This model does not support the effort parameter.', { effort: 'low' }],
    ['gemini', 'thinkingConfig', 'Thinking is not enabled for this model', {}],
  ]
  for (const [family, word, message, more] of CASES)
    test(`${family}: ${word}`, async () => {
      const endpoint = toFamily(family, { model: family === 'anthropic' ? `claude-opus-5-5-${word}` : `gpt-5-${word}` })
      const before = server.requests.length
      server.add({ status: 400, body: JSON.stringify({ error: { type: 'invalid_request_error', message } }) })
      await ask(endpoint, family, request(more))
      await ask(endpoint, family, request(more))
      const [first, second, third, ...rest] = server.requests.slice(before) as [Asked, Asked, Asked]
      expect(rest).toEqual([])
      expect(first.text).toContain(`"${word}"`)
      expect(second.text).not.toContain(`"${word}"`)
      expect(third.text).not.toContain(`"${word}"`)
    })

  test('a history of thinking that is refused is left out of that request only', async () => {
    const { messages } = await twoRounds('anthropic')
    const body = JSON.stringify({ error: { message: 'messages.1.content.0: Invalid `signature` in `thinking` block' } })
    server.add({ status: 400, body })
    expect(JSON.stringify(await bodyOf('anthropic', { messages }))).not.toContain('sig-of')
    expect(JSON.stringify(await bodyOf('anthropic', { messages }))).toContain('sig-of')
  })

  test('a server without the Responses API is asked over chat completions, from then on at once', async () => {
    const endpoint = toFamily('responses', { model: 'gpt-5-elsewhere' })
    const before = server.requests.length
    server.add({ status: 404, body: '{"error":"404 page not found"}' })
    await ask(endpoint, 'chat', request())
    await ask(endpoint, 'chat', request())
    const paths = server.requests.slice(before).map(({ path }) => path)
    expect(paths).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/chat/completions'])
  })
})
