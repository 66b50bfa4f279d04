import { describe, expect, test } from 'bun:test'
import type { Config } from '../../src/config/config.ts'
import { VENDORS, vendorOf } from '../../src/config/vendors.ts'
import { findProvider, providersOf } from '../../src/llm/models/providers.ts'

const providers = (entries: object = {}, env: Record<string, string> = {}) =>
  providersOf({ providers: entries } as unknown as Config, env)

describe.each(Object.entries(VENDORS))('%s', (name, vendor) => {
  test('has a key variable unless it needs none', () => {
    const needsNone = name === 'local' || name === 'offline' || vendor.server !== undefined
    expect(vendor.key_names.length > 0).toBe(!needsNone)
  })

  test('has an address once its variables are set', () => {
    if (name === 'local' || name === 'offline') return
    const variables = [...vendor.base_url!.matchAll(/\$\{(\w+)/g)].map(([, variable]) => [variable!, 'x1'])
    const found = providers(vendor.server ? { [name]: {} } : {}, Object.fromEntries(variables)).get(name)!
    expect(URL.parse(found.base_url!)?.protocol).toMatch(/^https?:$/)
    expect(found.base_url).not.toContain('$')
  })

  test('shares no name, alias, variable or short model name with another row', () => {
    const wordsOf = (row: string) => {
      const { aliases = [], models = {}, key_names } = vendorOf(row)!
      return [row, ...aliases, ...Object.keys(models), ...key_names]
    }
    for (const other of Object.keys(VENDORS))
      if (other !== name) expect(wordsOf(other).filter(word => wordsOf(name).includes(word))).toEqual([])
  })
})

test('what the variables of an address are, where they are not set', () => {
  expect(providers().get('azure')).toMatchObject({ missing: ['AZURE_OPENAI_RESOURCE'] })
  expect(providers().get('azure')).not.toHaveProperty('base_url')
  const named = providers({}, { AZURE_OPENAI_BASE_URL: 'https://gateway.example/openai/v1/' }).get('azure')
  expect(named).toMatchObject({ base_url: 'https://gateway.example/openai/v1', missing: [], key_header: 'api-key' })
})

test('a service at another address keeps its kind, but may need no key and have other models', () => {
  const moved = providers({ groq: { base_url: 'http://127.0.0.1:9/v1' } }).get('groq')!
  expect(moved).toMatchObject({ kind: 'openai-compatible', needs_key: false, configured: true })
  expect(moved).not.toHaveProperty('preferred')
  expect(providers().get('groq')).toMatchObject({ needs_key: true, configured: false })
})

test('a server on this machine is part of `local` until the configuration names it', () => {
  for (const word of ['ollama', 'vllm', 'lm-studio', 'llama.cpp'])
    expect(findProvider(providers(), word)?.name).toBe('local')
  expect(findProvider(providers({ vllm: {} }), 'vllm')).toMatchObject({
    name: 'vllm',
    base_url: 'http://127.0.0.1:8000/v1',
    configured: true,
  })
})
