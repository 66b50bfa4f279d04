import { expect, test } from 'bun:test'
import { anthropicReader } from '../../src/llm/anthropic/anthropic-reader.ts'
import { detectingReader } from '../../src/llm/detect.ts'
import { LlmError } from '../../src/llm/errors.ts'
import { stream } from '../../src/llm/stream.ts'
import { MalformedStream } from '../../src/llm/wire/sse.ts'
import { textualReader } from '../../src/llm/wire/textual.ts'
import { endpointFor, type Outcome, outcomeOf, READ_FILE, readPieces, request } from '../support/model-call.ts'
import { FAMILIES, type Family, type Said, say } from '../support/model-replies.ts'
import { splitAt, startModelServer } from '../support/model-server.ts'

const STREAMS = 10_000
const OVER_HTTP = 400

/** A small generator with a seed, so that a failure can be seen again: the seed is in the message. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const SAID: Said[] = [
  { text: ['Hello ', 'there'] },
  { thinking: 'Hm', text: 'Yes', calls: [{ name: 'read_file', args: { path: 'a', deep: { list: [1, 'ä😄'] } } }] },
  { calls: [{ name: 'read_file' }, { name: 'grep', args: { pattern: '</tool_call>' } }] },
  { text: '<tool_call>{"name":"read_file","arguments":{}}</tool_call>' },
]

const JUNK = [
  'null',
  '[]',
  '{}',
  '1e999',
  '-1',
  '"x"',
  '\\u0000',
  '\n\n',
  '\r',
  'data: ',
  'event: error\n',
  '[DONE]',
  '<html>',
  '{"error":{}}',
  '\u2028',
  '""',
]

type Random = (below: number) => number

/** Bytes lost, doubled, changed, swapped, cut off, and values of the wrong type. */
const MUTATIONS: ((text: string, random: Random) => string)[] = [
  (text, random) => text.slice(0, random(text.length)),
  (text, random) => cut(text, random, (a, _, b) => a + b),
  (text, random) => cut(text, random, (a, middle, b) => a + middle + middle + b),
  (text, random) => cut(text, random, (a, _, b) => a + JUNK[random(JUNK.length)] + b),
  (text, random) =>
    text.replace(/("[a-z_]+":)("[^"]*"|\d+|null)/g, (all, key) => (random(12) === 0 ? key + JUNK[random(6)] : all)),
  (text, random) => {
    const frames = text.split('\n\n')
    frames.sort(() => (random(6) === 0 ? -1 : 0))
    return frames.join('\n\n')
  },
  (text, random) =>
    text
      .split('\n\n')
      .filter(() => random(8) > 0)
      .join('\n\n'),
  (text, random) => text.replaceAll('\n', random(2) === 0 ? '\r\n' : '\r'),
  (text, random) =>
    text.replaceAll(/"(id|index|name|type|item_id|output_index)":[^,}]+,?/g, all => (random(4) === 0 ? '' : all)),
  text => text,
]

function cut(text: string, random: Random, join: (a: string, middle: string, b: string) => string): string {
  const from = random(text.length)
  const to = from + random(40)
  return join(text.slice(0, from), text.slice(from, to), text.slice(to))
}

function mutated(seed: number): { family: Family; textual: boolean; pieces: Uint8Array[] } {
  const random = randomFrom(seed)
  const family = FAMILIES[random(FAMILIES.length)]!
  let text = say(family, SAID[random(SAID.length)]!).join('')
  for (let round = 1 + random(3); round > 0; round--) text = MUTATIONS[random(MUTATIONS.length)]!(text, random)
  const bytes = Buffer.from(text)
  if (random(4) === 0 && bytes.length > 0) bytes[random(bytes.length)] = random(256)
  const cuts = Array.from({ length: random(6) }, () => random(bytes.length + 1))
  return { family, textual: random(5) === 0, pieces: splitAt(bytes, cuts) }
}

/** A reply or a typed error, and never a call that was not whole. */
function check({ reply, error }: Outcome, seed: number, typed: (error: unknown) => boolean): 'reply' | 'error' {
  if (error !== undefined) {
    if (!typed(error)) throw new Error(`seed ${seed}`, { cause: error })
    return 'error'
  }
  const raw = (reply!.provider_data?.['raw_arguments'] ?? {}) as Record<string, string>
  for (const call of reply!.tool_calls) {
    expect(call.tool_call_id, `seed ${seed}`).toMatch(/^tc_/)
    expect(typeof call.params, `seed ${seed}`).toBe('object')
    if (call.tool_call_id in raw) expect(call.params).toEqual({})
  }
  for (const tokens of Object.values(reply!.usage))
    expect(Number.isFinite(tokens) && tokens >= 0, `seed ${seed}`).toBe(true)
  JSON.stringify(reply)
  return 'reply'
}

test(`${STREAMS} mutated and fragmented streams end in a reply or a typed error`, async () => {
  const start = Date.now() % 1_000_000
  const ends = { reply: 0, error: 0 }
  const parsersTyped = (error: unknown) => error instanceof LlmError || error instanceof MalformedStream
  for (let seed = start; seed < start + STREAMS - OVER_HTTP; seed++) {
    const { family, textual, pieces } = mutated(seed)
    const endpoint = endpointFor(family)
    const reader = family === 'anthropic' ? anthropicReader(endpoint) : detectingReader(endpoint)
    const read = textual ? textualReader(reader, [READ_FILE], true) : reader
    ends[check(readPieces(endpoint, read, pieces), seed, parsersTyped)]++
  }
  const server = await startModelServer()
  for (let seed = start + STREAMS - OVER_HTTP; seed < start + STREAMS; seed++) {
    const { family, pieces } = mutated(seed)
    server.add(pieces)
    const outcome = await outcomeOf(stream(endpointFor(family, server.url), request(), new AbortController().signal))
    ends[check(outcome, seed, error => error instanceof LlmError)]++
  }
  await server.close()
  process.stdout.write(
    `\n${STREAMS} streams (seeds from ${start}): ${ends.reply} replies, ${ends.error} typed errors, 0 crashes, 0 hangs\n`,
  )
  expect(ends.reply + ends.error).toBe(STREAMS)
}, 180_000)
