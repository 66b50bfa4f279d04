import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { chat } from '../../tests/support/model-replies.ts'
import type { Figure } from './figure.ts'
import { timed } from './measure.ts'
import { type Bench, cpuOf, memory, type Running } from './running.ts'
import { saveSession } from './saved.ts'

const WARM = 10
const COUNT = 40

/** Has the model answer a turn with one call, then an end. */
function script({ model }: Bench) {
  model.requests.length = 0
  model.add(chat({ calls: [{ id: 'c', name: 'read_file', args: { path: 'note.txt' } }] }), chat({ text: 'done' }))
}

const prompt = (product: Running, id: string) =>
  product.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })

/** Turns with one tool call and a model that answers at once, compared with the same two requests and nothing else. */
export async function turns(bench: Bench, product: Running, bare: Running): Promise<Figure[]> {
  const { home, model } = bench
  const open = async (save_transcript: boolean): Promise<string> =>
    (await product.call('POST /api/sessions', { project_path: home, config: { save_transcript } })).session_id
  const address = `url=${encodeURIComponent(`${model.url}/v1/chat/completions`)}&file=${encodeURIComponent(`${home}/note.txt`)}`
  const samples = { kept: [] as number[], saved: [] as number[], bare: [] as number[] }
  const [kept, saved] = [await open(false), await open(true)]
  let tokens = 0
  for (let i = 0; i < COUNT; i++) {
    const took = { kept: 0, saved: 0, bare: 0 }
    for (const [name, work] of [
      ['kept', () => prompt(product, kept)],
      ['saved', () => prompt(product, saved)],
      ['bare', () => bare.call(`POST /turn?${address}`, {})],
    ] as const) {
      script(bench)
      took[name] = await timed(work)
      if (i === 0 && name === 'kept') tokens = countTokens(model.requests[0]!.text)
    }
    if (i >= WARM) for (const name of ['kept', 'saved', 'bare'] as const) samples[name].push(took[name])
  }
  const beside = { what: 'two calls and no more', samples: samples.bare }
  return [
    { what: 'turn with one tool call, nothing saved', unit: 'ms', samples: samples.kept, beside, most: 10 },
    { what: '  every event synced to disk', unit: 'ms', samples: samples.saved, beside },
    { what: 'first request, o200k', unit: 'tokens', samples: [tokens] },
  ]
}

/** The processor time of a turn, which is the same on a busy machine, as a session grows. */
export async function growth(bench: Bench): Promise<Figure[]> {
  const product = await bench.start()
  const sessions = [10, 1_000, 10_000].map(count => ({
    count,
    id: saveSession(bench.home, 'bench/m', count),
    samples: [] as number[],
  }))
  for (const { id } of sessions) await product.call(`POST /api/sessions/${id}/resume`)
  for (let round = 0; round < COUNT; round++)
    for (const { id, samples } of sessions) {
      script(bench)
      const before = cpuOf(product)
      await prompt(product, id)
      if (round >= WARM) samples.push(cpuOf(product) - before)
    }
  await product.stop()
  const [small, ...grown] = sessions
  return grown.map(({ count, samples }) => ({
    what: `processor time of a turn at event ${count.toLocaleString('en')}`,
    unit: 'ms' as const,
    samples,
    beside: { what: `at event ${small!.count}`, samples: small!.samples },
    ...(count === 10_000 && { most_ratio: 2 }),
  }))
}

const TURNS = 200
const SESSIONS = 1_000
/** After so long without activity the backend has returned memory to the system. */
const REST_MS = 13_000

/** The private memory of a process after turns: at once, and at rest again. */
export async function holdingTurns(bench: Bench): Promise<Figure[]> {
  const product = await bench.start()
  const { session_id } = await product.call('POST /api/sessions', { project_path: bench.home })
  for (let i = 0; i < TURNS; i++) {
    script(bench)
    await prompt(product, session_id)
  }
  const working = memory(product, 'RssAnon')
  await Bun.sleep(REST_MS)
  const rested = memory(product, 'RssAnon')
  await product.stop()
  return [
    { what: `private memory after ${TURNS} turns, at once`, unit: 'MiB', samples: [working] },
    { what: '  at rest', unit: 'MiB', samples: [rested], most: 40 },
  ]
}

/** The same for sessions that do nothing. */
export async function holdingSessions(bench: Bench): Promise<Figure[]> {
  const product = await bench.start()
  const open = () =>
    product.call('POST /api/sessions', { project_path: bench.home, config: { save_transcript: false } })
  for (let i = 0; i < 20; i++) await open()
  await Bun.sleep(1_000)
  const before = memory(product, 'RssAnon')
  for (let i = 0; i < SESSIONS; i++) await open()
  await Bun.sleep(2_000)
  const opened = memory(product, 'RssAnon')
  await Bun.sleep(REST_MS)
  const rested = memory(product, 'RssAnon')
  await product.stop()
  return [
    {
      what: `private memory with ${SESSIONS.toLocaleString('en')} open sessions, at rest`,
      unit: 'MiB',
      samples: [rested],
    },
    { what: '  of each, as it is opened', unit: 'KiB', samples: [((opened - before) * 1024) / SESSIONS], most: 20 },
  ]
}

/** The same bundle under Node: a turn, nothing saved. */
export async function turnsOnNode(bench: Bench, node: Running): Promise<Figure[]> {
  const { session_id } = await node.call('POST /api/sessions', {
    project_path: bench.home,
    config: { save_transcript: false },
  })
  const samples: number[] = []
  for (let i = 0; i < COUNT; i++) {
    script(bench)
    samples.push(await timed(() => prompt(node, session_id)))
  }
  return [{ what: 'under Node: turn with one tool call, nothing saved', unit: 'ms', samples: samples.slice(WARM) }]
}
