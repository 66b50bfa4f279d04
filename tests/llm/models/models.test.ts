import { afterAll, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '../../../src/base/errors.ts'
import type { Config, ModelConfig, ProviderConfig } from '../../../src/config/config.ts'
import type { Usage } from '../../../src/event.ts'
import { streamOffline } from '../../../src/guide/guide.ts'
import type { Server } from '../../../src/llm/models/discovery.ts'
import { createModels, type Models } from '../../../src/llm/models/models.ts'
import type { ModelReply, ModelRequest } from '../../../src/llm/provider.ts'

const closing: (() => void)[] = []
afterAll(() => {
  for (const close of closing) close()
})

const CHUNK = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
const ANSWER = [
  { ...CHUNK, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' } }] },
  { ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { ...CHUNK, choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } },
]

/** A real OpenAI-compatible server with these models, which answers "Hello". */
async function serve(models: string[]) {
  const asked: { path: string; authorization?: string; model?: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const path = request.url!
    const model = body ? JSON.parse(body).model : undefined
    asked.push({ path, authorization: request.headers.authorization, model })
    if (path === '/v1/models') return response.end(JSON.stringify({ data: models.map(id => ({ id })) }))
    if (path !== '/v1/chat/completions') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`${ANSWER.map(chunk => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  closing.push(close)
  return { base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked, close }
}

const UNTOUCHED = (() => {
  throw new Error('asked the network')
}) as unknown as typeof fetch

function make(options: {
  providers?: Record<string, ProviderConfig>
  models?: Record<string, ModelConfig>
  model?: string
  env?: Record<string, string | undefined>
  servers?: Server[]
  fetch?: typeof fetch
  now?: Date
}): Models {
  const { providers = {}, models = {}, model, env = {}, servers = [], fetch, now } = options
  const config = { providers, mcp_servers: [], models, ...(model && { model }) } as unknown as Config
  return createModels({
    config,
    env,
    guide: streamOffline,
    servers,
    probe_ms: 20_000,
    ...(fetch && { fetch }),
    now: () => now ?? new Date('2026-11-23'),
  })
}

const request = (model: string): ModelRequest => ({
  model,
  system: '',
  messages: [{ role: 'user', text: 'hi' }],
  tools: [],
})

async function run(models: Models, model: string, signal = new AbortController().signal): Promise<ModelReply> {
  const stream = models.stream(request(model), signal)
  for (;;) {
    const next = await stream.next()
    if (next.done) return next.value
  }
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => null,
    (error: unknown) => error,
  )
  if (!(error instanceof AppError)) throw new Error(`did not fail with an AppError: ${error}`)
  return error
}

const ENV_KEYS = {
  ANTHROPIC_API_KEY: 'sk-ant-secret',
  OPENAI_API_KEY: 'sk-openai-secret',
  GEMINI_API_KEY: 'gemini-secret',
}

test.each<[string, Parameters<typeof make>[0], string]>([
  ['all keys', { env: ENV_KEYS }, 'anthropic/claude-sonnet-5-5'],
  ['OpenAI', { env: { OPENAI_API_KEY: 'x' } }, 'openai/gpt-6.1-terra'],
  ['Gemini', { env: { GOOGLE_API_KEY: 'x' } }, 'gemini/gemini-4-argon'],
  [
    'a command that would give a key',
    { providers: { openai: { api_key_command: ['no-such-program'] } } },
    'openai/gpt-6.1-terra',
  ],
  [
    'a provider of their own',
    {
      providers: { groq: { kind: 'openai-compatible', base_url: 'https://groq.test/v1', api_key: 'x' } },
      models: { 'groq/kimi': {} },
    },
    'groq/kimi',
  ],
])('the best model with %s, without asking anybody', async (_, options, best) => {
  expect(
    await make({
      ...options,
      fetch: UNTOUCHED,
      servers: [{ provider: 'local', base_url: 'http://127.0.0.1:1/v1' }],
    }).best(),
  ).toBe(best)
})

test('the best model without a key is of a local server, else the guide', async () => {
  const { base_url, close } = await serve(['nomic-embed-text', 'qwen3:8b'])
  expect(await make({ servers: [{ provider: 'local', base_url }] }).best()).toBe('local/qwen3:8b')
  expect(await make({ providers: { own: { kind: 'openai-compatible', base_url } } }).best()).toBe('own/qwen3:8b')
  close()
  expect(await make({ servers: [{ provider: 'local', base_url }] }).best()).toBe('offline/guide')
  expect(await make({ env: { ANTHROPIC_API_KEY: ' ' } }).best()).toBe('offline/guide')
})

test('the list has everything known, and the remedy for what is not usable', async () => {
  const { base_url } = await serve(['llama3.2:latest'])
  const models = make({
    env: { OPENAI_API_KEY: 'x' },
    servers: [{ provider: 'local', base_url }],
    providers: {
      gone: { kind: 'openai-compatible', base_url: 'http://127.0.0.1:1/v1' },
      bare: { kind: 'openai-compatible' },
    },
    models: { 'gone/m': {}, 'bare/m': {}, 'nobody/m': {}, 'openai/gpt-5': { context_window: 1000 } },
  })
  const { default: best, models: list } = await models.list()
  expect(best).toBe('openai/gpt-6.1-terra')
  const of = (id: string) => list.find(model => model.id === id)
  expect(of('openai/gpt-6.1-terra')).toEqual({
    id: 'openai/gpt-6.1-terra',
    provider: 'openai',
    usable: true,
    context_window: 1_050_000,
    max_output: 128_000,
    prices: {
      ...{ input: 1, output: 5, cache_read: 0.05, cache_write: 1.25 },
      tiers: [{ above: 272_000, input: 2, output: 7.5, cache_read: 0.1, cache_write: 2.5 }],
    },
    images: true,
    efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'],
  })
  expect(of('openai/gpt-5')).toMatchObject({ usable: true, context_window: 1000 })
  expect(of('anthropic/claude-opus-5-5')).toMatchObject({
    usable: false,
    reason:
      'No key. Set ANTHROPIC_API_KEY, or set api_key or api_key_command under [providers.anthropic] in emacs-agent.toml.',
  })
  expect(of('local/llama3.2:latest')).toEqual({ id: 'local/llama3.2:latest', provider: 'local', usable: true })
  expect(of('gone/m')).toMatchObject({
    usable: false,
    reason: 'Its server does not answer. Start it, or correct its base_url.',
  })
  expect(of('bare/m')).toMatchObject({
    usable: false,
    reason: 'Set base_url under [providers.bare] in emacs-agent.toml.',
  })
  expect(of('nobody/m')).toBeUndefined()
  expect(of('offline/guide')).toMatchObject({ usable: true })
})

test('the list gives the configured default, whatever is wrong with it', async () => {
  expect((await make({ model: 'sonnet' }).list()).default).toBe('anthropic/claude-sonnet-5-5')
  expect((await make({ model: 'nobody/knows' }).list()).default).toBe('nobody/knows')
  const { default: id, models } = await make({ model: 'openai/brand-new', env: ENV_KEYS }).list()
  expect(models.find(model => model.id === id)).toMatchObject({ usable: true })
})

test('a name resolves without a key; a notice comes along', async () => {
  const models = make({ fetch: UNTOUCHED })
  expect(await models.resolve('claude-opus-5.5')).toMatchObject({
    id: 'anthropic/claude-opus-5-5',
    info: { usable: false },
  })
  expect(await models.resolve('claude-sonnet-4.5')).toMatchObject({
    id: 'anthropic/claude-sonnet-4-5',
    notice: expect.stringContaining('30 November 2026'),
    info: { context_window: 200_000 },
  })
  const later = make({ fetch: UNTOUCHED, now: new Date('2026-12-01') })
  expect((await later.resolve('claude-sonnet-4.5')).id).toBe('anthropic/claude-sonnet-5-5')
})

test('a bare name is looked for on local servers', async () => {
  const { base_url } = await serve(['llama3.2:latest', 'org/model'])
  const models = make({ servers: [{ provider: 'local', base_url }] })
  expect((await models.resolve('llama3.2')).id).toBe('local/llama3.2:latest')
  expect((await models.resolve('org/model')).id).toBe('local/org/model')
  expect((await models.resolve('ollama/llama3.2')).info).toMatchObject({ id: 'local/llama3.2', usable: true })
})

test('an unknown provider is an error that names the known ones, not what was asked', async () => {
  for (const name of ['nobody/secret-model', 'secret-model', '']) {
    const error = await failureOf(make({}).resolve(name))
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.message).toMatch(/anthropic, openai, gemini, .*local, offline/)
    expect(error.message).not.toContain('secret-model')
  }
})

test.each(['anthropic/claude-opus-5-5', 'openai/gpt-6-luna', 'gemini/gemini-4-argon'])(
  'without a key %s is LLM_AUTH, with the remedy',
  async id => {
    const error = await failureOf(run(make({ fetch: UNTOUCHED }), id))
    expect(error.code).toBe('LLM_AUTH')
    expect(error.message).toMatch(/^No key\. Set [A-Z]+_API_KEY, or set api_key or api_key_command under \[providers\./)
  },
)

test('models that cannot be reached say why', async () => {
  expect((await failureOf(run(make({}), 'local/llama3.2'))).code).toBe('LLM_UNREACHABLE')
  expect(
    (await failureOf(run(make({ providers: { own: { kind: 'openai-compatible' } } }), 'own/m'))).message,
  ).toContain('Set base_url under [providers.own]')
  expect((await failureOf(run(make({}), 'nobody/m'))).code).toBe('LLM_INVALID_REQUEST')
})

test('a call goes to the server that has the model, and only configured ones get a key', async () => {
  const found = await serve(['llama3.2:latest'])
  const own = await serve(['m'])
  const models = make({
    servers: [{ provider: 'local', base_url: found.base_url }],
    providers: {
      local: { api_key: 'local-key' },
      own: { kind: 'openai-compatible', base_url: `${own.base_url}/`, api_key: 'own-key' },
    },
  })
  const usage = { input_tokens: 10, output_tokens: 5, cache_read_tokens: 0, cache_write_tokens: 0 }
  expect(await run(models, 'local/llama3.2')).toMatchObject({ text: 'Hello', stop_reason: 'end_turn', usage })
  expect(await run(models, 'own/some/model')).toMatchObject({ text: 'Hello' })
  expect(found.asked.filter(({ authorization }) => authorization?.includes('local-key'))).toEqual([])
  expect(found.asked.at(-1)).toMatchObject({ path: '/v1/chat/completions', model: 'llama3.2' })
  expect(own.asked.at(-1)).toEqual({
    path: '/v1/chat/completions',
    authorization: 'Bearer own-key',
    model: 'some/model',
  })
})

test('a key can be set while running, and is then a secret', async () => {
  const server = await serve(['m'])
  const models = make({ providers: { openai: { base_url: server.base_url, kind: 'openai-compatible' } } })
  models.setKey('openai', 'set-later-123')
  expect(models.secrets()).toContain('set-later-123')
  await run(models, 'openai/m')
  expect(server.asked.at(-1)?.authorization).toBe('Bearer set-later-123')
  const gemini = make({})
  gemini.setKey('google', 'gemini-key-1')
  expect(gemini.info('gemini/gemini-4-argon').usable).toBe(true)
  expect(await gemini.best()).toBe('gemini/gemini-4-argon')
  const error = await failureOf((async () => models.setKey('nobody', 'some-key-1'))())
  expect([error.code, error.status]).toEqual(['NOT_FOUND', 404])
  expect(error.message).not.toContain('some-key-1')
})

test('the guide needs nothing and costs nothing', async () => {
  const models = make({ fetch: UNTOUCHED })
  const reply = await run(models, 'offline/guide')
  expect(reply.text).toContain('offline/guide')
  expect(models.price('offline/guide', reply.usage)).toEqual({ ...reply.usage, cost_usd: 0 })
})

test('usage is priced where prices are known, and config overrides them', async () => {
  const used: Usage = { input_tokens: 1_000_000, output_tokens: 0, cache_read_tokens: 100_000, cache_write_tokens: 0 }
  const models = make({
    models: {
      'openai/gpt-6.1-terra': { prices: { input: 7, output: 9, cache_read: 1 } },
      'own/m': { prices: { input: 1, output: 1 } },
    },
  })
  await models.load()
  expect(models.price('anthropic/claude-sonnet-5-5', used)).toEqual({ ...used, cost_usd: 2.01 })
  expect(models.price('openai/gpt-6.1-terra', used)).toEqual({ ...used, cost_usd: 7.1 })
  expect(models.price('own/m', used)).toEqual(used)
  expect(models.price('own/m', { ...used, cache_read_tokens: 0 }).cost_usd).toBe(1)
  expect(models.price('openai/unheard-of', { ...used, cost_usd: 3 })).toEqual(used)
})

test('base URLs of the environment count where the configuration has no entry', async () => {
  const env = { ...ENV_KEYS, OPENAI_BASE_URL: 'http://proxy.test/v1/', ANTHROPIC_BASE_URL: 'http://proxy.test' }
  const report = await make({ env, providers: { anthropic: { api_key: 'x' } } }).doctor()
  expect(report.find(each => each.provider === 'openai')?.base_url).toBe('http://proxy.test/v1')
  expect(report.find(each => each.provider === 'anthropic')?.base_url).toBe('https://api.anthropic.com')
})

test('the doctor tells what is where, and no key', async () => {
  const { base_url } = await serve(['llama3.2'])
  const models = make({
    env: ENV_KEYS,
    servers: [{ provider: 'local', base_url }],
    providers: {
      gemini: { api_key_command: ['pass', 'show', 'gemini'] },
      own: {
        kind: 'openai-compatible',
        base_url: 'http://user:password@127.0.0.1:1/v1?key=abc',
        api_key: 'own-key-1234',
      },
    },
  })
  models.setKey('openai', 'memory-key-1234')
  const report = await models.doctor()
  const unused = report.filter(({ key, usable, provider }) => !key && !usable && provider !== 'own')
  expect(unused.map(({ provider }) => provider)).toContain('groq')
  expect(report.filter(each => !unused.includes(each))).toEqual([
    {
      provider: 'anthropic',
      kind: 'anthropic',
      base_url: 'https://api.anthropic.com',
      key: { source: 'environment', name: 'ANTHROPIC_API_KEY' },
      usable: true,
    },
    {
      provider: 'openai',
      kind: 'openai',
      base_url: 'https://api.openai.com/v1',
      key: { source: 'memory' },
      usable: true,
    },
    {
      provider: 'gemini',
      kind: 'gemini',
      base_url: 'https://generativelanguage.googleapis.com/v1beta/openai',
      key: { source: 'command', name: 'pass' },
      usable: true,
    },
    { provider: 'local', kind: 'openai-compatible', key: null, usable: true, models: 1 },
    { provider: 'offline', kind: 'offline', key: null, usable: true },
    {
      provider: 'own',
      kind: 'openai-compatible',
      base_url: 'http://127.0.0.1:1/v1',
      key: { source: 'config' },
      usable: false,
      remedy: 'Its server does not answer. Start it, or correct its base_url.',
    },
  ])
  expect(JSON.stringify(report)).not.toMatch(/secret|password|key-1234|abc/)
})

test('the doctor says how to get local models', async () => {
  const { base_url } = await serve([])
  const local = async (servers: Server[]) => (await make({ servers }).doctor()).find(each => each.provider === 'local')
  expect(await local([{ provider: 'local', base_url }])).toMatchObject({
    usable: false,
    models: 0,
    remedy: expect.stringContaining('ollama pull'),
  })
  expect(await local([{ provider: 'local', base_url: 'http://127.0.0.1:1/v1' }])).toMatchObject({
    usable: false,
    remedy: expect.stringContaining('start Ollama'),
  })
})

test('the list says what is near its end, and what a configured name has become', async () => {
  const noticesOf = async (now: string) => {
    const { notice, models } = await make({ model: 'claude-sonnet-4.5', now: new Date(now) }).list()
    return [notice, models.find(model => model.id === 'anthropic/claude-sonnet-4-5')?.notice]
  }
  const soon = 'claude-sonnet-4-5 ends on 30 November 2026. Its successor is anthropic/claude-sonnet-5-5.'
  const gone = 'claude-sonnet-4-5 ended on 30 November 2026; anthropic/claude-sonnet-5-5 takes its place.'
  expect(await noticesOf('2026-11-30T23:00:00Z')).toEqual([soon, soon])
  expect(await noticesOf('2026-12-01T01:00:00Z')).toEqual([gone, gone])
})
