import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import {
  FAMILIES,
  type Families,
  follow,
  type Line,
  MODELS,
  openSession,
  startFamilies,
  storedOf,
} from '../../support/families.ts'
import type { Asked } from '../../support/model-server.ts'

let on: Families
beforeAll(async () => {
  on = await startFamilies('[models."test/priced"]\nprices = { input = 1, output = 10, cache_read = 0.1 }')
})

const figures: string[][] = [
  ['family', 'first request', '', 'second', '', 'unchanged from the first', 'second in third*'],
]
afterAll(() => {
  const width = (column: number) => Math.max(...figures.map(row => row[column]!.length))
  const lines = figures.map(row =>
    row
      .map((cell, i) => cell.padEnd(width(i)))
      .join('  ')
      .trimEnd(),
  )
  process.stdout.write(`\n${lines.join('\n')}\n* but for the mark of Claude that moves on\n`)
})

/** How much of a request stands unchanged at the beginning of the next one, in bytes. */
function share(before: Asked, after: Asked): number {
  const [a, b] = [Buffer.from(before.text), Buffer.from(after.text)]
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  return same / a.length
}
const percent = (value: number) => `${(value * 100).toFixed(2)} %`
const read = (path: string): Line => ({
  thinking: 'Hm.',
  text: 'Let me look.',
  calls: [{ name: 'read_file', args: { path } }],
})
const FILES = { 'a.txt': 'alpha\n'.repeat(300), 'b.txt': 'beta\n'.repeat(300), 'AGENTS.md': 'Be kind. '.repeat(200) }

describe.each(FAMILIES)('%s', family => {
  test('a second request begins with the first', async () => {
    const { model } = on
    const from = model.requests.length
    const { turn } = await openSession(on, family, FILES)
    await turn('Look at both files', [read('a.txt'), read('b.txt'), { text: 'Seen.' }])
    await turn('And now?', [{ text: 'Nothing.' }])
    const [first, second, third, fourth] = model.requests.slice(from) as [Asked, Asked, Asked, Asked]
    figures.push([
      family,
      `${first.text.length} B`,
      `${countTokens(first.text)} tokens`,
      `${second.text.length} B`,
      `${countTokens(second.text)} tokens`,
      percent(share(first, second)),
      percent(share(withoutMarks(second), withoutMarks(third))),
    ])
    expect(share(first, second)).toBeGreaterThanOrEqual(0.99)
    // A mark that moves on, and the end of the list, are all that differs later.
    const [second_, third_, fourth_] = [second, third, fourth].map(withoutMarks) as [Asked, Asked, Asked]
    expect(share(second_, third_)).toBeGreaterThanOrEqual(0.99)
    expect(share(third_, fourth_)).toBeGreaterThanOrEqual(0.99)
  })

  test('the prefix is the same for every session on a project, also after a restart', async () => {
    const { model, start, says } = on
    const from = model.requests.length
    const first = await openSession(on, family, FILES)
    await first.turn('One', [{ text: '1' }])
    const again = await on.backend.session(first.project, { model: MODELS[family] })
    await (await follow(on.backend, again, says)).turn('Two', [{ text: '2' }])
    const other = await start()
    await (await follow(other, await other.session(first.project, { model: MODELS[family] }), says)).turn('Three', [
      { text: '3' },
    ])
    const prefixes = model.requests.slice(from).map(prefixOf)
    expect(prefixes[0]!.length).toBeGreaterThan(4_000)
    expect(new Set(prefixes).size).toBe(1)
    expect(prefixes[0]).not.toMatch(/20\d\d-\d\d-\d\d|tc_|turn_|a\.txt/)
  })
})

const withoutMarks = (asked: Asked): Asked => ({
  ...asked,
  text: asked.text.replaceAll(',"cache_control":{"type":"ephemeral"}', ''),
})

/** What comes before the conversation, without the id of the session. */
const prefixOf = ({ body }: Asked): string => {
  const { messages, input, contents, prompt_cache_key, ...rest } = body
  return JSON.stringify([rest, messages?.[0]?.role === 'system' ? messages[0] : null])
}

