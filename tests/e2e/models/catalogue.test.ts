import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Backend, makeHome } from '../../support/backend.ts'

const KEYS = {
  ANTHROPIC_API_KEY: 'k-anthropic-1',
  GROQ_API_KEY: 'k-groq-1234',
  AWS_BEARER_TOKEN_BEDROCK: 'k-bedrock-1',
}

async function listed(config = '', env: Record<string, string> = {}) {
  const backend = await Backend.start(makeHome(config), { env })
  const { body } = await backend.call('GET /api/models')
  return Object.assign(backend, { models: new Map<string, any>(body.models.map((model: any) => [model.id, model])) })
}

describe('GET /api/models', () => {
  test('says of each provider whether it can be used, and why not', async () => {
    const { models } = await listed('', KEYS)
    const of = (provider: string) => [...models.values()].filter(model => model.provider === provider)
    for (const provider of ['anthropic', 'groq', 'bedrock']) {
      expect(of(provider).length).toBeGreaterThan(5)
      expect(of(provider).every(model => model.usable)).toBe(true)
    }
    const unusable = Object.entries({
      openai: 'OPENAI_API_KEY',
      gemini: 'GEMINI_API_KEY',
      openrouter: 'OPENROUTER_API_KEY',
      mistral: 'MISTRAL_API_KEY',
      xai: 'XAI_API_KEY',
      deepseek: 'DEEPSEEK_API_KEY',
      together: 'TOGETHER_API_KEY',
      fireworks: 'FIREWORKS_API_KEY',
      moonshot: 'MOONSHOT_API_KEY',
      zhipu: 'ZAI_API_KEY',
      cerebras: 'CEREBRAS_API_KEY',
      huggingface: 'HF_TOKEN',
      github: 'GITHUB_MODELS_TOKEN',
      azure: 'AZURE_OPENAI_API_KEY',
      vertex: 'VERTEX_ACCESS_TOKEN',
    })
    for (const [provider, variable] of unusable) {
      expect([provider, of(provider).length > 0]).toEqual([provider, true])
      for (const model of of(provider)) {
        expect(model.usable).toBe(false)
        expect(model.reason).toContain(`Set ${variable}, or set api_key`)
      }
    }
  })

  test('names the variables that an address needs', async () => {
    const { models } = await listed('', { AZURE_OPENAI_API_KEY: 'k-azure-1234', VERTEX_ACCESS_TOKEN: 'k-vertex-123' })
    const of = (provider: string) => [...models.values()].find(model => model.provider === provider)
    expect(of('azure')).toMatchObject({
      usable: false,
      reason:
        'Its address is not known. Set AZURE_OPENAI_RESOURCE, or AZURE_OPENAI_BASE_URL, or base_url under [providers.azure] in emacs-agent.toml.',
    })
    expect(of('vertex').reason).toContain('Set GOOGLE_CLOUD_PROJECT, or VERTEX_BASE_URL')
  })

  test('shows prices with tiers and changes, and what the configuration makes of them', async () => {
    const { models } = await listed(`
[models."openai/gpt-6-luna"]
context_window = 1234
efforts = ["low", "max"]
[models."openai/gpt-6-luna".prices]
input = 3
output = 4
cache_read = 0.5
tiers = [{ above = 1000, input = 6, output = 8 }]
changes = [{ from = 2020-01-01, input = 5 }, { from = "2999-12-31", output = 9 }]
`)
    expect(models.get('gemini/gemini-4-argon').prices.changes).toEqual([
      { from: '2026-12-01', input: 4, output: 20, cache_read: 0.2 },
    ])
    expect(models.get('anthropic/claude-haiku-5-5').prices.tiers).toEqual([
      { above: 100_000, input: 0.5, output: 2.5, cache_read: 0.05, cache_write: 0.625 },
    ])
    expect(models.get('openai/gpt-6-luna')).toMatchObject({
      context_window: 1234,
      max_output: 128_000,
      efforts: ['low', 'max'],
      prices: {
        ...{ input: 5, output: 4, cache_read: 0.5 },
        tiers: [{ above: 1000, input: 6, output: 8 }],
        changes: [
          { from: '2020-01-01', input: 5 },
          { from: '2999-12-31', output: 9 },
        ],
      },
    })
    for (const id of ['openai/gpt-6.2-sol', 'openai/gpt-6.2-astra', 'anthropic/claude-fable-5-2'])
      expect(models.get(id)?.prices).toMatchObject({ input: expect.any(Number), cache_read: expect.any(Number) })
  })
})

describe('models refresh', () => {
  const models = async (argv: string[], home = makeHome()) => {
    const run = new Backend(['models', ...argv], home.env, home.root)
    const code = await run.exited
    return { code, out: run.stdout, err: run.stderr, home }
  }
  const set = {
    openai: {
      models: {
        'gpt-9': { limit: { context: 5000, output: 500 }, cost: { input: 1, output: 2 } },
        'gpt-half': { limit: { context: 5000 } },
      },
    },
    somebody: { models: { x: {} } },
  }

  test('takes a data set from a file; a model that lacks a field costs only itself', async () => {
    const home = makeHome()
    writeFileSync(join(home.root, 'set.json'), JSON.stringify(set))
    const { code, out, err } = await models(['refresh', '--from', 'set.json'], home)
    expect([code, out, err]).toEqual([
      0,
      '1 models of 1 providers.\n',
      'left out: openai/gpt-half: limit.output is missing.\n',
    ])

    const backend = await Backend.start(home, { env: KEYS })
    const ids = (await backend.call('GET /api/models')).body.models.map((model: any) => model.id)
    expect(ids.filter((id: string) => id.startsWith('openai/'))).toEqual(['openai/gpt-9'])
    expect(ids).toContain('anthropic/claude-sonnet-5-5')
  })

  test('takes one over HTTP, and keeps the earlier one when what comes is none', async () => {
    const answers = [JSON.stringify(set), '<html>', '{}']
    const server = Bun.serve({
      port: 0,
      fetch: () => new Response(answers.shift() ?? '', { status: answers.length ? 200 : 500 }),
    })
    try {
      const from = ['refresh', '--from', `http://127.0.0.1:${server.port}/api.json`]
      const { code, home } = await models(from)
      expect(code).toBe(0)
      const kept = readFileSync(join(home.state, 'models.tsv'), 'utf8')
      for (const why of ['no JSON', 'HTTP 500']) {
        const again = await models(from, home)
        expect(again.code).toBe(1)
        expect(again.err).toContain(why)
        expect(again.err).toContain('The catalogue stays as it was.')
      }
      expect(readFileSync(join(home.state, 'models.tsv'), 'utf8')).toBe(kept)
    } finally {
      server.stop(true)
    }
  })

  test('wrong use is said', async () => {
    expect((await models(['refresh', '--from', 'nowhere.json'])).code).toBe(2)
    expect((await models(['refesh'])).err).toContain('did you mean "refresh"?')
  })
})
