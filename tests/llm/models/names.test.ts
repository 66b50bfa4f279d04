import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { Config } from '../../../src/config/config.ts'
import { nameModel } from '../../../src/llm/models/names.ts'
import { providersOf } from '../../../src/llm/models/providers.ts'

const config = {
  providers: { groq: { kind: 'openai-compatible', base_url: 'https://groq.test/v1' } },
} as unknown as Config
const providers = providersOf(config, {})
const FURTHER = ['groq/moonshotai/kimi-k2', 'local/llama3.2:latest', 'local/gpt-oss:20b']
const BEFORE = new Date('2026-11-30T23:59:59Z')
const AFTER = new Date('2026-12-01T00:00:00Z')
const idOf = (name: string, now = BEFORE) => nameModel(name, providers, FURTHER, now)?.id

const IDS: [string, string | undefined][] = [
  ['anthropic/claude-opus-5-5', 'anthropic/claude-opus-5-5'],
  ['anthropic/claude-opus-5.5', 'anthropic/claude-opus-5-5'],
  ['Claude/claude-opus-5-5', 'anthropic/claude-opus-5-5'],
  ['  claude-haiku-5.5 ', 'anthropic/claude-haiku-5-5'],
  ['claude-something-new', 'anthropic/claude-something-new'],
  ['claude-sonnet-4.5', 'anthropic/claude-sonnet-4-5'],
  ['claude-sonnet-4-5-20250929', 'anthropic/claude-sonnet-4-5-20250929'],
  ['sonnet', 'anthropic/claude-sonnet-5-5'],
  ['Opus', 'anthropic/claude-opus-5-5'],
  ['anthropic', 'anthropic/claude-sonnet-5-5'],
  ['gpt', 'openai/gpt-6.1-terra'],
  ['gpt-6.1-terra', 'openai/gpt-6.1-terra'],
  ['gpt-4', 'openai/gpt-4'],
  ['o3', 'openai/o3'],
  ['gpt-oss:20b', 'local/gpt-oss:20b'],
  ['gemini-pro', 'gemini/gemini-pro'],
  ['gemini', 'gemini/gemini-4-argon'],
  ['google/gemini-4-argon', 'gemini/gemini-4-argon'],
  ['llama3.2', 'local/llama3.2:latest'],
  ['ollama/qwen3:8b', 'local/qwen3:8b'],
  ['local', 'local/llama3.2:latest'],
  ['moonshotai/kimi-k2', 'groq/moonshotai/kimi-k2'],
  ['groq/other/model', 'groq/other/model'],
  ['guide', 'offline/guide'],
  ['offline', 'offline/guide'],
  ['offline/anything', 'offline/guide'],
  ['mistral/large', 'mistral/large'],
  ['grok-5', 'xai/grok-5'],
  ['z-ai/glm-5.3', 'zhipu/glm-5.3'],
  ['nobody/large', undefined],
  ['nobody-knows-this', undefined],
  ['constructor', undefined],
  ['__proto__/x', undefined],
  ['', undefined],
  ['/', undefined],
  ['anthropic/', undefined],
]

test.each(IDS)('%p is %p', (name, id) => expect(idOf(name)).toBe(id!))

test('a model near its end works under its own name, with a notice', () => {
  for (const name of ['claude-sonnet-4.5', 'claude-sonnet-4-5', 'anthropic/claude-sonnet-4.5'])
    expect(nameModel(name, providers, [], BEFORE)).toEqual({
      id: 'anthropic/claude-sonnet-4-5',
      notice: 'claude-sonnet-4-5 ends on 30 November 2026. Its successor is anthropic/claude-sonnet-5-5.',
    })
})

test('after its end its successor answers, and that is said', () => {
  for (const name of ['claude-sonnet-4.5', 'claude-sonnet-4-5-20250929'])
    expect(nameModel(name, providers, [], AFTER)).toEqual({
      id: 'anthropic/claude-sonnet-5-5',
      notice: 'claude-sonnet-4-5 ended on 30 November 2026; anthropic/claude-sonnet-5-5 takes its place.',
    })
})

test('current models carry no notice', () => {
  expect(nameModel('claude-sonnet-5-5', providers, [], AFTER)).toEqual({ id: 'anthropic/claude-sonnet-5-5' })
})

test('whatever is written, an answer is stable and belongs to a provider', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), name => {
      const id = idOf(name)
      if (id === undefined) return
      expect(providers.has(id.slice(0, id.indexOf('/')))).toBe(true)
      expect(idOf(id)).toBe(id)
    }),
  )
})
