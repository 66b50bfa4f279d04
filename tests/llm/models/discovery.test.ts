import { afterAll, expect, test } from 'bun:test'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { discover as discoverWithin, isLocal, localServers, type Server } from '../../../src/llm/models/discovery.ts'

const closing: (() => void)[] = []
afterAll(() => {
  for (const close of closing) close()
})

/** However slow this machine is: only silence is measured. */
const discover = (server: Server) => discoverWithin(server, fetch, 20_000)

type Answer = unknown | ((request: IncomingMessage, response: ServerResponse, body: string) => void)

/** A server with these answers, by method and path; 404 elsewhere. Gives its URL and what it was asked. */
async function serve(answers: Record<string, Answer>) {
  const asked: { line: string; authorization?: string }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const line = `${request.method} ${request.url}`
    asked.push({ line: body ? `${line} ${body}` : line, authorization: request.headers.authorization })
    const answer = answers[line]
    if (typeof answer === 'function') return answer(request, response, body)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

test('Ollama: the window in force, tools and images, no embedding models', async () => {
  const about: Record<string, unknown> = {
    'llama3.2:latest': {
      capabilities: ['completion', 'tools'],
      parameters: 'stop "x"\nnum_ctx                        16384',
    },
    'gemma:2b': { capabilities: ['completion', 'vision'] },
    'nomic:latest': { capabilities: ['embedding'] },
  }
  const { url } = await serve({
    'GET /v1/models': { object: 'list', data: Object.keys(about).map(id => ({ id, owned_by: 'library' })) },
    'GET /api/ps': { models: [{ name: 'gemma:2b', context_length: 4096 }] },
    'POST /api/show': (_: IncomingMessage, response: ServerResponse, body: string) =>
      response.end(JSON.stringify(about[JSON.parse(body).model])),
  })
  const base_url = `${url}/v1`
  expect(await discover({ provider: 'local', base_url })).toEqual([
    {
      id: 'local/llama3.2:latest',
      provider: 'local',
      base_url,
      facts: { context_window: 16_384, images: false, tools: true },
    },
    { id: 'local/gemma:2b', provider: 'local', base_url, facts: { context_window: 4096, images: true, tools: false } },
  ])
})

test('llama.cpp: its one model has the properties of the server', async () => {
  const { url } = await serve({
    'GET /v1/models': { data: [{ id: 'qwen.gguf', owned_by: 'llamacpp', meta: { n_ctx_train: 131_072 } }], models: [] },
    'GET /props': {
      default_generation_settings: { n_ctx: 8192 },
      modalities: { vision: false },
      chat_template_caps: { supports_tools: true },
    },
  })
  const [model] = (await discover({ provider: 'local', base_url: `${url}/v1` }))!
  expect(model).toMatchObject({ id: 'local/qwen.gguf', facts: { context_window: 8192, images: false, tools: true } })
})

test('LM Studio: windows of what is loaded', async () => {
  const { url } = await serve({
    'GET /v1/models': {
      data: ['google/gemma-3', 'text-embedding-nomic'].map(id => ({ id, owned_by: 'organization_owner' })),
    },
    'GET /api/v0/models': {
      data: [{ id: 'google/gemma-3', type: 'vlm', max_context_length: 131_072, loaded_context_length: 4096 }],
    },
  })
  const models = await discover({ provider: 'local', base_url: `${url}/v1` })
  expect(models).toMatchObject([{ id: 'local/google/gemma-3', facts: { context_window: 4096, images: true } }])
  expect(models).toHaveLength(1)
})

test('a server that only lists its models, with a key', async () => {
  const { url, asked } = await serve({ 'GET /v1/models': { data: [{ id: 'a/b' }] } })
  const server = { provider: 'own', base_url: `${url}/v1`, api_key: 'the-key' }
  expect(await discover(server)).toEqual([{ id: 'own/a/b', provider: 'own', base_url: server.base_url, facts: {} }])
  expect(asked).toEqual([{ line: 'GET /v1/models', authorization: 'Bearer the-key' }])
})

test.each<[string, Answer]>([
  ['nothing', undefined],
  ['another JSON', { hello: 'world' }],
  ['models without ids', { data: [{ name: 'x' }] }],
  ['a web page', (_: IncomingMessage, response: ServerResponse) => response.end('<html>')],
  ['an error', (_: IncomingMessage, response: ServerResponse) => response.writeHead(500).end('{"data":[]}')],
  [
    'a way elsewhere',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(302, { location: '/v1/more' }).end(),
  ],
  ['silence', () => {}],
  ['half an answer', (_: IncomingMessage, response: ServerResponse) => void response.write('{"data":[')],
])('is no server: %s', async (_, answer) => {
  const { url } = await serve({
    ...(answer !== undefined && { 'GET /v1/models': answer }),
    'GET /v1/more': { data: [] },
  })
  expect(await discoverWithin({ provider: 'local', base_url: `${url}/v1` }, fetch)).toBeNull()
})

test('is no server: a closed port, and no URL', async () => {
  const { url } = await serve({})
  closing.pop()!()
  expect(await discover({ provider: 'local', base_url: `${url}/v1` })).toBeNull()
  expect(await discover({ provider: 'local', base_url: 'nonsense' })).toBeNull()
})

test('a server without models has none', async () => {
  const { url } = await serve({ 'GET /v1/models': { data: [] } })
  expect(await discover({ provider: 'local', kind: 'ollama', base_url: `${url}/v1` })).toEqual([])
})

test('details that are odd or missing are left out', async () => {
  const { url } = await serve({
    'GET /v1/models': { data: [{ id: 'm', owned_by: 'llamacpp' }] },
    'GET /props': { default_generation_settings: { n_ctx: -1 }, modalities: null },
  })
  expect(await discover({ provider: 'local', base_url: `${url}/v1` })).toMatchObject([{ id: 'local/m', facts: {} }])
})

test.each([
  [undefined, 'http://127.0.0.1:11434/v1'],
  ['', 'http://127.0.0.1:11434/v1'],
  ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
  ['0.0.0.0:8000', 'http://127.0.0.1:8000/v1'],
  ['box.lan:1234', 'http://box.lan:1234/v1'],
  ['https://ollama.lan', 'https://ollama.lan:443/v1'],
  ['not a host', 'http://127.0.0.1:11434/v1'],
])('OLLAMA_HOST=%p is %p', (host, url) => expect(localServers({ OLLAMA_HOST: host })[0]!.base_url).toBe(url))

test.each([
  ['http://127.0.0.1:1/v1', true],
  ['http://127.3.2.1/v1', true],
  ['http://localhost:8080', true],
  ['http://[::1]:8080', true],
  ['http://127.0.0.1.evil.test', false],
  ['https://api.groq.com', false],
  ['nonsense', false],
])('%s is on this machine: %p', (url, local) => expect(isLocal(url)).toBe(local))
