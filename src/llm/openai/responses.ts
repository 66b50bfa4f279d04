import type { Endpoint } from '../endpoint.ts'
import { LlmError } from '../errors.ts'
import { sendAmended } from '../parameters.ts'
import type { ModelRequest } from '../provider.ts'
import { refusedSoFar, sendWithout } from '../refusal.ts'
import type { Send, Wire } from '../wire/exchange.ts'
import { postOpenai } from '../wire/sdk.ts'
import { whicheverReader } from '../wire/whichever.ts'
import { sendChat } from './openai.ts'
import { responsesBody } from './responses-request.ts'

const OPTIONAL = ['reasoning_summary', 'reasoning_history', 'effort', 'prompt_cache_key', 'images'] as const

/** A server at another address that has no such route is asked over chat completions: the same model, in its older words. */
function sendResponses(endpoint: Endpoint, request: ModelRequest): Send {
  return async signal => {
    const refused = refusedSoFar(endpoint)
    if (refused.has('responses')) return sendChat(endpoint, request)(signal)
    try {
      return await sendWithout(endpoint, OPTIONAL, without =>
        sendAmended(endpoint, responsesBody(endpoint, request, without), body =>
          postOpenai(endpoint, '/responses', body, signal),
        ),
      )
    } catch (error) {
      if (!lacksRoute(endpoint, error)) throw error
      const response = await sendChat(endpoint, request)(signal)
      refused.add('responses')
      return response
    }
  }
}

function lacksRoute(endpoint: Endpoint, error: unknown): boolean {
  const ours = !endpoint.base_url || URL.parse(endpoint.base_url)?.hostname === 'api.openai.com'
  if (ours || !(error instanceof LlmError) || /model_not_found/.test(error.words)) return false
  return error.http_status === 404 || error.http_status === 405 || error.http_status === 501
}

/** OpenAI's Responses API, which its reasoning models need. */
export const responsesWire: Wire = { send: sendResponses, reader: whicheverReader }
