import { expect, test } from 'bun:test'
import { anthropicReader } from '../../src/llm/anthropic/anthropic-reader.ts'
import { detectingReader } from '../../src/llm/detect.ts'
import { stream } from '../../src/llm/stream.ts'
import { endpointFor, essence, outcomeOf, readPieces, request } from './model-call.ts'
import type { Family } from './model-replies.ts'
import { splitAt, startModelServer } from './model-server.ts'
import type { Recorded } from './recorded.ts'

/** Every offset is tried on the parsers where that takes little, and over HTTP for the shortest. */
const SHORT = 4_200
const SHORTEST = 1_500
const SAMPLE = 12

const readerFor = (family: Family) => {
  const endpoint = endpointFor(family)
  return { endpoint, reader: family === 'anthropic' ? anthropicReader(endpoint) : detectingReader(endpoint) }
}

/** What a stream says, that it says the same however it is cut, and over HTTP. */
export function testStream(bytes: Uint8Array, expected: Recorded): void {
  const read = (pieces: Uint8Array[]) => {
    const { endpoint, reader } = readerFor(expected.family)
    return readPieces(endpoint, reader, pieces)
  }
  const whole = read([bytes])

  test('says what it says', () => {
    const { error, text, thinking, usage, stop, calls, raw } = essence(whole)
    expect(error?.code).toBe(expected.error)
    if (expected.error) return
    matches(text, expected.text ?? '')
    matches(thinking ?? '', expected.thinking ?? '')
    const complete = calls!.filter((_, index) => !(`#${index}` in raw))
    const first: unknown = complete.slice(0, expected.calls?.length ?? 0).map(call => [call.tool, call.params])
    expect(first).toEqual(expected.calls ?? [])
    if (expected.broken !== undefined) expect(Object.keys(raw)).toHaveLength(expected.broken)
    const [input_tokens, output_tokens, cache_read_tokens, cache_write_tokens] = expected.usage!
    expect(usage).toEqual({
      input_tokens: input_tokens!,
      output_tokens: output_tokens!,
      cache_read_tokens: cache_read_tokens!,
      cache_write_tokens: cache_write_tokens!,
    })
    expect(stop).toBe(expected.stop as 'end_turn')
    if (expected.kept) expect(JSON.stringify(whole.reply!.provider_data)).toMatch(expected.kept)
  })

  test('is the same however its bytes are cut', () => {
    const offsets = bytes.length <= SHORT ? range(1, bytes.length) : sample(bytes.length, 60)
    for (const offset of offsets)
      expect(essence(read(splitAt(bytes, [offset]))), `cut at ${offset}`).toEqual(essence(whole))
    if (bytes.length <= SHORT) expect(essence(read(splitAt(bytes, range(1, bytes.length))))).toEqual(essence(whole))
    for (let round = 0; round < 5; round++) {
      const cuts = sample(bytes.length, 40)
      expect(essence(read(splitAt(bytes, cuts))), `cut at ${cuts}`).toEqual(essence(whole))
    }
  })

  test('is the same over HTTP', async () => {
    const offsets = bytes.length <= SHORTEST ? range(1, bytes.length) : sample(bytes.length, SAMPLE)
    await using server = await startModelServer()
    for (const offset of offsets) {
      server.add({ body: splitAt(bytes, [offset]) })
      const call = stream(endpointFor(expected.family, server.url), request(), new AbortController().signal)
      expect(essence(await outcomeOf(call)), `cut at ${offset}`).toEqual(essence(whole))
    }
  })
}

function matches(actual: string | undefined, expected: string | RegExp): void {
  if (typeof expected === 'string') expect(actual).toBe(expected)
  else expect(actual).toMatch(expected)
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

function sample(length: number, count: number): number[] {
  return Array.from({ length: count }, () => 1 + Math.floor(Math.random() * (length - 1)))
}
