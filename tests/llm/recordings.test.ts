import { describe, expect, test } from 'bun:test'
import { detectingReader } from '../../src/llm/detect.ts'
import { stream } from '../../src/llm/stream.ts'
import { endpointFor, outcomeOf, readPieces, request } from '../support/model-call.ts'
import { splitAt, startModelServer } from '../support/model-server.ts'
import { RECORDINGS } from '../support/recorded.ts'
import { haveRecordings, httpRecording, lackRecordings, recording } from '../support/recordings.ts'
import { testStream } from '../support/stream-tests.ts'

describe.skipIf(!haveRecordings)(`recorded streams${lackRecordings}`, () => {
  for (const [file, expected] of Object.entries(RECORDINGS))
    describe(file, () => testStream(haveRecordings ? recording(file) : new Uint8Array(), expected))

  test('Gemini over its OpenAI-compatible API, not streamed, with an empty id and a signature', async () => {
    await using server = await startModelServer()
    const [first, second] = JSON.parse(Buffer.from(recording('gemini-compat-toolcall-nonstream.json')).toString())
    const endpoint = endpointFor('gemini', server.url, { base_url: `${server.url}/v1beta/openai` })
    const bodies = [first, second].map(leg => Buffer.from(JSON.stringify(leg.response)))
    for (const offset of range(1, bodies[0]!.length)) {
      const reply = readPieces(endpoint, detectingReader(endpoint), splitAt(bodies[0]!, [offset])).reply
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

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
