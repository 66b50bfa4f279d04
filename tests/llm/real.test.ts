import { describe, expect, test } from 'bun:test'
import type { ProviderKind } from '../../src/config/config.ts'
import type { Endpoint } from '../../src/llm/endpoint.ts'
import { withRetry } from '../../src/llm/retry.ts'
import { stream } from '../../src/llm/stream.ts'
import { outcomeOf, request } from '../support/model-call.ts'

/**
 * The real services, for whoever sets a key (and pays a few tenths of a cent). `…_MODEL` takes another model, `…_URL` another
 * server: EMACS_AGENT_TEST_LOCAL_URL alone tries a local one.
 */
const SERVICES: { name: string; kind: ProviderKind; model: string; base_url?: string }[] = [
  { name: 'ANTHROPIC', kind: 'anthropic', model: 'claude-haiku-5-5' },
  { name: 'OPENAI', kind: 'openai', model: 'gpt-6-luna' },
  {
    name: 'GEMINI',
    kind: 'gemini',
    model: 'gemini-3.8-flash',
    base_url: 'https://generativelanguage.googleapis.com/v1beta/openai',
  },
  {
    name: 'GEMINI_NATIVE',
    kind: 'gemini',
    model: 'gemini-3.8-flash',
    base_url: 'https://generativelanguage.googleapis.com/v1beta',
  },
  { name: 'LOCAL', kind: 'openai-compatible', model: 'llama3.2' },
]

const setting = (name: string, what: string) => process.env[`EMACS_AGENT_TEST_${name}_${what}`]

for (const { name, kind, ...defaults } of SERVICES) {
  const api_key = setting(name, 'KEY') ?? (name === 'GEMINI_NATIVE' ? setting('GEMINI', 'KEY') : undefined)
  const base_url = setting(name, 'URL') ?? defaults.base_url
  const model = setting(name, 'MODEL') ?? defaults.model
  const lacking = name === 'LOCAL' ? !base_url : !api_key
  if (lacking) {
    test.skip(`${name}: not run, EMACS_AGENT_TEST_${name}_${name === 'LOCAL' ? 'URL' : 'KEY'} is not set`, () => {})
    continue
  }

  describe(name, () => {
    const info = { id: `${name}/${model}`, provider: name, usable: true }
    const endpoint: Endpoint = {
      provider: name.toLowerCase(),
      kind,
      model,
      headers: {},
      info,
      ...(base_url && { base_url }),
      ...(api_key && { api_key }),
    }
    const call = withRetry((request, signal) => stream(endpoint, request, signal))

    test('a call, its result, and an answer', async () => {
      const prompt = {
        role: 'user' as const,
        text: 'What does greeting.txt say? Use the tool, then quote the file word for word.',
      }
      const first = await outcomeOf(call(request({ messages: [prompt], effort: 'low' }), new AbortController().signal))
      expect(first.error).toBeUndefined()
      const reply = first.reply!
      expect(reply.tool_calls.map(each => [each.tool, each.params])).toEqual([['read_file', { path: 'greeting.txt' }]])
      expect(reply.usage.output_tokens).toBeGreaterThan(0)
      const { tool_call_id } = reply.tool_calls[0]!
      const messages = [
        prompt,
        { role: 'assistant' as const, ...reply, model: info.id },
        { role: 'tool' as const, tool_call_id, tool: 'read_file', content: 'Salve, munde!', is_error: false },
      ]
      const second = await outcomeOf(call(request({ messages, effort: 'low' }), new AbortController().signal))
      expect(second.error).toBeUndefined()
      expect(second.reply).toMatchObject({ stop_reason: 'end_turn' })
      expect(second.reply!.text).toContain('Salve, munde!')
    }, 180_000)

    test('a model that does not exist', async () => {
      const nobody = { ...endpoint, model: 'no-such-model-at-all' }
      const { error } = await outcomeOf(stream(nobody, request(), new AbortController().signal))
      expect(error).toMatchObject({ code: 'LLM_INVALID_REQUEST' })
    }, 180_000)

    test.skipIf(name === 'LOCAL')(
      'a wrong key',
      async () => {
        const wrong = { ...endpoint, api_key: 'sk-wrong-0123456789' }
        const { error } = await outcomeOf(stream(wrong, request(), new AbortController().signal))
        expect(error).toMatchObject({ code: 'LLM_AUTH' })
        expect(String(error)).not.toContain('wrong-0123456789')
      },
      180_000,
    )
  })
}
