/**
 * The server against a bare `Bun.serve` compiled the same way, in one run: start to first answer, private memory, GET
 * latency, a model's token to a subscriber, and a whole turn with one tool call against a model that answers at once.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chat } from '../../tests/support/model-replies.ts'
import { type ModelServer, startModelServer } from '../../tests/support/model-server.ts'
import { atMost, median, mib, ms, quantile, type Row, table, times } from './measure.ts'
import { buildBare, cpuOf, memory, PRODUCT, type Running, start } from './running.ts'

/** Both programs in turn, and the least of each: what the work takes on a machine that has other things to do as well. */
async function starts(bare: string, home: string): Promise<Row[]> {
  const samples = { [PRODUCT]: { time: [] as number[], cpu: [] as number[] }, [bare]: { time: [], cpu: [] } }
  for (let round = 0; round < 40; round++)
    for (const [binary, { time, cpu }] of Object.entries(samples)) {
      const begun = performance.now()
      const running = await start(binary, home)
      await (await fetch(`${running.url}/health`)).text()
      if (round >= 5) {
        time.push(performance.now() - begun)
        cpu.push(cpuOf(running))
      }
      await running.stop()
    }
  const [ours, theirs] = [samples[PRODUCT]!, samples[bare]!]
  const row = (what: string, mine: number, yardstick: number): Row[] => [
    { what, value: ms(mine), bare: ms(yardstick) },
    atMost('  ratio', mine / yardstick, 1.5, times),
  ]
  return [
    ...row('start to first /health', Math.min(...ours.time), Math.min(...theirs.time)),
    ...row('  processor time', Math.min(...ours.cpu), Math.min(...theirs.cpu)),
  ]
}

async function gets(bare: Running, product: Running, session: string): Promise<Row[]> {
  const sample = async (running: Running, path: string) => {
    const begun = performance.now()
    await (await fetch(running.url + path, { headers: running.headers })).arrayBuffer()
    return performance.now() - begun
  }
  const [ours, theirs]: number[][] = [[], []]
  for (let i = 0; i < 3000; i++) {
    const pair = [await sample(product, `/api/sessions/${session}`), await sample(bare, '/')] as const
    if (i < 500) continue
    ours!.push(pair[0])
    theirs!.push(pair[1])
  }
  return [
    { what: 'GET session p50', value: ms(median(ours!)), bare: ms(median(theirs!)) },
    atMost('  ratio', median(ours!) / median(theirs!), 1.2, times),
    { what: 'GET session p99', value: ms(quantile(ours!, 0.99)), bare: ms(quantile(theirs!, 0.99)) },
  ]
}

/** One token at a time: the next is written when the one before has arrived, so that nothing waits in a queue. */
async function tokens(model: ModelServer, product: Running, session: string): Promise<Row[]> {
  const COUNT = 400
  const arrived = Array.from({ length: COUNT }, () => Promise.withResolvers<void>())
  const sent: number[] = []
  const samples: number[] = []
  const frames = chat({ text: Array.from({ length: COUNT }, (_, i) => `token${i};`) })
  const pieces = frames.flatMap(frame => {
    const index = /token(\d+);/.exec(frame)?.[1]
    if (index === undefined) return [frame]
    const i = Number(index)
    const turn = i === 0 ? Promise.resolve() : arrived[i - 1]!.promise
    return [turn.then(() => (sent[i] = performance.now())), frame]
  })
  model.add(pieces)
  const stream = await fetch(`${product.url}/api/sessions/${session}/events`, { headers: product.headers })
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
      const now = performance.now()
      const text = decoder.decode(chunk)
      for (const [, index] of text.matchAll(/message\.delta\n.*token(\d+);/g)) {
        samples.push(now - sent[Number(index)]!)
        arrived[Number(index)]!.resolve()
      }
      if (text.includes('event: turn.end')) return
    }
  })()
  await product.call(`POST /api/sessions/${session}/prompt`, { text: 'stream' })
  await reading
  const warm = samples.slice(50)
  return [
    atMost('model token to subscriber p50', median(warm), 0.3, ms),
    { what: 'model token to subscriber p99', value: ms(quantile(warm, 0.99)) },
  ]
}

async function turns(model: ModelServer, product: Running, home: string, save_transcript: boolean): Promise<number[]> {
  const { session_id } = await product.call('POST /api/sessions', { project_path: home, config: { save_transcript } })
  const samples: number[] = []
  for (let i = 0; i < 40; i++) {
    model.add(chat({ calls: [{ id: 'c', name: 'read_file', args: { path: 'note.txt' } }] }), chat({ text: 'done' }))
    const begun = performance.now()
    await product.call(`POST /api/sessions/${session_id}/prompt`, { text: 'go', wait: true })
    if (i >= 10) samples.push(performance.now() - begun)
  }
  return samples
}

/** Resolves with whether every target was met. */
export async function benchServer(): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const bareBinary = buildBare(home)
  writeFileSync(join(home, 'note.txt'), 'hello\n')
  const model = await startModelServer()
  const provider = `model = "bench/m"\n[providers.bench]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\n`
  writeFileSync(join(home, 'bench.toml'), provider)

  const rows = await starts(bareBinary, home)
  const [bare, product] = [
    await start(bareBinary, home),
    await start(PRODUCT, home, ['--config', join(home, 'bench.toml')]),
  ]
  const lean = await start(PRODUCT, home)
  rows.push(atMost('private memory at rest', memory(lean, 'RssAnon'), 7, mib, { bare: mib(memory(bare, 'RssAnon')) }))
  rows.push({ what: 'total memory at rest', value: mib(memory(lean, 'VmRSS')), bare: mib(memory(bare, 'VmRSS')) })
  const { session_id } = await product.call('POST /api/sessions', { project_path: home })
  rows.push(...(await gets(bare, product, session_id)), ...(await tokens(model, product, session_id)))
  rows.push(atMost('turn with one tool call, nothing saved', median(await turns(model, product, home, false)), 10, ms))
  rows.push({
    what: 'the same, every promise synced to disk',
    value: ms(median(await turns(model, product, home, true))),
  })
  rows.push({ what: 'private memory after 80 turns', value: mib(memory(product, 'RssAnon')) })
  await Promise.all([bare, product, lean].map(running => running.stop()))
  await model.close()
  rmSync(home, { recursive: true, force: true })
  return table('Server', rows)
}
