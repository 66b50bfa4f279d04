import { anthropicWire } from './anthropic/anthropic.ts'
import type { Endpoint } from './endpoint.ts'
import { geminiWire, isNative } from './gemini/gemini.ts'
import { chatWire } from './openai/openai.ts'
import { responsesWire } from './openai/responses.ts'
import type { ModelEvent, ModelReply, ModelRequest } from './provider.ts'
import { refusedBy, refusedSoFar } from './refusal.ts'
import { exchange, type Wire } from './wire/exchange.ts'
import type { Patience } from './wire/lifeline.ts'
import { inText, textualReader } from './wire/textual.ts'

/**
 * One model call, over the API that the endpoint speaks. A model that takes no tool definitions (`info.tools` is false, or its
 * server says so) gets them as text. Throws LlmError, or the signal's reason on abort. Tries once: see `withRetry`.
 */
export async function* stream(
  endpoint: Endpoint,
  request: ModelRequest,
  signal: AbortSignal,
  patience?: Patience,
): AsyncGenerator<ModelEvent, ModelReply> {
  const { send, reader } = wireOf(endpoint)
  if (request.tools.length === 0) {
    // Anthropic refuses a history with calls in a request without tools.
    const asked = request.messages.some(each => each.role === 'tool') ? inText(request) : request
    return yield* exchange(endpoint, reader(endpoint), send(endpoint, asked), signal, patience)
  }
  const refused = refusedSoFar(endpoint)
  // A local server that does not know its model leaves the calls in the text.
  const calling = (asked: boolean) =>
    asked || endpoint.kind === 'openai-compatible'
      ? textualReader(reader(endpoint), request.tools, asked)
      : reader(endpoint)
  if (endpoint.info.tools !== false && !refused.has('tools')) {
    try {
      return yield* exchange(endpoint, calling(false), send(endpoint, request), signal, patience)
    } catch (error) {
      if (endpoint.kind !== 'openai-compatible' || !refusedBy(error, ['tools'])) throw error
      refused.add('tools')
    }
  }
  return yield* exchange(endpoint, calling(true), send(endpoint, inText(request)), signal, patience)
}

function wireOf(endpoint: Endpoint): Wire {
  if (endpoint.kind === 'anthropic') return anthropicWire
  if (endpoint.kind === 'gemini' && isNative(endpoint)) return geminiWire
  if (endpoint.kind === 'openai' && needsResponses(endpoint.model)) return responsesWire
  return chatWire
}

/** OpenAI's reasoning models keep their reasoning between calls over the Responses API only. */
export const needsResponses = (model: string): boolean => /^(gpt-([5-9]|\d\d)|o\d|codex)/.test(model)
