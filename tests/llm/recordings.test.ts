import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { anthropicReader } from '../../src/llm/anthropic-reader.ts'
import type { LlmErrorCode } from '../../src/llm/provider.ts'
import { stream } from '../../src/llm/stream.ts'
import { whicheverReader } from '../../src/llm/whichever.ts'
import { endpointFor, essence, outcomeOf, readPieces, request } from '../support/model-call.ts'
import type { Family } from '../support/model-replies.ts'
import { type ModelServer, splitAt, startModelServer } from '../support/model-server.ts'
import { haveRecordings, httpRecording, lackRecordings, recording } from '../support/recordings.ts'

type Expected = {
  family: Family
  text?: string | RegExp
  thinking?: string | RegExp
  calls?: [string, object][]
  /** How many calls there are besides, whose arguments broke off. */
  broken?: number
  /** input, output, cache read, cache write */
  usage?: [number, number, number, number]
  stop?: string
  error?: LlmErrorCode
  /** Something that must be kept for the way back. */
  kept?: RegExp
}

/** What a person reads out of each recording. Output tokens include reasoning, input tokens leave cached ones out. */
const RECORDINGS: Record<string, Expected> = {
  'claude-thinking-tooluse.1.sse': {
    family: 'anthropic',
    thinking: /^The user wants me to:\n1\. Use.*version it returns\.$/s,
    calls: [['fixed_version', {}]],
    usage: [598, 92, 0, 0],
    stop: 'tool_use',
    kept: /"signature":"EoQDCm0IDhgCKkCDzGs2.*NWRjSBwUxgB"/,
  },
  'claude-thinking-tooluse.2.sse': {
    family: 'anthropic',
    text: /^The version is \*\*0\.32a0\*\*.*stable! 😄\n\n.*room to grow!\)$/s,
    usage: [707, 89, 0, 0],
    stop: 'end_turn',
  },
  'claude-parallel-tooluse.sse': {
    family: 'anthropic',
    calls: [
      ['pelican_name_generator', {}],
      ['pelican_name_generator', {}],
    ],
    usage: [542, 62, 0, 0],
    stop: 'tool_use',
    kept: /toolu_01LtHJmixrs9NcWQkK8hu8hj.*toolu_01N8a4jWyf116qKTMqKKmjyt/,
  },
  'claude-adaptive-thinking-opus46.sse': {
    family: 'anthropic',
    text: '\n\n1. **Captain Scoop**\n2. **Gullet**',
    thinking: 'Brief answer with two pet pelican names.',
    usage: [34, 44, 0, 0],
    stop: 'end_turn',
    kept: /"signature":"EtABCkYICxgC/,
  },
  'claude-tool-no-args.chunks.txt': {
    family: 'anthropic',
    text: "I'll update the issue list for you.",
    calls: [['updateIssueList', {}]],
    usage: [565, 48, 0, 0],
    stop: 'tool_use',
  },
  'llamacpp-anthropic-tooluse-truncated.sse': {
    family: 'anthropic',
    calls: [
      ['list_dir', { path: 'Thank you, M' }],
      ['read_file', { path: 'A mank you, there was an', limit: 10 }],
    ],
    broken: 1,
    usage: [1, 120, 528, 0],
    stop: 'max_tokens',
  },
  'llamacpp-anthropic-midstream-error.sse': { family: 'anthropic', error: 'LLM_OVERLOADED' },
  'openai-chat-tools.1.sse': {
    family: 'chat',
    calls: [
      ['get_country', {}],
      ['get_product_name', {}],
    ],
    usage: [364, 40, 0, 0],
    stop: 'tool_use',
    kept: /call_q2UyBRP7eXNTzAoR8lEhjc9Z.*call_b51ijcpFkDiTQG1bQzsrmtW5/,
  },
  'openai-chat-tools.2.sse': {
    family: 'chat',
    calls: [['get_weather', { city: 'Mexico City' }]],
    usage: [423, 15, 0, 0],
    stop: 'tool_use',
  },
  'openai-responses-reasoning-function.sse': {
    family: 'responses',
    calls: [['final_result', { result: 6666 }]],
    usage: [53, 469, 0, 0],
    stop: 'tool_use',
    kept: /"encrypted_content":"gAAAAABoyXvxI6jwG5j6/,
  },
  'openai-responses-error.chunks.txt': { family: 'responses', error: 'LLM_AUTH' },
  'llamacpp-responses-text.sse': {
    family: 'responses',
    text: '"Here," said Cloth',
    usage: [28, 12, 90, 0],
    stop: 'end_turn',
  },
  'gemini-native-toolcall-thoughtsig.1.sse': {
    family: 'gemini',
    calls: [['get_country', {}]],
    usage: [29, 212, 0, 0],
    stop: 'tool_use',
    kept: /"thoughtSignature":"EpwICpkIAXLI2nxl/,
  },
  'gemini-native-toolcall-thoughtsig.2.sse': {
    family: 'gemini',
    text: 'The capital of Mexico is Mexico City.',
    usage: [257, 8, 0, 0],
    stop: 'end_turn',
  },
  'openrouter-midstream-error.sse': { family: 'chat', error: 'LLM_INVALID_REQUEST' },
  'openrouter-reasoning-details.sse': {
    family: 'chat',
    text: '2 + 2 = 4',
    thinking: 'This is a simple arithmetic question. 2+2 equals 4.',
    usage: [43, 36, 0, 0],
    stop: 'end_turn',
  },
  'deepseek-reasoning-toolcall.chunks.txt': {
    family: 'chat',
    thinking: /^The user is asking.*"San Francisco"\.$/s,
    calls: [['weather', { location: 'San Francisco' }]],
    usage: [19, 83, 320, 0],
    stop: 'tool_use',
  },
  'mistral-toolcall-noindex.chunks.txt': {
    family: 'chat',
    calls: [['weather', { location: 'San Francisco' }]],
    usage: [124, 22, 0, 0],
    stop: 'tool_use',
    kept: /gSIMJiOkT/,
  },
  'xai-reasoning-toolcall.chunks.txt': {
    family: 'chat',
    thinking: /^First, the user is asking.*logical next step\.$/s,
    calls: [['weather', { location: 'San Francisco' }]],
    usage: [1, 253, 306, 0],
    stop: 'tool_use',
  },
  'groq-toolcall.chunks.txt': { family: 'chat', calls: [['weather', {}]], usage: [210, 15, 0, 0], stop: 'tool_use' },
  'llamacpp-text.sse': {
    family: 'chat',
    text: '"Here," said Cloth.\nTimmy was so excited to see whats. He was so excit',
    usage: [1, 40, 117, 0],
    stop: 'max_tokens',
  },
  'llamacpp-tool-required.sse': {
    family: 'chat',
    calls: [['list_dir', { path: 'I will papti' }]],
    usage: [1, 33, 528, 0],
    stop: 'tool_use',
  },
  'llamacpp-tool-many-truncated.sse': {
    family: 'chat',
    calls: [
      ['list_dir', { path: 'I will papti' }],
      ['read_file', { path: ' Lily was sad. She cried', limit: 21 }],
      ['read_file', { path: 'Well at seach!', limit: 20 }],
      ['read_file', { path: ' Lily,', limit: 40 }],
      ['read_file', { path: 'Remints,', limit: 20 }],
      ['read_file', { path: "Don's?", limit: 20 }],
      ['list_dir', { path: 'Th nove to d' }],
      ['read_file', { path: 'Halk, Mamab.', limit: 50 }],
      ['read_file', { path: 'No,', limit: 20 }],
    ],
    usage: [1, 700, 528, 0],
    stop: 'max_tokens',
  },
  'llamacpp-chat-midstream-error.sse': { family: 'chat', error: 'LLM_OVERLOADED' },
}

/** Every offset is tried on the parsers where that takes little, and over HTTP for the shortest. */
const SHORT = 4_200
const SHORTEST = 1_500
const SAMPLE = 12

const readerFor = (family: Family) => {
  const endpoint = endpointFor(family)
  return { endpoint, reader: family === 'anthropic' ? anthropicReader(endpoint) : whicheverReader(endpoint) }
}

describe.skipIf(!haveRecordings)(`recorded streams${lackRecordings}`, () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

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
        for (const offset of offsets) {
          server.add({ body: splitAt(bytes, [offset]) })
          const call = stream(endpointFor(expected.family, server.url), request(), new AbortController().signal)
          expect(essence(await outcomeOf(call)), `cut at ${offset}`).toEqual(essence(whole))
        }
      })
    })
  }

  test('Gemini over its OpenAI-compatible API, not streamed, with an empty id and a signature', async () => {
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
