import type { Endpoint } from './endpoint.ts'
import { geminiReader } from './gemini/gemini-reader.ts'
import { chatReader } from './openai/openai-reader.ts'
import { responsesReader } from './openai/responses-reader.ts'
import type { Reader } from './wire/reader.ts'

/**
 * A reader for what an OpenAI-like server answers with. Gateways answer one API in the format of another; the first payload
 * that belongs to a format says which it is, and each is unmistakable.
 */
export function detectingReader(endpoint: Endpoint): Reader {
  let reader: Reader | undefined
  return {
    read(data, event) {
      reader ??= readerFor(data)?.(endpoint)
      return reader?.read(data, event) ?? []
    },
    done: () => reader?.done(),
    flush: () => reader?.flush?.() ?? [],
    get finished() {
      return reader?.finished ?? false
    },
    get closed() {
      return reader?.closed ?? false
    },
    reply: () => (reader ?? chatReader(endpoint)).reply(),
    partial: () => (reader ?? chatReader(endpoint)).partial(),
  }
}

function readerFor(data: unknown): ((endpoint: Endpoint) => Reader) | undefined {
  const { type, object, choices, usage, candidates, usageMetadata, promptFeedback } = Object(data)
  if ((typeof type === 'string' && type.startsWith('response.')) || object === 'response') return responsesReader
  if (candidates || usageMetadata || promptFeedback) return geminiReader
  return choices || usage ? chatReader : undefined
}