describe("Claude's cache", () => {
  /** The prompt as far as each breakpoint, as text, and how many blocks it has. */
  function breakpoints({ body }: Asked): { text: string; blocks: number }[] {
    const blocks = [
      ...body.tools,
      ...body.system,
      ...body.messages.flatMap((m: any) => m.content.map((b: any) => [m.role, b])),
    ]
    const texts = blocks.map(block =>
      JSON.stringify(block, (key, value) => (key === 'cache_control' ? undefined : value)),
    )
    return blocks.flatMap((block, i) =>
      JSON.stringify(block).includes('cache_control') ? [{ text: texts.slice(0, i + 1).join(), blocks: i + 1 }] : [],
    )
  }

  test('each round reads all that the one before wrote, and no request has more than four breakpoints', async () => {
    const { model } = on
    const from = model.requests.length
    const { turn } = await openSession(on, 'anthropic', FILES)
    const many = {
      calls: Array.from({ length: 25 }, (_, i) => ({
        id: `t${i}`,
        name: 'read_file',
        args: { path: 'a.txt', limit: i + 1 },
      })),
    }
    await turn('Go', [read('a.txt'), many, read('b.txt'), many, { text: 'Done.' }])
    await turn('Again', [read('a.txt'), { text: 'Done.' }])
    const asked = model.requests.slice(from)
    expect(asked).toHaveLength(7)
    for (const [i, each] of asked.entries()) {
      const marks = breakpoints(each)
      expect(marks.length).toBeLessThanOrEqual(4)
      expect(marks.at(-1)!.text.length).toBeGreaterThan(each.text.length * 0.8)
      if (i === 0) continue
      const written = breakpoints(asked[i - 1]!).at(-1)!
      // A lookup goes back at most 20 blocks from a breakpoint.
      expect(marks.some(({ text, blocks }) => text.startsWith(written.text) && blocks - written.blocks <= 20)).toBe(
        true,
      )
    }
  })
})

describe('usage and cost', () => {
  const usage = { input: 1_000, output: 200, cache_read: 5_000 }
  const counted = { input_tokens: 1_000, output_tokens: 200, cache_read_tokens: 5_000, cache_write_tokens: 0 }
  const twice = { input_tokens: 2_000, output_tokens: 400, cache_read_tokens: 10_000, cache_write_tokens: 0 }
  const COSTS: [string, string, number | undefined][] = [
    ['bundled', MODELS.anthropic, (1_000 * 2 + 200 * 10 + 5_000 * 0.1) / 1e6],
    ['bundled', MODELS.responses, (1_000 * 0.1 + 200 * 0.5 + 5_000 * 0.01) / 1e6],
    ['bundled', MODELS.gemini, (1_000 * 0.75 + 200 * 3.75 + 5_000 * 0.075) / 1e6],
    ['from the configuration', 'test/priced', (1_000 + 2_000 + 500) / 1e6],
    ['unknown', MODELS.chat, undefined],
  ]
  test.each(COSTS)('prices %s: %s, by message, turn and session', async (_, model, cost) => {
    const { stream, turn, view } = await openSession(on, { model }, FILES)
    const cost_of = (times: number) => (cost === undefined ? undefined : expect.closeTo(cost * times, 9))
    const same = (real: any, tokens: object, times: number) => {
      const { cost_usd, ...rest } = real
      expect(rest).toEqual(tokens)
      expect([cost_usd]).toEqual([cost_of(times)])
    }
    const reply = await turn('Look', [{ ...(read('a.txt') as object), usage } as Line, { text: 'Seen.', usage }])
    for (const message of storedOf(stream, 'message')) same(message.usage, counted, 1)
    same(storedOf(stream, 'turn.end')[0].usage, twice, 2)
    same(reply.usage, twice, 2)
    same((await view()).usage, twice, 2)
    await turn('Again', [{ text: 'Yes.', usage }])
    const total = Object.fromEntries(Object.entries(counted).map(([key, value]) => [key, value * 3]))
    same((await view()).usage, total, 3)
    expect((await view()).context_tokens).toBe(6_200)
  })

  test('a session that also used a model without prices tells tokens alone: an understated cost would be a guess', async () => {
    const { turn, view, patch, stream } = await openSession(on, 'anthropic')
    await turn('One', [{ text: '1', usage }])
    expect((await view()).usage.cost_usd).toBeGreaterThan(0)
    await patch({ model: MODELS.chat })
    await turn('Two', [{ text: '2', usage }])
    expect((await view()).usage).toEqual(twice)
    expect(storedOf(stream, 'turn.end').map(end => end.usage.cost_usd === undefined)).toEqual([false, true])
  })

  test('the summary of a list of transcripts says the same', async () => {
    const { backend } = on
    const { turn, view, id } = await openSession(on, 'anthropic')
    await turn('One', [{ text: '1', usage }])
    const { body } = await backend.call('GET /api/transcripts?limit=1000')
    expect(body.transcripts.find((each: any) => each.session_id === id).usage).toEqual((await view()).usage)
  })
})
