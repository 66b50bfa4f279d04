import { expect, test } from 'bun:test'
import { Backend, makeHome } from '../../support/backend.ts'
import { say } from '../../support/model-replies.ts'
import { startModelServer } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

const KEY = 'key-of-the-provider-1'

test.each<[id: string, variable: string, header: string, path: string]>([
  ['azure/my-deployment', 'AZURE_OPENAI_API_KEY', 'api-key', '/v1/chat/completions'],
  ['azure/gpt-6.1-terra', 'AZURE_OPENAI_API_KEY', 'api-key', '/v1/responses'],
  ['bedrock/openai.gpt-oss-120b', 'AWS_BEARER_TOKEN_BEDROCK', 'authorization', '/v1/chat/completions'],
  ['bedrock/openai.gpt-6.2-sol', 'AWS_BEARER_TOKEN_BEDROCK', 'authorization', '/v1/responses'],
  ['vertex/google/gemini-4-argon', 'VERTEX_ACCESS_TOKEN', 'authorization', '/v1/chat/completions'],
  ['openrouter/anthropic/claude-sonnet-5.5', 'OPENROUTER_API_KEY', 'authorization', '/v1/chat/completions'],
  ['mistral/mistral-medium-latest', 'MISTRAL_API_KEY', 'authorization', '/v1/chat/completions'],
  ['github-models/openai/gpt-5', 'GITHUB_TOKEN', 'authorization', '/v1/chat/completions'],
])('%s is called with the key of %s in %s, at %s', async (id, variable, header, path) => {
  await using model = await startModelServer(say(path.endsWith('responses') ? 'responses' : 'chat', { text: 'Hi.' }))
  const name = id.startsWith('github') ? 'github' : id.slice(0, id.indexOf('/'))
  const backend = await Backend.start(makeHome(`[providers.${name}]\nbase_url = "${model.url}/v1"`), {
    env: { [variable]: KEY },
  })
  const session = await backend.session(tempDir(), { model: id })
  const { body } = await backend.call(`POST /api/sessions/${session}/prompt`, { text: 'Hi', wait: true })
  expect(body).toMatchObject({ status: 'success', text: 'Hi.' })
  const [asked] = model.requests
  expect(asked!.path).toBe(path)
  expect(asked!.body.model).toBe(id.slice(id.indexOf('/') + 1))
  expect(asked!.headers[header]).toBe(header === 'authorization' ? `Bearer ${KEY}` : KEY)
  for (const other of ['authorization', 'api-key', 'x-api-key'])
    if (other !== header) expect(asked!.headers[other]).toBeUndefined()
})
