import { describe, expect, test } from 'bun:test'
import { anthropicReader } from '../../src/llm/anthropic/anthropic-reader.ts'
import { stream } from '../../src/llm/stream.ts'
import { whicheverReader } from '../../src/llm/wire/whichever.ts'
import { endpointFor, essence, outcomeOf, readPieces, request } from '../support/model-call.ts'
import type { Family } from '../support/model-replies.ts'
import { splitAt, startModelServer } from '../support/model-server.ts'
import { RECORDINGS } from '../support/recorded.ts'
import { haveRecordings, httpRecording, lackRecordings, recording } from '../support/recordings.ts'

/** Every offset is tried on the parsers where that takes little, and over HTTP for the shortest. */
const SHORT = 4_200
const SHORTEST = 1_500
const SAMPLE = 12

const readerFor = (family: Family) => {
  const endpoint = endpointFor(family)
  return { endpoint, reader: family === 'anthropic' ? anthropicReader(endpoint) : whicheverReader(endpoint) }
}

describe.skipIf(!haveRecordings)(`recorded streams${lackRecordings}`, () => {
  for (const [file, expected] of Object.entries(RECORDINGS)) {
    describe(file, () => {
      const bytes = haveRecordings ? recording(file) : new Uint8Array()
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
    })
  }

  test('Gemini over its OpenAI-compatible API, not streamed, with an empty id and a signature', async () => {
    await using server = await startModelServer()
    const [first, second] = JSON.parse(Buffer.from(recording('gemini-compat-toolcall-nonstream.json')).toString())
    const endpoint = endpointFor('gemini', server.url, { base_url: `${server.url}/v1beta/openai` })
    const bodies = [first, second].map(leg => Buffer.from(JSON.stringify(leg.response)))
    for (const offset of range(1, bodies[0]!.length)) {
      const reply = readPieces(endpoint, whicheverReader(endpoint), splitAt(bodies[0]!, [offset])).reply
      expect(reply?.tool_calls.map(call => [call.tool, call.params])).toEqual([['get_current_time', {}]])
    }
    for (const body of bodies) server.add({ body: [body], headers: { 'content-type': 'application/json' } })
    const call = await outcomeOf(stream(endpoint, request(), new AbortController().signal))
    expect(call.reply).toMatchObject({ stop_reason: 'tool_use', usage: { input_tokens: 35, output_tokens: 74 } })
    const { tool_call_id } = call.reply!.tool_calls[0]!

    const history = request({
      messages: [
        { role: 'user', text: 'What is the current time?' },
        { role: 'assistant', ...call.reply!, model: 'gemini/gemini-4-argon' },
        { role: 'tool', tool_call_id, tool: 'get_current_time', content: 'Noon', is_error: false },
      ],
    })
    const answer = await outcomeOf(stream(endpoint, history, new AbortController().signal))
    expect(answer.reply?.text).toBe('The current time is Noon.')
    const sent = server.requests.at(-1)!.body.messages
    const { extra_content } = first.response.choices[0].message
    expect(sent.find((message: { role: string }) => message.role === 'assistant').extra_content).toEqual(extra_content)
    expect(sent.at(-1)).toEqual({ role: 'tool', tool_call_id, content: 'Noon' })
  })

  test('a context that does not fit, as llama.cpp says it', async () => {
    await using server = await startModelServer()
    const { status, body } = httpRecording('llamacpp-context-exceeded.http')
    server.add({ status, body })
    const call = stream(endpointFor('chat', server.url), request(), new AbortController().signal)
    expect((await outcomeOf(call)).error).toMatchObject({ code: 'LLM_CONTEXT_LENGTH', retryable: false })
  })
})

function matches(actual: string | undefined, expected: string | RegExp): void {
  if (typeof expected === 'string') expect(actual).toBe(expected)
  else expect(actual).toMatch(expected)
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

function sample(length: number, count: number): number[] {
  return Array.from({ length: count }, () => 1 + Math.floor(Math.random() * (length - 1)))
}
