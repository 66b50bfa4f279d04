import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { tokensOf } from '../../src/agent/context.ts'
import { anthropicBody } from '../../src/llm/anthropic/anthropic-request.ts'
import { geminiBody } from '../../src/llm/gemini/gemini-request.ts'
import { chatBody } from '../../src/llm/openai/openai-request.ts'
import { responsesBody } from '../../src/llm/openai/responses-request.ts'
import type { Image, ModelMessage, ModelRequest } from '../../src/llm/provider.ts'
import { growingLog } from '../support/growing-log.ts'
import { endpointFor } from '../support/model-call.ts'
import { chat } from '../support/model-replies.ts'
import { code, compactions, requestBuilders, textOf } from '../support/request-builder.ts'
import { flawsOf } from '../support/valid-history.ts'

const { server, builder } = requestBuilders()
const images: Image[] = [{ media_type: 'image/png', data: 'AAAA' }]

const isTrimmed = (message: ModelMessage) => textOf(message).includes('trimmed to save room')

/** The request in the words of each family. */
function bodiesOf(request: ModelRequest): { path: string; body: any }[] {
  const none = new Set<never>()
  return [
    { path: '/messages', body: anthropicBody(endpointFor('anthropic'), request, none) },
    { path: '/chat', body: chatBody(endpointFor('chat'), request, none) },
    { path: '/responses', body: responsesBody(endpointFor('responses'), request, none) },
    { path: ':generateContent', body: geminiBody(endpointFor('gemini'), request, none) },
  ]
}

describe('the estimate', () => {
  const TEXTS: [string, string][] = [
    ['code', code(200)],
    ['prose', 'The quick brown fox jumps over the lazy dog, and nobody minds. '.repeat(50)],
    ['JSON', JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ id, name: `item ${id}`, done: id % 2 === 0 })))],
    ['Japanese', '日本語の文章はトークンの数え方が違います。'.repeat(50)],
    ['Russian', 'Съешь же ещё этих мягких французских булок, да выпей чаю. '.repeat(50)],
    ['emoji', '😀🎉🚀'.repeat(100)],
  ]
  test.each(TEXTS)('of %s is near what o200k counts, and seldom below', (_, text) => {
    const ratio = tokensOf([{ role: 'user', text }]) / countTokens(text)
    expect(ratio).toBeGreaterThanOrEqual(0.75)
    expect(ratio).toBeLessThan(3)
  })

  test('counts images, calls, and what a provider wants back', () => {
    const plain = {
      role: 'assistant' as const,
      text: 'x'.repeat(320),
      tool_calls: [],
      model: 'm',
    } satisfies ModelMessage
    expect(tokensOf([{ role: 'user', text: 'x'.repeat(320), images }])).toBe(1_700)
    expect(tokensOf([plain])).toBe(100)
    const call = { tool_call_id: 'tc_1', tool: 'write_file', params: { content: 'y'.repeat(3_200) } }
    expect(tokensOf([{ ...plain, tool_calls: [call] }])).toBeGreaterThan(1_100)
    const provider_data = { provider: 'p', blocks: [{ thinking: 'z'.repeat(3_200) }] }
    expect(tokensOf([{ ...plain, provider_data }])).toBeGreaterThan(1_000)
  })
})

