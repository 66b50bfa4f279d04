import { KINDS, type Patience, type WireName } from '../config/vendors.ts'
import { anthropicWire } from './anthropic/anthropic.ts'
import { effortFor } from './effort.ts'
import type { Endpoint } from './endpoint.ts'
import { LlmError } from './errors.ts'
import { geminiWire, isNative } from './gemini/gemini.ts'
import { sawImage } from './images.ts'
import { chatWire } from './openai/openai.ts'
import { responsesWire } from './openai/responses.ts'
import { loweredOutput } from './output.ts'
import { sendAmended } from './parameters.ts'
import type { ModelEvent, ModelReply, ModelRequest } from './provider.ts'
import { createRefusals, isRefusal, type Unsupported } from './refusal.ts'
import { reshape } from './shapes.ts'
import { exchange, type Wire } from './wire/exchange.ts'
import type { Reader } from './wire/reader.ts'
import { inText, textualReader } from './wire/textual.ts'

/*
 * Models: `provider` has the types that the loop and every model share; `stream` makes one call. A folder per API (anthropic/,
 * openai/, gemini/) turns a request into its body and its bytes into events; wire/ has what they share, from the connection to
 * tool calls written as text; models/ knows which models there are, their keys and their prices. What a server does not accept is
 * left out (`refusal`), written otherwise (`shapes`) or lowered (`output`, `parameters`); `retry` waits and tries again.
 */

/** A limit that was named is mostly the right one; what a window has left may take a second look. */
const MOST_LOWERINGS = 2

/**
 * One model call, over the API that the endpoint speaks. A model that takes no tool definitions (`info.tools` is false, or its
 * server says so) gets them as text. What the server turns down is left out, said in another shape or lowered, as long as that
 * changes anything; other failures are tried once: see `withRetry`. Throws LlmError, or the signal's reason on abort.
 */
export async function* stream(
  endpoint: Endpoint,
  request: ModelRequest,
  signal: AbortSignal,
  patience?: Patience,
): AsyncGenerator<ModelEvent, ModelReply> {
  const refusals = createRefusals(endpoint)
  let asked = { ...request, effort: effortFor(endpoint.info, request.effort) }
  let lowerings = 0
  for (;;) {
    const { refused } = refusals
    const { wire, body, reader } = formOf(endpoint, asked, refused)
    try {
      const send = (signal: AbortSignal) =>
        sendAmended(endpoint, body, amended => wire.post(endpoint, amended, refused, signal), wire.mendedElsewhere)
      const reply = yield* exchange(endpoint, reader, send, signal, patience)
      refusals.accepted()
      if (showsImages(endpoint, asked, refused)) sawImage(endpoint)
      return reply
    } catch (error) {
      const max_output_tokens = lowerings < MOST_LOWERINGS ? lowered(error, body) : undefined
      if (max_output_tokens) {
        lowerings++
        asked = { ...asked, max_output_tokens }
        continue
      }
      const among = endpoint.kind === 'openai-compatible' ? [...wire.optional, 'tools' as const] : wire.optional
      const differs = (without: ReadonlySet<Unsupported>) =>
        JSON.stringify(formOf(endpoint, asked, without).body) !== JSON.stringify(body)
      if (isRefusal(error) && refusals.next(error, among, differs)) continue
      throw finalOf(refusals.final(error), showsImages(endpoint, asked, refused))
    }
  }
}

type Form = { wire: Wire; body: object; reader: Reader }

/** How a request is put to this server, as far as is known what it takes. */
function formOf(endpoint: Endpoint, request: ModelRequest, refused: ReadonlySet<Unsupported>): Form {
  const wire = wireOf(endpoint, refused)
  const withTools = request.tools.length > 0
  const textual = withTools && (endpoint.info.tools === false || refused.has('tools'))
  // Anthropic refuses a history with calls in a request without tools.
  const written = textual || (!withTools && request.messages.some(each => each.role === 'tool'))
  const shaped = reshape(written ? inText(request) : request, refused)
  const reader = wire.reader(endpoint)
  // A local server that does not know its model leaves the calls in the text.
  const callsInText = textual || (withTools && endpoint.kind === 'openai-compatible')
  return {
    wire,
    body: wire.body(endpoint, shaped, refused),
    reader: callsInText ? textualReader(reader, request.tools, textual) : reader,
  }
}

function showsImages({ info }: Endpoint, { messages }: ModelRequest, refused: ReadonlySet<Unsupported>): boolean {
  if (info.images === false || refused.has('images')) return false
  for (const message of messages) if (message.role !== 'assistant' && message.images?.length) return true
  return false
}

/** By their names in all of the APIs. */
function lowered(error: unknown, body: object): number | undefined {
  if (!(error instanceof LlmError) || error.shown) return undefined
  if (!['LLM_INVALID_REQUEST', 'LLM_CONTEXT_LENGTH', 'LLM_STREAM'].includes(error.code)) return undefined
  const { max_tokens, max_completion_tokens, max_output_tokens, generationConfig } = body as Record<string, unknown>
  const { maxOutputTokens } = Object(generationConfig)
  const asked = max_tokens ?? max_completion_tokens ?? max_output_tokens ?? maxOutputTokens
  return loweredOutput(error.words, typeof asked === 'number' ? asked : undefined)
}

/** An error within a 200 may pass; where there are images, they are the likelier cause, and the same request fails again. */
function finalOf(error: unknown, withImages: boolean): unknown {
  if (!withImages || !(error instanceof LlmError) || error.code !== 'LLM_STREAM' || !error.words || error.shown)
    return error
  return new LlmError('LLM_INVALID_REQUEST', error.message, {
    words: error.words,
    details: error.details,
    cause: error,
  })
}

const WIRES: Record<WireName, { wire: Wire; fits?(endpoint: Endpoint, refused: ReadonlySet<Unsupported>): boolean }> = {
  messages: { wire: anthropicWire },
  generate: { wire: geminiWire, fits: isNative },
  responses: { wire: responsesWire, fits: ({ model }, refused) => needsResponses(model) && !refused.has('responses') },
  chat: { wire: chatWire },
}

/** The first of the provider's wires that fits the endpoint and what it has refused. */
function wireOf(endpoint: Endpoint, refused: ReadonlySet<Unsupported>): Wire {
  const { kind, wires = KINDS[kind].wires } = endpoint
  const name = wires.find(name => WIRES[name].fits?.(endpoint, refused) ?? true)
  return WIRES[name ?? 'chat'].wire
}

/** OpenAI's reasoning models keep their reasoning between calls over the Responses API only. */
export const needsResponses = (model: string): boolean =>
  /^(?:global\.|us\.)?(?:openai\.)?(gpt-([5-9]|\d\d)|o\d|codex)/.test(model)
