import type { Endpoint } from '../../src/llm/endpoint.ts'
import type { ModelMessage, ModelReply, ModelRequest } from '../../src/llm/provider.ts'
import { stream } from '../../src/llm/stream.ts'
import { endpointFor, outcomeOf, request } from './model-call.ts'
import { type Family, type Said, say } from './model-replies.ts'
import { type Asked, startModelServer } from './model-server.ts'

/** A model server together with what tests of requests need: make a call, and see what was asked. */
export async function startDialogue() {
  const server = await startModelServer()

  const toFamily = (family: Family, more: Partial<Endpoint> = {}) => endpointFor(family, server.url, more)

  /** Makes one call and gives what was asked and answered. */
  async function ask(endpoint: Endpoint, family: Family, asked: ModelRequest, said: Said = { text: 'Hi' }) {
    server.add(say(family, said))
    const { reply, error } = await outcomeOf(stream(endpoint, asked, new AbortController().signal))
    if (error) throw error
    return { reply: reply!, asked: server.requests.at(-1) as Asked }
  }

  const bodyOf = async (family: Family, more: Partial<ModelRequest> = {}, endpoint = toFamily(family)) =>
    (await ask(endpoint, family, request(more))).asked.body

  /** Two rounds: what the model said in the first goes back in the second, with results in the wrong order. */
  async function twoRounds(family: Family) {
    const first = await ask(toFamily(family), family, request(), THOUGHT)
    const messages: ModelMessage[] = [
      { role: 'user', text: 'Hello' },
      assistant(first.reply),
      ...results(first.reply).reverse(),
    ]
    const second = await ask(toFamily(family), family, request({ messages }))
    return { first, second, messages }
  }

  return { server, toFamily, ask, bodyOf, twoRounds }
}

/** A reply as the history has it. */
export const assistant = (reply: ModelReply, model = 'test/model'): ModelMessage => ({
  role: 'assistant',
  text: reply.text,
  ...(reply.thinking && { thinking: reply.thinking }),
  tool_calls: reply.tool_calls,
  model,
  ...(reply.provider_data && { provider_data: reply.provider_data }),
})

/** A result for each call; the second one is an error. */
export const results = (reply: ModelReply): ModelMessage[] =>
  reply.tool_calls.map(({ tool_call_id, tool }, index) => ({
    role: 'tool',
    tool_call_id,
    tool,
    content: `result ${index}`,
    is_error: index === 1,
  }))

/** Thinking, text and two calls. */
export const THOUGHT: Said = {
  thinking: 'Hm.',
  text: 'Let me look.',
  calls: [
    { id: 'id_1', name: 'read_file', args: { path: 'a' } },
    { id: 'id_2', name: 'read_file', args: { path: 'b' } },
  ],
}
