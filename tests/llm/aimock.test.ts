import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { LLMock } from '@copilotkit/aimock'
import { stream } from '../../src/llm/stream.ts'
import { endpointFor, outcomeOf, request, textOf } from '../support/model-call.ts'
import { FAMILIES, type Family } from '../support/model-replies.ts'

/** A mock server that others wrote, from the documentation of the providers: it has not seen our code, nor we its. */
const mock = new LLMock({ port: 0 })

beforeAll(async () => {
  mock.onMessage('plain', { content: 'Hello from aimock.' })
  mock.onMessage('think', { content: 'Done.', reasoning: 'Let me see.' })
  mock.onMessage('call two', {
    content: 'Looking.',
    toolCalls: [
      { name: 'read_file', arguments: '{"path":"a.ts"}' },
      { name: 'read_file', arguments: '{"path":"b \\"c\\".ts"}' },
    ],
  })
  mock.onMessage('slow down', { error: { message: 'Slow down', type: 'rate_limit_error' }, status: 429 })
  mock.onMessage('overload', { error: { message: 'Overloaded', type: 'overloaded_error' }, status: 529 })
  mock.onMessage(
    'cut',
    { content: 'This answer is never finished, whatever one does.' },
    { truncateAfterChunks: 3, chunkSize: 8 },
  )
  await mock.start()
})
afterAll(() => mock.stop())

const ask = (family: Family, text: string) =>
  outcomeOf(
    stream(
      endpointFor(family, mock.url),
      request({ messages: [{ role: 'user', text }] }),
      new AbortController().signal,
    ),
  )

for (const family of FAMILIES)
  describe(`aimock as ${family}`, () => {
    test('text', async () => {
      const { reply, events } = await ask(family, 'plain')
      expect(reply).toMatchObject({ text: 'Hello from aimock.', tool_calls: [], stop_reason: 'end_turn' })
      expect(textOf(events)).toBe('Hello from aimock.')
    })

    test('thinking', async () => {
      const { reply } = await ask(family, 'think')
      expect(reply).toMatchObject({ text: 'Done.', thinking: 'Let me see.' })
    })

    test('parallel calls', async () => {
      const { reply } = await ask(family, 'call two')
      expect(reply).toMatchObject({ text: 'Looking.', stop_reason: 'tool_use' })
      expect(reply?.tool_calls.map(call => [call.tool, call.params])).toEqual([
        ['read_file', { path: 'a.ts' }],
        ['read_file', { path: 'b "c".ts' }],
      ])
    })

    test('errors', async () => {
      expect((await ask(family, 'slow down')).error).toMatchObject({ code: 'LLM_RATE_LIMIT', http_status: 429 })
      expect((await ask(family, 'overload')).error).toMatchObject({ code: 'LLM_OVERLOADED', http_status: 529 })
    })

    test('a cut', async () => {
      const { error, events } = await ask(family, 'cut')
      expect(error).toMatchObject({ code: 'LLM_STREAM', retryable: true, shown: textOf(events) !== '' })
    })
  })
