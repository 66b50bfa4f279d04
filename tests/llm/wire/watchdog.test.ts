import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { withRetry } from '../../../src/llm/retry.ts'
import { stream } from '../../../src/llm/stream.ts'
import { patienceOf } from '../../../src/llm/wire/exchange.ts'
import { Silence } from '../../../src/llm/wire/watchdog.ts'
import { endpointFor, outcomeOf, request, textOf } from '../../support/model-call.ts'
import { FAMILIES, say } from '../../support/model-replies.ts'
import { gate, type ModelServer, startModelServer } from '../../support/model-server.ts'

describe('Silence', () => {
  test('adds up between two signs of life', () => {
    const silence = new Silence(0, 1_000)
    expect([1_000, 2_000, 3_000].map(now => silence.tick(now))).toEqual([1_000, 2_000, 3_000])
    silence.heard(3_500)
    expect(silence.tick(4_000)).toBe(500)
  })

  test('a suspended machine is no silence', () => {
    const silence = new Silence(0, 1_000)
    silence.tick(1_000)
    expect(silence.tick(8 * 3_600_000)).toBe(3_000)
  })

  test('nor is a clock that goes back', () => {
    const silence = new Silence(10_000, 1_000)
    expect(silence.tick(5_000)).toBe(0)
    expect(silence.tick(6_000)).toBe(1_000)
  })
})

describe('one call', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  for (const family of FAMILIES) {
    const frames = say(family, { text: ['Hello ', 'there'] })
    const second = frames.findIndex(frame => frame.includes('there'))

    test(`${family}: streams as it comes`, async () => {
      const held = gate()
      server.add([...frames.slice(0, second), held.wait, ...frames.slice(second)])
      const shown: string[] = []
      const { reply } = await outcomeOf(stream(endpointFor(family, server.url), request(), signal()), event => {
        if (event.type === 'text') shown.push(event.text)
        held.open() // only now does the rest exist
      })
      expect(shown).toEqual(['Hello ', 'there'])
      expect(reply?.text).toBe('Hello there')
    })

    test(`${family}: an abort while it streams ends it at once, and the connection`, async () => {
      server.add({ body: frames.slice(0, second), hang: true })
      const controller = new AbortController()
      const reason = new Error('interrupted')
      const { error, events } = await outcomeOf(
        stream(endpointFor(family, server.url), request(), controller.signal),
        () => controller.abort(reason),
      )
      expect(error).toBe(reason)
      expect(textOf(events)).toBe('Hello ')
      await server.requests.at(-1)!.closed
    })

    test(`${family}: an abort before the first byte`, async () => {
      const asked = server.asked(server.requests.length + 1)
      const held = gate()
      server.add(async () => {
        await held.wait
        return frames
      })
      const controller = new AbortController()
      const outcome = outcomeOf(stream(endpointFor(family, server.url), request(), controller.signal))
      await asked
      controller.abort()
      expect((await outcome).error).toMatchObject({ name: 'AbortError' })
      await server.requests.at(-1)!.closed
      held.open()
    })

    test(`${family}: an abort beforehand asks nobody`, async () => {
      const before = server.requests.length
      const call = stream(endpointFor(family, server.url), request(), AbortSignal.abort('no'))
      expect((await outcomeOf(call)).error).toBe('no')
      expect(server.requests).toHaveLength(before)
    })

    test(`${family}: an abort while it waits to try again`, async () => {
      server.add({ status: 500 })
      const controller = new AbortController()
      const retrying = withRetry((request, signal) => stream(endpointFor(family, server.url), request, signal))
      const { error } = await outcomeOf(retrying(request(), controller.signal), () => controller.abort('enough'))
      expect(error).toBe('enough')
    })

    test(`${family}: a reader that turns away closes the connection`, async () => {
      server.add({ body: frames.slice(0, second), hang: true })
      for await (const _ of stream(endpointFor(family, server.url), request(), signal())) break
      await server.requests.at(-1)!.closed
    })

    test(`${family}: keep-alives are life, and a slow reader is no silence`, async () => {
      const patience = { first_ms: 1_000, idle_ms: 600, finished_ms: 600 }
      const pings = Array.from({ length: 12 }, (_, i) => [Bun.sleep(75 * (i + 1)), ': still there\n\n']).flat()
      server.add([...frames.slice(0, second), ...pings, ...frames.slice(second)])
      const { reply } = await outcomeOf(stream(endpointFor(family, server.url), request(), signal(), patience))
      expect(reply?.text).toBe('Hello there')
    })

    test(`${family}: a connection that stays open behind the finish is not waited for`, async () => {
      const patience = { first_ms: 60_000, idle_ms: 2_000, finished_ms: 30 }
      const end = frames.findLastIndex(frame =>
        /stop_reason|finish_reason":"|finishReason|response\.completed/.test(frame),
      )
      server.add({ body: frames.slice(0, end + 1), hang: true })
      const { reply } = await outcomeOf(stream(endpointFor(family, server.url), request(), signal(), patience))
      expect(reply).toMatchObject({ text: 'Hello there', stop_reason: 'end_turn' })
    })
  }
})

const signal = () => new AbortController().signal

test('a provider may be silent as long as the configuration says, else as long as fits its kind', () => {
  expect(patienceOf(endpointFor('chat', undefined, { timeout_seconds: 30 }))).toMatchObject({
    first_ms: 30_000,
    idle_ms: 30_000,
  })
  const { first_ms, idle_ms } = patienceOf(endpointFor('chat'))
  expect(idle_ms).toBe(first_ms) // a local server holds a call back as long as it holds back the first word
})
