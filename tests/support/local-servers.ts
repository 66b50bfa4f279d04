import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atEnd } from './at-end.ts'
import { type ModelServer, startModelServer } from './model-server.ts'

const open: (() => Promise<unknown>)[] = []
atEnd(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

export type LocalServer = { url: string; model: ModelServer }

/** A local server: it tells of its models in its own way, and answers chats with what its `model` has to say. */
async function serve(told: (line: string, body: string) => unknown): Promise<LocalServer> {
  const model = await startModelServer()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.url === '/v1/chat/completions') {
      const reply = await fetch(`${model.url}${request.url}`, { method: 'POST', body })
      response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' })
      return response.end(await reply.text())
    }
    const answer = told(`${request.method} ${request.url}`, body)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    return response.end(JSON.stringify(answer ?? {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    server.closeAllConnections()
    server.close()
    await model.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, model }
}

/** `models` maps names to what they are capable of. */
export const startOllama = (models: Record<string, string[]>, num_ctx = 16_384) =>
  serve((line, body) => {
    if (line === 'GET /v1/models') return { data: Object.keys(models).map(id => ({ id, owned_by: 'library' })) }
    if (line === 'GET /api/ps') return { models: [] }
    if (line !== 'POST /api/show') return undefined
    const capabilities = models[JSON.parse(body).model]
    return { capabilities: ['completion', ...(capabilities ?? [])], parameters: `num_ctx ${num_ctx}` }
  })

export const startLlamaCpp = (name: string, n_ctx: number) =>
  serve(line => {
    if (line === 'GET /v1/models') return { data: [{ id: name, owned_by: 'llamacpp' }] }
    if (line !== 'GET /props') return undefined
    return {
      default_generation_settings: { n_ctx },
      modalities: { vision: false },
      chat_template_caps: { supports_tools: true },
    }
  })

export const startLmStudio = (name: string, loaded_context_length: number) =>
  serve(line => {
    if (line === 'GET /v1/models') return { data: [{ id: name, owned_by: 'organization_owner' }] }
    if (line !== 'GET /api/v0/models') return undefined
    return { data: [{ id: name, type: 'vlm', loaded_context_length }] }
  })
