import { expect } from 'bun:test'
import { anthropicReader } from '../../src/llm/anthropic/anthropic-reader.ts'
import { detectingReader } from '../../src/llm/detect.ts'
import { endpointFor, essence, readPieces } from './model-call.ts'
import type { Family } from './model-replies.ts'

/** What a body means: everything left out is empty, usage is not looked at, the turn ends. */
export type Expected = {
  text?: string
  thinking?: string
  calls?: [string, object][]
  raw?: string
  usage?: [number, number, number, number]
  stop?: string
  kept?: object
  error?: string
}

export function read(family: Family, body: string) {
  const endpoint = endpointFor(family)
  const reader = family === 'anthropic' ? anthropicReader(endpoint) : detectingReader(endpoint)
  return readPieces(endpoint, reader, [Buffer.from(body)])
}

export const sse = (...payloads: unknown[]) =>
  payloads.map(each => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`).join('')

export function check(family: Family, body: string, expected: Expected) {
  const outcome = read(family, body)
  const { error, text, thinking, calls, raw, usage, stop } = essence(outcome)
  expect(error?.code).toBe(expected.error)
  if (expected.error) return
  expect(text).toBe(expected.text ?? '')
  expect(thinking).toBe(expected.thinking)
  const found: unknown = calls!.map(call => [call.tool, call.params])
  expect(found).toEqual(expected.calls ?? [])
  expect(Object.values(raw)).toEqual(expected.raw === undefined ? [] : [expected.raw])
  expect(stop as string).toBe(expected.stop ?? 'end_turn')
  if (expected.usage) {
    const { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = usage!
    expect([input_tokens, output_tokens, cache_read_tokens, cache_write_tokens]).toEqual(expected.usage)
  }
  if (expected.kept) expect(outcome.reply!.provider_data).toMatchObject(expected.kept)
}