describe('trimming', () => {
  /** Rounds of a file each. */
  function session() {
    const log = growingLog()
    log.prompt('Look at everything')
    const ids = Array.from({ length: 24 }, (_, i) => log.round([{ path: `f${i}.ts`, content: code(100, i) }])[0]!)
    return { log, ids, size: tokensOf([{ role: 'user', text: code(100) }]) }
  }

  test('nothing is touched while there is room', async () => {
    const { log, size } = session()
    const { build } = builder(log, size * 24 * 1.5)
    expect((await build()).request.messages.filter(isTrimmed)).toEqual([])
  })

  test('the oldest go first, and only as many as needed; the latest stay whole', async () => {
    const { log, size } = session()
    const { build } = builder(log, size * 24)
    const { request, yielded } = await build()
    const results = request.messages.filter(message => message.role === 'tool')
    const trimmed = results.map(isTrimmed)
    const count = trimmed.indexOf(false)
    expect(count).toBeGreaterThan(10)
    expect(count).toBeLessThan(20)
    expect(trimmed.slice(count)).not.toContain(true)
    expect(tokensOf(request.messages)).toBeLessThan(size * 24 * 0.55)
    expect(yielded).toEqual([])
    expect(textOf(results[0]!)).toMatch(/^1\texport .*\n\[\d+ characters trimmed to save room; call the tool again/s)
  })

  test('results about files that were changed go last', async () => {
    const { log, size } = session()
    log.changed('f0.ts')
    log.changed('f2.ts')
    const { build } = builder(log, size * 24)
    const results = (await build()).request.messages.filter(message => message.role === 'tool')
    expect(results.slice(0, 5).map(isTrimmed)).toEqual([false, true, false, true, true])
  })

  test('what was trimmed stays so, byte for byte, also when its file is changed later', async () => {
    const { log, size } = session()
    const { build } = builder(log, size * 24)
    const before = (await build()).request.messages
    log.changed('f0.ts')
    log.round([{ path: 'small', content: 'tiny' }])
    const after = (await build()).request.messages
    expect(JSON.stringify(after.slice(0, before.length))).toBe(JSON.stringify(before))
  })

  test('images of old results go too, and are said to', async () => {
    const log = growingLog()
    log.prompt('Look')
    for (let i = 0; i < 12; i++) log.round([{ path: `${i}.png`, content: `${i}.png: PNG image, shown.`, images: 1 }])
    const { build, attachments } = builder(log, 20_000)
    for (const event of log.events)
      if (event.type === 'tool.result') await attachments.keepImages(event.tool_call_id, images)
    const { request } = await build()
    const results = request.messages.flatMap(message => (message.role === 'tool' ? [message] : []))
    expect({ ...results[0]! }).toMatchObject({
      content: expect.stringContaining('0.png: PNG image, shown.\n[The image was left out'),
    })
    expect(results[0]!.images).toBeUndefined()
    expect(results.at(-1)!.images).toEqual(images)
    expect(tokensOf(request.messages)).toBeLessThan(16_000)
  })

  test('what the model has not seen is trimmed only when nothing else helps', async () => {
    const log = growingLog()
    log.prompt('Read all of it')
    log.round(Array.from({ length: 10 }, (_, i) => ({ path: `f${i}.ts`, content: code(150, i) })))
    const size = tokensOf([{ role: 'user', text: code(150) }])
    const fits = await builder(log, size * 11).build()
    expect(fits.request.messages.filter(isTrimmed)).toEqual([])
    const { request } = await builder(log, size * 5).build()
    const trimmed = request.messages.slice(2).map(isTrimmed)
    expect(trimmed[0]).toBe(true)
    expect(trimmed.at(-1)).toBe(false)
    expect(tokensOf(request.messages)).toBeLessThanOrEqual(size * 5)
  })

  test('a cut parts no character', async () => {
    const log = growingLog()
    log.prompt('x')
    log.round([{ path: 'a', content: `${'x'.repeat(599)}😀${'y'.repeat(20_000)}😀${'z'.repeat(599)}` }])
    const { request } = await builder(log, 1_500).build()
    expect(isTrimmed(request.messages[2]!)).toBe(true)
    expect(textOf(request.messages[2]!).isWellFormed()).toBe(true)
  })
})

test('whatever a session does: requests fit, are valid, and repeat the one before but for announced changes', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('turn' as const), words: fc.integer({ min: 1, max: 400 }) }),
    fc.record({
      kind: fc.constant('round' as const),
      lines: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 }),
      changes: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('cut' as const) }),
    fc.record({ kind: fc.constant('steer' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 6_000, max: 20_000 }),
      async (steps, room) => {
        const log = growingLog()
        const { build, fit } = builder(log, room)
        log.prompt('Begin')
        let before = ''
        for (const step of steps) {
          if (step.kind === 'turn') {
            log.says(`It is so. ${'because '.repeat(step.words)}`)
            log.prompt(`Then ${'why '.repeat(step.words)}`)
          } else if (step.kind === 'round') {
            log.round(step.lines.map((lines, i) => ({ path: `${i}.ts`, content: code(lines, i) })))
            if (step.changes) log.changed('1.ts')
          } else if (step.kind === 'cut') log.cut('So this is')
          else log.steer('no, wait')
          const trims = fit.trimmed.size
          const waiting = server().requests.length
          server().add(chat({ text: 'A summary of it all.' }))
          const { request, yielded } = await build()
          // The summary that nobody asked for is taken off the queue again.
          if (server().requests.length === waiting) await fetch(`${server().url}/v1/x`, { method: 'POST', body: '{}' })
          const { messages } = request
          expect(tokensOf(messages)).toBeLessThanOrEqual(room)
          expect(messages[0]!.role).toBe('user')
          for (const body of bodiesOf(request)) expect(flawsOf(body)).toEqual([])
          const now = JSON.stringify(messages).slice(0, -1)
          if (fit.trimmed.size === trims && compactions(yielded).length === 0) expect(now.startsWith(before)).toBe(true)
          before = now
        }
      },
    ),
    { numRuns: 60 },
  )
}, 180_000)
