import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Patience } from '../../src/config/vendors.ts'
import { LlmError } from '../../src/llm/errors.ts'
import type { LlmErrorCode, ModelEvent } from '../../src/llm/provider.ts'
import { withRetry } from '../../src/llm/retry.ts'
import { stream } from '../../src/llm/stream.ts'
import { endpointFor, KEY, outcomeOf, request, textOf } from '../support/model-call.ts'
import { FAMILIES, type Family, say } from '../support/model-replies.ts'
import { gate, type ModelServer, type Reply, type Script, startModelServer } from '../support/model-server.ts'

type Row = {
  fault: string
  family: Family
  attempts: number
  delays: string
  code: string
  sees: string
}

/** Random is 1, so that each wait is as long as it can be. */
const WAITS = [2_000, 4_000, 8_000, 16_000]

let server: ModelServer
const rows: Row[] = []

/** A call with retries against these replies, without really waiting. */
async function call(
  family: Family,
  fault: string,
  replies: Script[],
  onEvent?: (event: ModelEvent) => void,
  patience?: Patience,
) {
  const waited: number[] = []
  const before = server.requests.length
  server.add(...replies)
  const endpoint = endpointFor(family, server.url)
  const retrying = withRetry((request, signal) => stream(endpoint, request, signal, patience), {
    random: () => 1,
    sleep: async ms => void waited.push(ms),
  })
  const outcome = await outcomeOf(retrying(request(), new AbortController().signal), onEvent)
  const attempts = server.requests.length - before
  const { error, reply, events } = outcome
  const retries = events.flatMap(event => (event.type === 'retry' ? [event] : []))
  const code = error instanceof LlmError ? error.code : reply?.stop_reason === 'cut' ? retries.at(-1)!.code : '–'
  rows.push({
    fault,
    family,
    attempts,
    delays: waited.map(ms => ms / 1000).join(' ') || '–',
    code,
    sees: error instanceof Error ? error.message : `${reply!.stop_reason}: “${reply!.text}”`,
  })
  expect(retries.map(event => event.retry_in_ms)).toEqual(waited)
  if (error !== undefined) expect(error).toBeInstanceOf(LlmError)
  for (const each of [error, ...retries])
    expect(String((each as { message?: string } | undefined)?.message ?? '')).not.toContain(KEY)
  return { ...outcome, attempts, waited, retries, code }
}

const ok = (family: Family): Script => say(family, { text: 'Hello there' })
const errorBody = (message: string, type = 'error_type') => JSON.stringify({ error: { message, type } })

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(async () => {
  await server.close()
  process.stdout.write(`\n${table(rows)}\n`)
})

const RETRIED: [number, LlmErrorCode][] = [
  [408, 'LLM_OVERLOADED'],
  [429, 'LLM_RATE_LIMIT'],
  [500, 'LLM_OVERLOADED'],
  [502, 'LLM_OVERLOADED'],
  [503, 'LLM_OVERLOADED'],
  [504, 'LLM_OVERLOADED'],
  [529, 'LLM_OVERLOADED'],
]
const REPORTED: [number, LlmErrorCode][] = [
  [301, 'LLM_INVALID_REQUEST'],
  [400, 'LLM_INVALID_REQUEST'],
  [401, 'LLM_AUTH'],
  [402, 'LLM_AUTH'],
  [403, 'LLM_AUTH'],
  [404, 'LLM_INVALID_REQUEST'],
  [413, 'LLM_CONTEXT_LENGTH'],
  [422, 'LLM_INVALID_REQUEST'],
]

