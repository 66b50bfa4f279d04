import { describe, expect, test } from 'bun:test'
import { tokensOf } from '../../src/agent/context.ts'
import type { ContextCompacted } from '../../src/event.ts'
import { growingLog } from '../support/growing-log.ts'
import type { Script } from '../support/model-server.ts'
import { code, compactions, requestBuilders, textOf } from '../support/request-builder.ts'

const { server, builder, answers } = requestBuilders()

describe('summarising', () => {
  /** Turns of text alone: there is nothing to trim. */
  function talk(turns = 20, words = 150) {
    const log = growingLog()
    for (let i = 0; i < turns; i++) {
      log.prompt(`Question ${i}: ${'why is that so '.repeat(words / 10)}`)
      log.says(`Answer ${i}: ${'because it is '.repeat(words / 3)}`)
    }
    log.prompt('And now, in one word?')
    return log
  }

  test('the older part becomes a summary; the log stays as it is', async () => {
    const log = talk()
    const before = structuredClone(log.events)
    answers({ text: 'SUMMARY', usage: { input: 900, output: 30 } })
    const { request, yielded } = await builder(log, 4_000).build()
    const [compaction] = compactions(yielded) as [ContextCompacted]
    expect(compaction.tokens_after).toBeLessThan(compaction.tokens_before / 2)
    expect(compaction.usage).toMatchObject({ input_tokens: 900, output_tokens: 30, cost_usd: 1 })
    expect(compaction.summary).toBe('SUMMARY')
    expect(log.events.slice(0, before.length)).toEqual(before)
    expect(textOf(request.messages[0]!)).toContain('SUMMARY')
    expect(request.messages.at(-1)).toMatchObject({ role: 'user', text: 'And now, in one word?' })
    const asked = server().requests.at(-1)!.body
    expect(asked.tools).toBeUndefined()
    expect(asked.messages[1].content).toContain('USER: Question 0: why')
    expect(asked.messages[1].content).toContain('ASSISTANT: Answer 0: because')
    expect(yielded.map(event => (event.type === 'agent.state' ? event.details : event.type))).toEqual([
      'Summarising the conversation so far',
      'context.compacted',
      undefined,
    ])
  })

  test('a second one has the first in it, wherever the first one ended', async () => {
    const log = talk()
    const { build } = builder(log, 4_000)
    answers({ text: 'THE FIRST SUMMARY' })
    await build()
    for (let i = 0; i < 12; i++) {
      log.says(`More ${i}: ${'because it is '.repeat(50)}`)
      log.prompt(`Next ${i}: ${'why is that so '.repeat(15)}`)
    }
    answers({ text: 'THE SECOND' })
    const { request } = await build()
    expect(server().requests.at(-1)!.body.messages[1].content).toContain('THE FIRST SUMMARY')
    expect(JSON.stringify(request.messages)).not.toContain('THE FIRST SUMMARY')
    // At once again: what is kept begins before the event of the first one.
    const { fit } = builder(log, 4_000)
    fit.sent = tokensOf(request.messages)
    answers({ text: 'THE THIRD' })
    const smaller = builder(log, 4_000, { fit })
    const again = await smaller.build(1)
    expect(server().requests.at(-1)!.body.messages[1].content).toContain('THE SECOND')
    expect(textOf(again.request.messages[0]!)).toContain('THE THIRD')
  })

  test('within one long turn: the request stands word for word, with the files that were changed', async () => {
    const log = growingLog()
    log.prompt('Rename foo to bar in all files')
    for (let i = 0; i < 40; i++) {
      log.round([{ path: `f${i}.ts`, content: 'done '.repeat(100) }], `Now file ${i}, ${'as before '.repeat(20)}`)
      log.changed(`f${i}.ts`)
    }
    answers({ text: 'I renamed it in many files.' })
    const { request, yielded } = await builder(log, 5_000).build()
    const [{ summary, first_kept_id }] = compactions(yielded) as [ContextCompacted]
    expect(summary).toStartWith(
      'I renamed it in many files.\n\nThe request under way, word for word:\nRename foo to bar in',
    )
    expect(summary).toEndWith('f38.ts, f39.ts')
    expect(log.events.find(event => event.id === first_kept_id)!.type).toBe('message')
    expect(request.messages.map(message => message.role).join(' ')).toMatch(/^user (assistant tool ?)+$/)
  })

  test('notes stay with what they are about, and steers in their place', async () => {
    const log = talk(18)
    log.cut('half an ')
    log.steer('and quickly')
    answers({ text: 'S' })
    const { request } = await builder(log, 4_000).build()
    expect(request.messages.slice(-4).map(textOf)).toEqual([
      'And now, in one word?',
      'half an ',
      expect.stringContaining('Continue exactly'),
      'and quickly',
    ])
  })

  test('a summary that is endless takes its share only', async () => {
    const log = talk()
    answers({ text: `begin ${'blah '.repeat(20_000)} end` })
    const { request } = await builder(log, 4_000).build()
    expect(tokensOf(request.messages.slice(0, 1))).toBeLessThan(4_000 * 0.2)
    expect(textOf(request.messages[0]!)).toMatch(/begin .*\[…\].* end/s)
  })

  test('a summary that is refused as too long is asked for with half the text', async () => {
    const log = talk()
    const tooLong: Script = { status: 400, body: '{"error":{"code":"context_length_exceeded","message":"too long"}}' }
    answers(tooLong, { text: 'S' })
    await builder(log, 4_000).build()
    const [first, second] = server()
      .requests.slice(-2)
      .map(asked => asked.text.length)
    expect(second!).toBeLessThan(first! * 0.7)
  })

  test.each([
    ['nothing', { text: '' }],
    ['a refusal', { text: 'No.', stop: 'content_filter' }],
  ])('%s instead of a summary is asked for again, then a typed error', async (_, said) => {
    answers(said, { text: 'S', usage: { input: 100 } })
    const [{ usage }] = compactions((await builder(talk(), 4_000).build()).yielded) as [ContextCompacted]
    expect(usage!.input_tokens).toBe(110)
    answers(said, said, said)
    expect(builder(talk(), 4_000).build()).rejects.toMatchObject({ code: 'LLM_CONTEXT_LENGTH' })
  })

  test('an interrupt ends it', async () => {
    const abort = new AbortController()
    answers(() => {
      abort.abort(new Error('stop'))
      return { hang: true }
    })
    expect(builder(talk(), 4_000).build(0, abort.signal)).rejects.toThrow('stop')
  })
})

