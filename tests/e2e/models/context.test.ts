import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { Backend } from '../../support/backend.ts'
import {
  eventsIn,
  FAMILIES,
  type Families,
  type Family,
  familyOf,
  flawsIn,
  follow,
  isSummary,
  type Line,
  logOf,
  MODELS,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import { type Said, say } from '../../support/model-replies.ts'
import type { Asked, Reply } from '../../support/model-server.ts'
import { haveRecordings, httpRecording } from '../../support/recordings.ts'

/** A window so small that a few files fill it; prices that make a cost easy to check. */
const SMALL = Object.values(MODELS)
  .map(id => `[models."${id}"]\ncontext_window = 16000\nmax_output = 2000\nprices = { input = 1, output = 10 }`)
  .join('\n')

let on: Families
beforeAll(async () => {
  on = await startFamilies(SMALL)
})

const file = (name: string, lines = 80) =>
  Array.from({ length: lines }, (_, i) => `export const ${name}_${i} = compute(${i}, 'of ${name}')`).join('\n')
const FILES = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}.ts`, file(`f${i}`)]))
const read = (path: string): Line => ({ text: `Reading ${path}.`, calls: [{ name: 'read_file', args: { path } }] })
/** Text that takes room and cannot be trimmed. */
const long = (what: string) => `${what} ${'and this is why it is so '.repeat(150)}`

describe.each(FAMILIES)('a long session with %s', family => {
  test('is trimmed, then summarised, within one turn; every request is one that the provider takes', async () => {
    const { backend, model } = on
    const from = model.requests.length
    const { id, stream, turn, view } = await openSession(on, family, FILES)
    const spent = { input: 0, output: 0 }
    const counted = (asked: Asked, said: Said): Said => {
      const usage = { input: Math.round(asked.text.length / 4), output: isSummary(asked) ? 500 : 100 }
      spent.input += usage.input
      spent.output += usage.output
      return { ...said, usage }
    }
    // Each round reads a file, which can be trimmed, and says a little, which cannot.
    const rounds = Array.from({ length: 40 }, (_, i) => ({
      text: long(`Round ${i}:`).slice(0, 1_500),
      calls: [{ name: 'read_file', args: { path: `f${i}.ts` } }],
    }))
    on.summary = asked => counted(asked, { text: 'SUMMARY' })
    const lines = [...rounds, { text: 'All read.' }].map(said => (asked: Asked) => sayTo(asked, counted(asked, said)))
    const reply = await turn('Read every file, and tell me what is odd', lines)
    expect(reply).toMatchObject({ status: 'success', text: 'All read.' })

    expect(flawsIn(model, from)).toEqual([])
    const asked = model.requests.slice(from)
    const summaries = asked.filter(isSummary)
    expect(summaries.length).toBeGreaterThanOrEqual(1)
    expect(summaries.length).toBeLessThan(12)
    const made = storedOf(stream, 'context.compacted')
    expect(made).toHaveLength(summaries.length)
    for (const { tokens_before, tokens_after, summary } of made) {
      expect(tokens_after).toBeLessThan(tokens_before)
      expect(summary).toContain('The request under way, word for word:\nRead every file, and tell me what is odd')
    }
    // The log has everything that ever was, and so has the transcript.
    const results = eventsIn(await logOf(backend, id)).filter(event => event.type === 'tool.result')
    expect(results).toHaveLength(40)
    for (const [i, { result }] of results.entries()) expect(result.content).toContain(`f${i}_79`)
    expect((await backend.call(`GET /api/sessions/${id}/transcript`)).text).toContain('f0_79')

    // What a summary cost is counted, in the turn and in the session.
    const usage = {
      input_tokens: spent.input,
      output_tokens: spent.output,
      cost_usd: expect.closeTo((spent.input + spent.output * 10) / 1e6, 9),
    }
    expect({ ...reply.usage }).toMatchObject(usage)
    expect({ ...storedOf(stream, 'turn.end')[0].usage }).toMatchObject(usage)
    expect({ ...(await view()).usage }).toMatchObject(usage)

    // From one request to the next nothing changes but the end, except where something was trimmed or summarised.
    const kept = asked.filter(each => !isSummary(each)).map(historyIn)
    const breaks = kept.filter((text, i) => i > 0 && !text.startsWith(kept[i - 1]!)).length
    expect(breaks).toBeLessThan(summaries.length * 3 + 4)
  }, 180_000)

  test('goes on after kill -9, as the same one', async () => {
    const { home, model, says } = on
    const before = await Backend.start(home)
    const { id, turn } = await openSession({ backend: before, says }, family, FILES)
    on.summary = () => ({ text: 'WHAT WAS' })
    for (let i = 0; i < 6; i++) await turn(long(`Q${i}`), [{ text: long(`A${i}`) }])
    const log = eventsIn(await logOf(before, id))
    expect(log.filter(event => event.type === 'context.compacted')).not.toEqual([])
    before.process.kill('SIGKILL')
    await before.exited

    const after = await Backend.start(home)
    expect(await after.call(`POST /api/sessions/${id}/resume`)).toMatchObject({ status: 200 })
    const resumed = await follow(after, id, says)
    const from = model.requests.length
    // Each family in turn takes what the others left behind.
    for (const next of [family, ...FAMILIES.filter(each => each !== family)]) {
      await resumed.patch({ model: MODELS[next] })
      const reply = await resumed.turn('And then?', [read('f1.ts'), { text: `Said ${next}.`, thinking: 'Hm.' }])
      expect(reply).toMatchObject({ status: 'success', text: `Said ${next}.` })
    }
    expect(flawsIn(model, from)).toEqual([])
    expect(model.requests[from]!.text).toContain('WHAT WAS')
  }, 180_000)
})

describe('a server with a window that nobody knows', () => {
  test.each([
    ['says nothing', ''],
    [
      'says so in its own words',
      '{"error":"The text that you sent is longer than 20000 tokens, which I can not read"}',
    ],
    ['says nothing to the point', '{"error":{"message":"Bad Request"}}'],
  ])('is sent less when it refuses what is much longer than before, and %s', async (_, body) => {
    const { model } = on
    const { turn, stream } = await openSession(on, { model: 'test/unknown-window' }, FILES)
    const from = model.requests.length
    const WINDOW = 60_000
    on.summary = () => ({ text: 'A SUMMARY' })
    const lines = Array.from({ length: 24 }, (_, i) => (asked: Asked): Reply => {
      if (asked.text.length > WINDOW) return { status: 400, body }
      const calls = Array.from({ length: 4 }, (_, k) => ({ name: 'read_file', args: { path: `f${i * 4 + k}.ts` } }))
      return say('chat', i < 12 ? { calls } : { text: 'All read.' }) as Reply
    })
    const reply = await turn('Read them', lines)
    expect(reply).toMatchObject({ status: 'success', text: 'All read.' })
    const asked = model.requests.slice(from)
    await useUp(lines.length - asked.filter(each => !isSummary(each)).length)
    const sizes = asked.map(({ text }) => text.length)
    const refused = sizes.map(size => size > WINDOW)
    expect(refused).toContain(true)
    expect(refused.some((each, i) => each && refused[i + 1] && refused[i + 2])).toBe(false)
    expect(storedOf(stream, 'turn.end').map(({ outcome }) => outcome)).toEqual(['completed'])
  })
})

/** In the words of whoever is asked. */
const sayTo = (asked: Asked, said: Said) => say(familyOf(asked), said)

/** Takes lines that nobody asked for. */
async function useUp(count: number) {
  for (let i = 0; i < count; i++) await (await fetch(on.model.url, { method: 'POST', body: '{}' })).text()
}

/** The part of a request that grows, without its end and without marks that move. */
function historyIn({ body }: Asked): string {
  const history = body.messages ?? body.input ?? body.contents
  return JSON.stringify(history, (key, value) => (key === 'cache_control' ? undefined : value)).slice(0, -2)
}

/** What each says of a prompt that is too long, as it says it. */
const TOO_LONG: [string, Family, Reply][] = [
  [
    'Anthropic',
    'anthropic',
    {
      status: 400,
      body: '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215000 tokens > 200000 maximum"}}',
    },
  ],
  [
    'Anthropic, by size',
    'anthropic',
    {
      status: 413,
      body: '{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}',
    },
  ],
  [
    'OpenAI',
    'responses',
    {
      status: 400,
      body: '{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}',
    },
  ],
  [
    'OpenAI, inside the stream',
    'responses',
    {
      body: 'event: error\ndata: {"type":"error","code":"context_length_exceeded","message":"Your input exceeds the context window of this model.","param":"input","sequence_number":2}\n\n',
    },
  ],
  [
    'Google',
    'gemini',
    {
      status: 400,
      body: '{"error":{"code":400,"message":"The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}',
    },
  ],
  [
    'vLLM',
    'chat',
    {
      status: 400,
      body: '{"object":"error","message":"This model\'s maximum context length is 8192 tokens. However, you requested 9000 tokens in the messages.","type":"BadRequestError","param":null,"code":400}',
    },
  ],
  [
    'LM Studio',
    'chat',
    {
      status: 400,
      body: '{"error":"The number of tokens to keep from the initial prompt is greater than the context length."}',
    },
  ],
  [
    'llama.cpp, recorded',
    'chat',
    haveRecordings
      ? httpRecording('llamacpp-context-exceeded.http')
      : {
          status: 400,
          body: '{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}',
        },
  ],
]

describe('a provider that finds a prompt too long', () => {
  test.each(TOO_LONG)('%s: less is sent, and the turn goes on', async (_, family, refusal) => {
    const { model } = on
    const { stream, turn } = await openSession(on, family)
    for (const what of ['one', 'two']) await turn(long(what), [{ text: long(`${what} indeed`) }])
    const from = model.requests.length
    on.summary = () => ({ text: 'It was about one and two.' })
    const reply = await turn('So?', [refusal, { text: 'So it is.' }])
    expect(reply).toMatchObject({ status: 'success', text: 'So it is.' })
    const [refused, summary, again] = model.requests.slice(from) as [Asked, Asked, Asked]
    expect(isSummary(summary)).toBe(true)
    expect(again.text.length).toBeLessThan(refused.text.length)
    expect(historyIn(again)).toContain('It was about one and two.')
    expect(flawsIn(model, from)).toEqual([])
    expect(storedOf(stream, 'error')).toMatchObject([{ code: 'LLM_CONTEXT_LENGTH', recoverable: true, retry_in_ms: 0 }])
    expect(stream.types()).toEndWith(
      'thinking error thinking thinking context.compacted thinking message.delta message turn.end idle',
    )
  })

  test('again and again: a typed error after three attempts, and the session still works', async () => {
    const { model } = on
    const { stream, turn } = await openSession(on, 'chat')
    for (let i = 0; i < 3; i++) await turn(long(`q${i}`), [{ text: long(`a${i}`) }])
    const from = model.requests.length
    const refusal: Reply = { status: 400, body: '{"error":{"code":"context_length_exceeded","message":"too long"}}' }
    on.summary = () => ({ text: long('S') })
    const reply = await turn(
      'So?',
      Array.from({ length: 4 }, () => refusal),
    )
    expect(reply).toMatchObject({ status: 'error', error: { code: 'LLM_CONTEXT_LENGTH' } })
    const asked = model.requests.slice(from)
    expect(asked.filter(each => !isSummary(each)).length).toBeLessThanOrEqual(4)
    expect(asked.filter(isSummary).length).toBeLessThanOrEqual(3)
    expect(storedOf(stream, 'error').at(-1).message).toMatch(/start a new session/i)
    await useUp(4 - asked.filter(each => !isSummary(each)).length)
    expect(await turn('Short now?', [{ text: 'Yes.' }])).toMatchObject({ status: 'success', text: 'Yes.' })
  })
})

describe('a server that cuts prompts silently', () => {
  test('is found out, said, and not sent so much again', async () => {
    const { model } = on
    const { stream, turn } = await openSession(on, { model: 'test/ollama-like' }, FILES)
    /** Counts as Ollama does with a window of 8,192. */
    const counted = (asked: Asked) => {
      const tokens = Math.round(asked.text.length / 4)
      return tokens > 8_192 ? 4_098 : tokens
    }
    const honest = (said: Said) => (asked: Asked) => sayTo(asked, { ...said, usage: { input: counted(asked) } })
    const lines = Array.from({ length: 8 }, (_, i) =>
      honest({ text: '', calls: [{ name: 'read_file', args: { path: `f${i}.ts` } }] }),
    )
    on.summary = asked => ({ text: 'What was read.', usage: { input: counted(asked) } })
    const reply = await turn('Read eight files', [...lines, honest({ text: 'Read.' })])
    expect(reply).toMatchObject({ status: 'success', text: 'Read.' })
    const errors = storedOf(stream, 'error')
    expect(errors).toMatchObject([{ code: 'LLM_CONTEXT_LENGTH', recoverable: true }])
    expect(errors[0].message).toMatch(
      /counted 4098 tokens.*within 8192 tokens.*num_ctx.*\[models\."test\/ollama-like"\]/s,
    )
    const cut = model.requests.findLastIndex(asked => asked.text.length / 4 > 8_192)
    expect(cut).toBeLessThan(model.requests.length - 1)
    expect(flawsIn(model, model.requests.length - 9)).toEqual([])
  })

  test.each<[string, Said['usage'], Said['usage']]>([
    ['counts nothing', { input: 0 }, { input: 0 }],
    ['counts only what was not cached', { input: 2_000 }, { input: 1_100 }],
    ['says what was cached', { input: 10, cache_read: 12_000 }, { input: 10, cache_read: 12_000 }],
  ])('one that %s is not accused', async (_, forResult, forPrompt) => {
    const { stream, turn } = await openSession(on, { model: 'test/other' }, FILES)
    const lines = Array.from({ length: 3 }, (_, i) => ({ ...(read(`f${i}.ts`) as Said), usage: forResult }))
    await turn('Read', [...lines, { text: 'Yes.', usage: forResult }])
    expect(await turn(long('So?'), [{ text: 'Well.', usage: forPrompt }])).toMatchObject({ status: 'success' })
    expect(storedOf(stream, 'error')).toEqual([])
  })
})

describe('the call for a summary', () => {
  /** So long that the next prompt asks for one. */
  async function full() {
    on.summary = null
    const session = await openSession(on, 'anthropic')
    for (let i = 0; i < 4; i++) await session.turn(long(`q${i}`), [{ text: long(`a${i}`) }])
    return session
  }

  test('an interrupt ends it at once, and the next prompt asks for it again', async () => {
    const { model, says } = on
    const { stream, turn, post, id, backend } = await full()
    const from = model.requests.length
    says({ body: [], hang: true })
    const before = stream.frames.length
    await post('prompt', { text: long('q6') })
    await model.asked(from + 1)
    expect(isSummary(model.requests[from]!)).toBe(true)
    expect(await post('interrupt')).toMatchObject({ status: 200, body: { agent_state: 'idle' } })
    await stream.idle(before)
    expect(storedOf(stream, 'turn.end').at(-1)).toMatchObject({ outcome: 'interrupted' })
    expect(storedOf(stream, 'context.compacted')).toEqual([])
    says({ text: 'SUMMARY' }, { text: 'Going on.' })
    expect(await turn('Go on')).toMatchObject({ status: 'success', text: 'Going on.' })
    expect(flawsIn(model, from)).toEqual([])
    expect(eventsIn(await logOf(backend, id)).filter(event => event.type === 'context.compacted')).toHaveLength(1)
  })

  test('its retries are told like any other', async () => {
    const { turn, stream } = await full()
    const busy: Reply = {
      status: 529,
      headers: { 'retry-after': '0' },
      body: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    }
    const reply = await turn(long('q6'), [busy, { text: 'SUMMARY' }, { text: 'Yes.' }])
    expect(reply).toMatchObject({ status: 'success', text: 'Yes.' })
    expect(storedOf(stream, 'error')).toMatchObject([{ code: 'LLM_OVERLOADED', recoverable: true, retry_in_ms: 0 }])
  })

  test('a key that is refused there ends the turn as it does anywhere', async () => {
    const { turn } = await full()
    const reply = await turn(long('q6'), [
      { status: 401, body: '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}' },
    ])
    expect(reply).toMatchObject({ status: 'error', error: { code: 'LLM_AUTH' } })
  })
})

test('the summary is in the transcripts, beside all that it stands for', async () => {
  const { backend } = on
  on.summary = () => ({ text: 'THE SUMMARY OF IT' })
  const { id, turn } = await openSession(on, 'chat')
  for (let i = 0; i < 6; i++) await turn(long(`q${i}`), [{ text: long(`a${i}`) }])
  const { body } = await backend.call(`DELETE /api/sessions/${id}`)
  const org = readFileSync(body.transcript_path, 'utf8')
  expect(org).toContain('THE SUMMARY OF IT')
  expect(org).toContain('q0 and this is why')
})
