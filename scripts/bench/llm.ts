/**
 * The model clients: how fast streams are read, how much of a request stays the same from round to round (which is what
 * provider caches live on), and what it takes to build a request from a long log.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { createAttachments } from '../../src/agent/attachments.ts'
import { createFit } from '../../src/agent/context.ts'
import { createReader } from '../../src/agent/history.ts'
import { buildRequest } from '../../src/agent/request.ts'
import { anthropicReader } from '../../src/llm/anthropic/anthropic-reader.ts'
import { anthropicBody } from '../../src/llm/anthropic/anthropic-request.ts'
import { detectingReader } from '../../src/llm/detect.ts'
import { geminiBody } from '../../src/llm/gemini/gemini-request.ts'
import { chatBody } from '../../src/llm/openai/openai-request.ts'
import { responsesBody } from '../../src/llm/openai/responses-request.ts'
import type { ModelRequest } from '../../src/llm/provider.ts'
import { bodyText } from '../../src/llm/wire/body-text.ts'
import { growingLog } from '../../tests/support/growing-log.ts'
import { endpointFor, readPieces } from '../../tests/support/model-call.ts'
import { FAMILIES, type Family, say } from '../../tests/support/model-replies.ts'
import { startModelServer } from '../../tests/support/model-server.ts'
import { RECORDINGS } from '../../tests/support/recorded.ts'
import { haveRecordings, recording } from '../../tests/support/recordings.ts'
import { atMost, ms, quantile, type Row, table } from './measure.ts'
import { PRODUCT, start } from './running.ts'

/** What the work itself takes, on a machine that has other things to do as well. */
const undisturbed = (samples: readonly number[]): number => quantile(samples, 0.2)

/** What arrives from a network in one piece. */
const PACKET = 1_400
const packets = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / PACKET) }, (_, i) => bytes.subarray(i * PACKET, (i + 1) * PACKET))

/** Streams of a family: the recorded ones where there are some, else one of ours that is as long as an answer can be. */
function streamsOf(family: Family): Uint8Array[] {
  const recorded = haveRecordings
    ? Object.entries(RECORDINGS).flatMap(([file, of]) => (of.family === family && !of.error ? [recording(file)] : []))
    : []
  if (recorded.length > 0) return recorded
  const text = Array.from({ length: 3_000 }, (_, i) => `word${i} `)
  return [Buffer.from(say(family, { text, calls: [{ name: 'read_file', args: { path: 'a' } }] }).join(''))]
}

/** Fifty times what the fastest models send: 1,000 tokens a second, of 200 bytes each. */
const SLOWEST = 10
const times = (value: number) => `${value.toFixed(1)}×`
const perSecond = (bytes: number, elapsed_ms: number) => bytes / 1e3 / elapsed_ms

/** Megabytes a second, beside what it takes to find the lines and parse their JSON, and do nothing with it. */
function throughput(family: Family): Row[] {
  const streams = streamsOf(family)
  const bytes = streams.reduce((sum, each) => sum + each.length, 0)
  const endpoint = endpointFor(family)
  const reader = () => (family === 'anthropic' ? anthropicReader(endpoint) : detectingReader(endpoint))
  const read = () => {
    for (const each of streams) readPieces(endpoint, reader(), packets(each))
  }
  const bare = () => {
    for (const each of streams)
      for (const line of new TextDecoder().decode(each).split('\n'))
        if (line.startsWith('data: {')) JSON.parse(line.slice(6))
  }
  const measure = (work: () => void) => {
    const samples: number[] = []
    for (let i = 0; i < 60; i++) {
      const begun = performance.now()
      work()
      if (i >= 20) samples.push(performance.now() - begun)
    }
    return undisturbed(samples)
  }
  const [ours, parsing] = [measure(read), measure(bare)]
  const speed = perSecond(bytes, ours)
  return [
    {
      what: `${family}: ${streams.length} ${haveRecordings ? 'recorded' : 'generated'}, ${bytes} bytes`,
      value: `${speed.toFixed(0)} MB/s`,
      bare: `${perSecond(bytes, parsing).toFixed(0)} MB/s`,
      ratio: times(ours / parsing),
      target: `≥ ${SLOWEST} MB/s`,
      met: speed >= SLOWEST,
    },
  ]
}

const PROVIDERS: Record<Family, (url: string) => string> = {
  anthropic: url => `model = "anthropic/claude-sonnet-5-5"\n[providers.anthropic]\napi_key = "x"\nbase_url = "${url}"`,
  chat: url => `model = "bench/m"\n[providers.bench]\nkind = "openai-compatible"\nbase_url = "${url}/v1"`,
  responses: url => `model = "openai/gpt-6-luna"\n[providers.openai]\napi_key = "x"\nbase_url = "${url}/v1"`,
  gemini: url => `model = "gemini/gemini-3.8-flash"\n[providers.gemini]\napi_key = "x"\nbase_url = "${url}/v1beta"`,
}

