import type { ProviderKind } from '../../src/config/config.ts'
import type { Endpoint } from '../../src/llm/endpoint.ts'
import type { ModelEvent, ModelReply, ModelRequest } from '../../src/llm/provider.ts'
import { readAll } from '../../src/llm/wire/exchange.ts'
import type { Reader } from '../../src/llm/wire/reader.ts'
import { Decoder } from '../../src/llm/wire/sse.ts'
import type { Family } from './model-replies.ts'

export const KEY = 'sk-test-0123456789abcdef'

/** How each family is configured: kind, a model that makes it choose its wire, and what its base URL ends in. */
const SETTINGS: Record<Family, { kind: ProviderKind; model: string; suffix: string }> = {
  anthropic: { kind: 'anthropic', model: 'claude-sonnet-5-5', suffix: '' },
  chat: { kind: 'openai-compatible', model: 'some-model', suffix: '/v1' },
  responses: { kind: 'openai', model: 'gpt-6-luna', suffix: '/v1' },
  gemini: { kind: 'gemini', model: 'gemini-4-argon', suffix: '/v1beta' },
}

export function endpointFor(family: Family, url = 'http://127.0.0.1:9', more: Partial<Endpoint> = {}): Endpoint {
  const { kind, model, suffix } = SETTINGS[family]
  const provider =
    more.provider ?? { anthropic: 'anthropic', chat: 'local', responses: 'openai', gemini: 'gemini' }[family]
  const info = { id: `${provider}/${model}`, provider, usable: true }
  return { provider, kind, model, base_url: url + suffix, api_key: KEY, headers: {}, info, ...more }
}

export const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'test/model',
  system: 'You are a test.',
  messages: [{ role: 'user', text: 'Hello' }],
  tools: [READ_FILE],
  session_id: 'session-1',
  ...more,
})

export const READ_FILE = {
  name: 'read_file',
  description: 'Reads a file.',
  parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
}

export type Outcome = { events: ModelEvent[]; reply?: ModelReply; error?: unknown }

/** Runs a call to its end, whatever that is. */
export async function outcomeOf(
  call: AsyncGenerator<ModelEvent, ModelReply>,
  onEvent: (event: ModelEvent) => void = () => {},
): Promise<Outcome> {
  const events: ModelEvent[] = []
  try {
    for (;;) {
      const { done, value } = await call.next()
      if (done) return { events, reply: value }
      events.push(value)
      onEvent(value)
    }
  } catch (error) {
    return { events, error }
  }
}

/** The same on the parsers alone, for bytes in these pieces. */
export function readPieces(endpoint: Endpoint, reader: Reader, pieces: readonly Uint8Array[]): Outcome {
  const events: ModelEvent[] = []
  try {
    const decoder = new Decoder()
    for (const piece of pieces) for (const event of readAll(endpoint, decoder.feed(piece), reader)) events.push(event)
    for (const event of readAll(endpoint, decoder.end(), reader)) events.push(event)
    events.push(...(reader.flush?.() ?? []))
    return { events, reply: reader.reply() }
  } catch (error) {
    return { events, error }
  }
}

export const textOf = (events: readonly ModelEvent[]): string =>
  events.map(event => (event.type === 'text' ? event.text : '')).join('')
export const thinkingOf = (events: readonly ModelEvent[]): string =>
  events.map(event => (event.type === 'thinking' ? event.text : '')).join('')

/** What a person could tell two outcomes apart by: our ids of calls differ from run to run. */
export function essence({ events, reply, error }: Outcome) {
  const names = new Map(reply?.tool_calls.map((call, index) => [call.tool_call_id, `#${index}`]))
  const { ids, raw_arguments } = (reply?.provider_data ?? {}) as Record<string, Record<string, string>>
  const renamed = (record: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(record).map(([id, value]) => [names.get(id) ?? id, value]))
  return {
    shown: textOf(events),
    thought: thinkingOf(events),
    text: reply?.text,
    thinking: reply?.thinking,
    calls: reply?.tool_calls.map(({ tool, params }) => ({ tool, params })),
    ids: renamed(ids),
    raw: renamed(raw_arguments),
    usage: reply?.usage,
    stop: reply?.stop_reason,
    error: error instanceof Error ? { code: codeOf(error), message: error.message } : undefined,
  }
}

const codeOf = (error: Error): string | undefined => ('code' in error ? String(error.code) : undefined)