for (const family of FAMILIES)
  describe(family, () => {
    for (const [status, code] of RETRIED) {
      const reply: Reply = { status, body: errorBody(`no luck, ${KEY}`) }
      test(`${status} is tried again, then reported`, async () => {
        const { attempts, waited, error } = await call(family, `${status}`, [reply, reply, reply, reply, reply])
        expect(attempts).toBe(5)
        expect(waited).toEqual(WAITS)
        expect(error).toMatchObject({ code, http_status: status, shown: false })
      })
      test(`${status} once costs one wait`, async () => {
        const { reply: answer, waited } = await call(family, `${status}, once`, [reply, ok(family)])
        expect(waited).toEqual([2_000])
        expect(answer?.text).toBe('Hello there')
      })
    }

    for (const [status, code] of REPORTED)
      test(`${status} is reported at once`, async () => {
        // OpenAI's newer API may be missing at another address: then its older one is asked, once.
        const older = family === 'responses' && status === 404
        const reply: Reply = { status, body: errorBody('no luck'), headers: { location: 'http://127.0.0.1:9/' } }
        const { attempts, waited, error } = await call(family, `${status}`, older ? [reply, reply] : [reply])
        expect(attempts).toBe(older ? 2 : 1)
        expect(waited).toEqual([])
        expect(error).toMatchObject({ code, http_status: status, retryable: false })
      })

    const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>'
    const ODD: [string, Reply, LlmErrorCode, boolean][] = [
      ['500 with a web page', { status: 500, body: HTML }, 'LLM_OVERLOADED', true],
      [
        '429, quota exhausted',
        { status: 429, body: errorBody('Check your plan', 'insufficient_quota') },
        'LLM_AUTH',
        false,
      ],
      ['400, no credit', { status: 400, body: errorBody('Your credit balance is too low') }, 'LLM_AUTH', false],
      [
        '400, bad key (Google)',
        { status: 400, body: `[${errorBody('API key not valid. Please pass a valid API key.')}]` },
        'LLM_AUTH',
        false,
      ],
      ['200 with a web page', { body: HTML }, 'LLM_STREAM', false],
      ['200 with nothing', { body: '' }, 'LLM_STREAM', true],
      ['200 with words', { body: 'upstream connect error\n' }, 'LLM_STREAM', true],
      ['200 with an error in JSON', { body: errorBody('busy', 'overloaded_error') }, 'LLM_OVERLOADED', true],
      [
        '200 with an error as an event',
        { body: `event: error\ndata: ${errorBody('slow down', 'rate_limit_error')}\n\n` },
        'LLM_RATE_LIMIT',
        true,
      ],
      ['200 with other JSON', { body: '{"detail":"Not Found"}' }, 'LLM_INVALID_REQUEST', false],
      ['200 with broken JSON', { body: 'data: {"a":\n\n' }, 'LLM_STREAM', true],
    ]
    for (const [name, reply, code, again] of ODD)
      test(name, async () => {
        const { attempts, error } = await call(family, name, again ? Array(5).fill(reply) : [reply])
        expect(error).toMatchObject({ code })
        expect(attempts).toBe(again ? 5 : 1)
        expect((error as Error).message).not.toMatch(/[<>{}]/)
      })

    test('retry-after is kept to, a long one reported', async () => {
      const slow = (headers: Record<string, string>): Reply => ({ status: 429, headers, body: errorBody('slow') })
      const date = new Date(Date.now() + 30_000).toUTCString()
      const short = await call(family, '429, retry-after 3', [slow({ 'retry-after': '3' }), ok(family)])
      expect(short.waited).toEqual([3_000])
      const ms = await call(family, '429, retry-after-ms 250', [slow({ 'retry-after-ms': '250' }), ok(family)])
      expect(ms.waited).toEqual([250])
      const until = await call(family, '429, retry-after a date', [slow({ 'retry-after': date }), ok(family)])
      expect(until.waited[0]).toBeGreaterThan(25_000)
      expect(until.waited[0]).toBeLessThanOrEqual(30_000)
      const long = await call(family, '429, retry-after 3600', [slow({ 'retry-after': '3600' })])
      expect(long.attempts).toBe(1)
      expect(long.error).toMatchObject({ code: 'LLM_RATE_LIMIT', retry_after_ms: 3_600_000 })
      expect((long.error as Error).message).toContain('60 min')
    })

    for (const cut of ['close', 'reset', undefined] as const) {
      const how = cut ?? 'a good end'
      const said = { thinking: 'Hm', text: ['Hello ', 'there'], calls: [{ name: 'read_file', args: { path: 'a' } }] }
      const all = say(family, said).join('')

      /** Sends this much, and cuts when the client has seen `text`. */
      async function cutBehind(length: number, text: string, fault: string, ...then: Script[]) {
        const seen = gate()
        let shown = ''
        const reply: Reply = { body: [all.slice(0, length), seen.wait], ...(cut && { cut }) }
        return call(family, `${fault}, ${how}`, [reply, ...then], event => {
          if (event.type === (text === said.thinking ? 'thinking' : 'text')) shown += event.text
          if (shown.startsWith(text)) seen.open()
        })
      }

      test(`cut before any text (${how}): starts over`, async () => {
        const { attempts, waited, reply } = await cutBehind(all.indexOf('Hello '), 'Hm', 'cut before text', ok(family))
        expect([attempts, waited]).toEqual([2, [2_000]])
        expect(reply).toMatchObject({ text: 'Hello there', stop_reason: 'end_turn' })
      })

      test(`cut after text (${how}): keeps it, and does not start over`, async () => {
        const length = all.indexOf('there')
        const { attempts, waited, reply, events, code } = await cutBehind(length, 'Hello ', 'cut after text')
        expect([attempts, waited, code]).toEqual([1, [2_000], 'LLM_STREAM'])
        expect(reply).toMatchObject({ text: 'Hello ', thinking: 'Hm', stop_reason: 'cut', tool_calls: [] })
        expect(textOf(events)).toBe('Hello ')
      })

      test(`cut inside arguments (${how}): no call`, async () => {
        const length = all.indexOf('pat', all.indexOf('read_file')) + 1
        const { reply } = await cutBehind(length, 'Hello there', 'cut in arguments')
        expect(reply).toMatchObject({ text: 'Hello there', stop_reason: 'cut', tool_calls: [] })
      })
    }

    test('a stream that stalls is cut', async () => {
      const patience = { first_ms: 800, idle_ms: 600, finished_ms: 600 }
      const hung: Reply = { hang: true }
      const before = await call(family, 'stalls before text', [hung, ok(family)], undefined, patience)
      expect(before.retries).toMatchObject([{ code: 'LLM_STREAM' }])
      expect(before.reply?.text).toBe('Hello there')
      const all = say(family, { text: ['Hello ', 'there'] }).join('')
      const half: Reply = { body: all.slice(0, all.indexOf('there')), hang: true }
      const after = await call(family, 'stalls after text', [half], undefined, patience)
      expect(after.reply).toMatchObject({ text: 'Hello ', stop_reason: 'cut' })
    })

    test('nothing listens: LLM_UNREACHABLE', async () => {
      const gone = await startModelServer()
      await gone.close()
      const waited: number[] = []
      const retrying = withRetry((request, signal) => stream(endpointFor(family, gone.url), request, signal), {
        random: () => 1,
        sleep: async ms => void waited.push(ms),
      })
      const { error } = await outcomeOf(retrying(request(), new AbortController().signal))
      expect(error).toMatchObject({ code: 'LLM_UNREACHABLE' })
      expect((error as Error).message).toMatch(/nothing listens there/)
      expect(waited).toEqual(WAITS)
      rows.push({
        fault: 'nothing listens',
        family,
        attempts: 5,
        delays: '2 4 8 16',
        code: 'LLM_UNREACHABLE',
        sees: (error as Error).message,
      })
    })
  })