/** A turn with one tool call, on the product: the second request, and how much of the first it repeats. */
async function rounds(family: Family): Promise<Row[]> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const model = await startModelServer()
  writeFileSync(join(home, 'bench.toml'), PROVIDERS[family](model.url))
  writeFileSync(join(home, 'note.txt'), 'A line of some length, as they are in real files.\n'.repeat(200))
  const product = await start(PRODUCT, home, ['--config', join(home, 'bench.toml')])
  try {
    const { session_id } = await product.call('POST /api/sessions', { project_path: home })
    const calls = [{ id: 'call_1', name: 'read_file', args: { path: 'note.txt' } }]
    model.add(say(family, { thinking: 'Hm.', text: 'Let me look.', calls }), say(family, { text: 'Done.' }))
    await product.call(`POST /api/sessions/${session_id}/prompt`, { text: 'What is in note.txt?', wait: true })
    const [first, second] = model.requests.map(asked => asked.text) as [string, string]
    const [a, b] = [Buffer.from(first), Buffer.from(second)]
    let same = 0
    while (same < a.length && a[same] === b[same]) same++
    const share = (same / a.length) * 100
    return [
      { what: `${family}: first request`, value: `${a.length} bytes`, bare: `${countTokens(first)} tokens` },
      { what: '  second request', value: `${b.length} bytes`, bare: `${countTokens(second)} tokens` },
      {
        what: '  unchanged from the first',
        value: `${share.toFixed(2)} %`,
        bare: `${countTokens(a.subarray(0, same).toString())} tokens`,
        target: '≥ 99 %',
        met: share >= 99,
      },
    ]
  } finally {
    await product.stop()
    await model.close()
    rmSync(home, { recursive: true, force: true })
  }
}

/** A log of so many messages: turns of a prompt, a call, its result and an answer. */
function longLog(messages: number) {
  const log = growingLog('anthropic/claude-sonnet-5-5')
  const turn = (i: number) => {
    log.prompt(`Please do thing number ${i}, as you did the others.`)
    log.round([{ path: `src/${i}.ts`, content: `${i}\tconst x = foo(bar)\n`.repeat(20) }], 'Let me look at it.')
    log.says('It is done, as the others were. '.repeat(6))
  }
  for (let i = 0; i < messages / 4; i++) turn(i)
  return { log, turn }
}

/** Each build is for a log that has grown since the one before, as it has in a session. */
async function builds(messages: number) {
  const { log, turn } = longLog(messages)
  const from = {
    session_id: 's',
    turn_id: 't',
    model: 'anthropic/claude-sonnet-5-5',
    info: { id: 'anthropic/claude-sonnet-5-5', provider: 'anthropic', usable: true, context_window: 1_000_000 },
    agent: { name: 'build', description: '', instructions: '', read_only: false, origin: '' },
    frozen: { system: 'You are a bench.', tools: [] },
    fit: createFit(),
    shrink: 0,
    log: () => log.events,
    read: createReader(),
    attachments: createAttachments({ project: '/', allowed: [], forbidden: [] }, () => null),
    // biome-ignore lint/correctness/useYield: nothing is asked: it all fits
    stream: async function* () {
      throw new Error('not to be asked')
    },
    price: (_: string, usage: never) => usage,
    summariser: async (model: string) => model,
    signal: new AbortController().signal,
  }
  const samples: number[] = []
  let request: ModelRequest | undefined
  for (let i = 0; i < 40; i++) {
    const begun = performance.now()
    const { value } = await buildRequest(from).next()
    samples.push(performance.now() - begun)
    request = value as ModelRequest
    turn(messages + i)
  }
  return { first: samples[0]!, usual: undisturbed(samples.slice(10)), request: request! }
}

async function building(): Promise<Row[]> {
  const half = await builds(2_500)
  const { first, usual, request } = await builds(5_000)
  const body = (make: () => object) => {
    const samples = Array.from({ length: 20 }, () => {
      const begun = performance.now()
      bodyText(make())
      return performance.now() - begun
    })
    return undisturbed(samples.slice(5))
  }
  const none = new Set<never>()
  const BODIES: Record<Family, () => object> = {
    anthropic: () => anthropicBody(endpointFor('anthropic'), request, none),
    chat: () => chatBody(endpointFor('chat'), request, none),
    responses: () => responsesBody(endpointFor('responses'), request, none),
    gemini: () => geminiBody(endpointFor('gemini'), request, none),
  }
  return [
    atMost(`request from a log of ${request.messages.length} messages`, usual, 2, ms),
    { what: '  the first one', value: ms(first) },
    atMost('  to half as many messages', usual / half.usual, 3, times, { bare: ms(half.usual) }),
    ...FAMILIES.map(family => ({ what: `  as JSON for ${family}, after the first`, value: ms(body(BODIES[family])) })),
  ]
}

/** Resolves with whether every target was met. */
export async function benchLlm(): Promise<boolean> {
  const results = [table('Streams read (bare: lines found and JSON parsed)', FAMILIES.flatMap(throughput))]
  const requests: Row[] = []
  for (const family of FAMILIES) requests.push(...(await rounds(family)))
  results.push(table('Requests of a turn with one tool call (bare: o200k tokens)', requests))
  results.push(table('Requests built from the log', await building()))
  return results.every(Boolean)
}
