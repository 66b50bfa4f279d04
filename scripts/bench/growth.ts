/**
 * What grows with a session, and should not: a turn on logs of 10 to 10,000 events, a thousand sessions that do nothing Processor time, since it is the same on a busy machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chat } from '../../tests/support/model-replies.ts'
import { type ModelServer, startModelServer } from '../../tests/support/model-server.ts'
import { atMost, ms, quantile, type Row, table, times } from './measure.ts'
import { cpuOf, memory, PRODUCT, type Running, start } from './running.ts'
import { saveSession } from './saved.ts'

const MODEL = 'bench/m'
const SIZES = [10, 100, 1_000, 10_000]
const ROUNDS = 30
const kib = (value: number) => `${value.toFixed(1)} KiB`

/** Turns with one tool call, on sessions of all sizes in turn. */
async function turns(home: string, model: ModelServer, product: Running): Promise<Row[]> {
  const sessions = SIZES.map(count => ({ count, id: saveSession(home, MODEL, count), samples: [] as number[] }))
  for (const { id } of sessions) await product.call(`POST /api/sessions/${id}/resume`)
  for (let round = 0; round < ROUNDS; round++)
    for (const { id, samples } of sessions) {
      model.add(chat({ calls: [{ id: 'c', name: 'read_file', args: { path: 'note.txt' } }] }), chat({ text: 'done' }))
      const before = cpuOf(product)
      await product.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })
      if (round >= 5) samples.push(cpuOf(product) - before)
    }
  for (const { id } of sessions) await product.call(`DELETE /api/sessions/${id}`)
  const cost = new Map(sessions.map(({ count, samples }) => [count, quantile(samples, 0.25)]))
  return [
    ...SIZES.map(count => ({
      what: `turn with one tool call, ${count} events: processor time`,
      value: ms(cost.get(count)!),
    })),
    atMost('  10,000 events to 100', cost.get(10_000)! / cost.get(100)!, 2, times),
  ]
}

async function idle(home: string, _: ModelServer, product: Running): Promise<Row[]> {
  const COUNT = 1_000
  const open = () => product.call('POST /api/sessions', { project_path: home, config: { save_transcript: false } })
  for (let i = 0; i < 20; i++) await open()
  await new Promise(resolve => setTimeout(resolve, 1_000))
  const before = memory(product, 'RssAnon')
  for (let i = 0; i < COUNT; i++) await open()
  await new Promise(resolve => setTimeout(resolve, 2_000))
  return [atMost(`idle session, of ${COUNT}`, ((memory(product, 'RssAnon') - before) * 1024) / COUNT, 20, kib)]
}

/** Resolves with whether every target was met. */
export async function benchGrowth(): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const model = await startModelServer()
  writeFileSync(join(home, 'note.txt'), 'hello\n')
  const provider = `model = "${MODEL}"\n[providers.bench]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\n`
  writeFileSync(join(home, 'bench.toml'), `${provider}[models."${MODEL}"]\ncontext_window = 100000000\n`)
  const flags = ['--config', join(home, 'bench.toml')]
  try {
    const rows: Row[] = []
    for (const measure of [turns, idle]) {
      const product = await start(PRODUCT, home, flags)
      rows.push(...(await measure(home, model, product)))
      await product.stop()
    }
    return table('Growth', rows)
  } finally {
    await model.close()
    rmSync(home, { recursive: true, force: true })
  }
}