const FULL = [
  'prompt is too long: 210000 tokens > 200000 maximum',
  'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
  "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
  'Your input exceeds the context window of this model. Please adjust your input and try again.',
  'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).',
  'request (60015 tokens) exceeds the available context size (8192 tokens), try increasing it',
  'Context size has been exceeded.',
  'The number of tokens to keep from the initial prompt is greater than the context length.',
  'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
  'Invalid request: Your request exceeded model token limit: 131072',
  'input is too long for requested model',
]
test('a context that does not fit is recognised in the words of each', async () => {
  for (const message of FULL)
    for (const status of [400, 500]) {
      server.add({ status, body: errorBody(message, 'invalid_request_error') })
      const { error } = await outcomeOf(
        stream(endpointFor('chat', server.url), request(), new AbortController().signal),
      )
      expect(error, message).toMatchObject({ code: 'LLM_CONTEXT_LENGTH', retryable: false })
    }
})

test('a host without a name, and one without a certificate we trust', async () => {
  const nowhere = endpointFor('chat', '', { base_url: 'http://no-such-host.invalid/v1' })
  const { error } = await outcomeOf(stream(nowhere, request(), new AbortController().signal))
  expect(error).toMatchObject({ code: 'LLM_UNREACHABLE' })
})

/** Where all families behave alike, one line stands for them. */
function table(rows: Row[]): string {
  const groups = Map.groupBy(rows, row =>
    [row.fault, row.attempts, row.delays.replace(/\d\d\.\d+/, '<30'), row.code].join('|'),
  )
  const cells = [['fault', 'families', 'attempts', 'waits, s', 'code', 'what the user sees (of the first)']].concat(
    Array.from(groups.values(), group => {
      const { fault, attempts, delays, code, sees } = group[0]!
      const families = group.length === FAMILIES.length ? 'all' : group.map(row => row.family).join(', ')
      return [fault, families, `${attempts}`, delays, code, sees.length > 150 ? `${sees.slice(0, 150)}…` : sees]
    }),
  )
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map(row => row[column]!.length)))
  return cells
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