describe('when nothing fits', () => {
  test('one prompt beyond a known window is a typed error, and no call', async () => {
    const log = growingLog()
    log.prompt(code(2_000))
    const before = server().requests.length
    expect(builder(log, 4_000).build()).rejects.toMatchObject({ code: 'LLM_CONTEXT_LENGTH' })
    expect(server().requests).toHaveLength(before)
  })

  test('with a window that is only guessed the provider decides; once it refused, it is a typed error', async () => {
    const log = growingLog()
    log.prompt(code(10_000))
    const { build } = builder(log, undefined)
    expect((await build()).request.messages).toHaveLength(1)
    expect(build(1)).rejects.toMatchObject({ code: 'LLM_CONTEXT_LENGTH' })
  })

  test('a refusal leaves half the room of what was sent, whatever the window is said to be', async () => {
    const log = growingLog()
    for (let i = 0; i < 30; i++) {
      log.prompt(`Question ${i} ${'why '.repeat(100)}`)
      log.says(`Answer ${i} ${'so '.repeat(100)}`)
    }
    log.prompt('Go on')
    const { build, fit } = builder(log, 1_000_000)
    const sent = tokensOf((await build()).request.messages)
    answers({ text: 'S' })
    expect(tokensOf((await build(1)).request.messages)).toBeLessThan(sent / 2)
    // And so it stays: the next request does not run into the same wall.
    const limit = fit.limits.get('test/m')
    await build()
    expect(fit.limits.get('test/m')).toBe(limit!)
  })

  test('at most three summaries for one request', async () => {
    const log = growingLog()
    for (let i = 0; i < 30; i++) log.says(`Answer ${i} ${'so '.repeat(100)}`)
    const { build } = builder(log, 4_000)
    const before = server().requests.length
    let shrink = 0
    for (; shrink < 10; shrink++) {
      answers({ text: 'S'.repeat(4_000) })
      if (await build(shrink).catch(error => error.code === 'LLM_CONTEXT_LENGTH')) break
    }
    expect(server().requests.length - before).toBeLessThanOrEqual(3)
  })
})
