import { describe, expect, test } from 'bun:test'
import { LlmError } from '../../src/llm/errors.ts'
import type { LlmErrorCode, ModelEvent, ModelReply, Stream } from '../../src/llm/provider.ts'
import { type RetryOptions, withRetry } from '../../src/llm/retry.ts'
import { outcomeOf, request } from '../support/model-call.ts'

const REPLY: ModelReply = {
  text: 'Hello',
  tool_calls: [],
  usage: { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 },
  stop_reason: 'end_turn',
}
const PARTIAL: ModelReply = { ...REPLY, text: 'Hel', stop_reason: 'cut' }

const failure = (code: LlmErrorCode, more: ConstructorParameters<typeof LlmError>[2] = {}, partial?: ModelReply) => {
  const error = new LlmError(code, `it is ${code}`, more)
  error.shown = partial !== undefined
  error.partial = partial
  return error
}

/** Each attempt: what it shows before it fails, or the answer. */
function scripted(attempts: [ModelEvent[], unknown][]): Stream {
  const queue = [...attempts]
  return async function* () {
    const [events, end] = queue.shift() ?? [[], new Error('asked once too often')]
    yield* events
    if (end instanceof Error) throw end
    return end as ModelReply
  }
}

async function run(attempts: [ModelEvent[], unknown][], options: RetryOptions = {}) {
  const waited: number[] = []
  const stream = withRetry(scripted(attempts), {
    random: () => 1,
    sleep: async ms => void waited.push(ms),
    ...options,
  })
  return { ...(await outcomeOf(stream(request(), new AbortController().signal))), waited }
}

const busy = () => failure('LLM_OVERLOADED')

describe('withRetry', () => {
  test('waits 2, 4, 8, 16 s at most, then gives up', async () => {
    const { error, waited, events } = await run(Array.from({ length: 6 }, () => [[], busy()]))
    expect(waited).toEqual([2_000, 4_000, 8_000, 16_000])
    expect(events).toEqual(
      waited.map(retry_in_ms => ({
        type: 'retry',
        code: 'LLM_OVERLOADED',
        message: 'it is LLM_OVERLOADED',
        retry_in_ms,
      })),
    )
    expect(error).toMatchObject({ code: 'LLM_OVERLOADED' })
  })

  test('a reset that the provider names is waited for when that is wanted, and counted down', async () => {
    const limit = () => failure('LLM_RATE_LIMIT', { retry_after_ms: 150_000 })
    const attempts = (): [ModelEvent[], unknown][] => [
      ...Array.from({ length: 6 }, limit).map(each => [[], each] as [ModelEvent[], unknown]),
      [[], REPLY],
    ]
    expect((await run(attempts())).error).toMatchObject({ code: 'LLM_RATE_LIMIT' })
    const { reply, waited, events } = await run(attempts(), { wait_for_reset: true })
    expect(reply).toEqual(REPLY)
    expect(waited).toEqual(Array.from({ length: 6 }, () => [60_000, 60_000, 30_000]).flat())
    expect(events.slice(0, 3).map(each => (each.type === 'retry' ? each.retry_in_ms : each))).toEqual([
      150_000,
      { type: 'waiting', left_ms: 90_000 },
      { type: 'waiting', left_ms: 30_000 },
    ])
  })

  test('anywhere below that: full jitter', async () => {
    const chances = [0, 0.5, 0.25, 0.999]
    const { waited } = await run(
      [
        [[], busy()],
        [[], busy()],
        [[], busy()],
        [[], busy()],
        [[], REPLY],
      ],
      {
        random: () => chances.shift()!,
      },
    )
    expect(waited).toEqual([0, 2_000, 2_000, 15_984])
  })

  test('announces before it waits', async () => {
    const order: string[] = []
    const stream = withRetry(
      scripted([
        [[], busy()],
        [[], REPLY],
      ]),
      { sleep: async () => void order.push('waits') },
    )
    await outcomeOf(stream(request(), new AbortController().signal), event => order.push(event.type))
    expect(order).toEqual(['retry', 'waits'])
  })

  test('thinking and drafts may start over', async () => {
    const early: ModelEvent[] = [
      { type: 'thinking', text: 'Hm' },
      { type: 'draft', tool_call_id: 'tc_1', tool: 'f', chars: 3 },
    ]
    const { reply } = await run([
      [early, failure('LLM_STREAM')],
      [early, REPLY],
    ])
    expect(reply).toEqual(REPLY)
  })

  test('text that was shown may not: it is returned as cut, even after the last attempt', async () => {
    const shown: ModelEvent[] = [{ type: 'text', text: 'Hel' }]
    const { reply, waited } = await run([[shown, failure('LLM_STREAM', {}, PARTIAL)]])
    expect([reply, waited]).toEqual([PARTIAL, [2_000]])
    const last = await run(
      [
        [[], busy()],
        [shown, failure('LLM_STREAM', {}, PARTIAL)],
      ],
      { retries: 1 },
    )
    expect(last.reply).toEqual(PARTIAL)
  })

  test('what no retry helps is thrown, with the text that was shown', async () => {
    for (const code of ['LLM_AUTH', 'LLM_INVALID_REQUEST', 'LLM_CONTEXT_LENGTH'] as const) {
      const { error, waited } = await run([[[{ type: 'text', text: 'Hel' }], failure(code, {}, PARTIAL)]])
      expect(error).toMatchObject({ code, partial: PARTIAL })
      expect(waited).toEqual([])
    }
    const { error } = await run([[[], new TypeError('a bug')]])
    expect(error).toBeInstanceOf(TypeError)
  })

  test('as long as the provider asks, up to a minute', async () => {
    const asks = (retry_after_ms: number) => failure('LLM_RATE_LIMIT', { retry_after_ms })
    expect(
      (
        await run([
          [[], asks(0)],
          [[], asks(60_000)],
          [[], REPLY],
        ])
      ).waited,
    ).toEqual([0, 60_000])
    const { error, waited } = await run([[[], asks(60_001)]])
    expect([waited, (error as LlmError).retry_after_ms]).toEqual([[], 60_001])
  })

  test('an abort ends the wait', async () => {
    const controller = new AbortController()
    const stream = withRetry(scripted([[[], busy()]]), { random: () => 1 })
    const { error } = await outcomeOf(stream(request(), controller.signal), () => controller.abort('enough'))
    expect(error).toBe('enough')
  })
})
