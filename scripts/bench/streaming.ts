/**
 * Tokens that come one at a time, 200 a second, from the model to a subscriber: how long each is on its way, and what it
 * costs. Beside a server that only hands the bytes on, in the same run.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chat } from '../../tests/support/model-replies.ts'
import { type ModelServer, type Script, startModelServer } from '../../tests/support/model-server.ts'
import { atMost, median, ms, quantile, type Row, table } from './measure.ts'
import { buildBare, cpuOf, PRODUCT, type Running, start } from './running.ts'

const COUNT = 1_600
const WARM = 400
const EVERY_MS = 5

type Way = { p50: number; p99: number; cpu: number }

/** Follows `path` of `running` while the model says one token after the other. `ask` makes the model begin. */
async function follow(model: ModelServer, running: Running, path: string, ask = async () => {}): Promise<Way> {
  const sent: number[] = []
  const way: number[] = []
  const gates = Array.from({ length: COUNT }, () => Promise.withResolvers<void>())
  let cpu = 0
  const frames = chat({ text: Array.from({ length: COUNT }, (_, i) => `token${i};${i % 40 === 39 ? '\n\n' : ' '}`) })
  const script: Script = () => {
    let next = 0
    const timer = setInterval(() => {
      if (next === WARM) cpu = cpuOf(running)
      sent[next] = performance.now()
      gates[next]!.resolve()
      if (++next === COUNT) clearInterval(timer)
    }, EVERY_MS)
    return frames.flatMap(frame => {
      const index = /token(\d+);/.exec(frame)?.[1]
      return index === undefined ? [frame] : [gates[Number(index)]!.promise, frame]
    })
  }
  model.add(script)
  const leaving = new AbortController()
  const answer = await fetch(running.url + path, { headers: running.headers, signal: leaving.signal })
  const asked = ask()
  const decoder = new TextDecoder()
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    const now = performance.now()
    for (const [, index] of decoder.decode(chunk, { stream: true }).matchAll(/token(\d+);/g)) {
      const i = Number(index)
      if (i < WARM || way[i - WARM] !== undefined) continue // the whole message has it again
      way[i - WARM] = now - sent[i]!
      if (i === COUNT - 1) cpu = (cpuOf(running) - cpu) / (COUNT - WARM)
    }
    if (way.length >= COUNT - WARM) break
  }
  await asked
  leaving.abort()
  return { p50: median(way), p99: quantile(way, 0.99), cpu }
}

/** Resolves with whether every target was met. */
export async function benchStreaming(): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'emacs-agent-bench-'))
  const model = await startModelServer()
  const provider = `model = "bench/m"\n[providers.bench]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\n`
  writeFileSync(join(home, 'bench.toml'), provider)
  const bare = await start(buildBare(home), home)
  const product = await start(PRODUCT, home, ['--config', join(home, 'bench.toml')])
  try {
    const stream = async (query: string) => {
      const { session_id } = await product.call('POST /api/sessions', { project_path: home })
      const session = `/api/sessions/${session_id}`
      return follow(model, product, `${session}/events${query}`, () =>
        product.call(`POST ${session}/prompt`, { text: 'stream', wait: true }),
      )
    }
    const theirs = await follow(model, bare, `/relay?url=${encodeURIComponent(`${model.url}/v1/chat/completions`)}`)
    const ours = await stream('')
    const org = await stream('?render=org')
    const rows: Row[] = [
      atMost('a token on its way, p50', ours.p50, theirs.p50 + 0.15, ms, { bare: ms(theirs.p50) }),
      atMost('  p99', ours.p99, theirs.p99 + 1, ms, { bare: ms(theirs.p99) }),
      atMost('  its processor time', ours.cpu, theirs.cpu + 0.15, ms, { bare: ms(theirs.cpu) }),
      atMost('as Org, p50 (bare: plain)', org.p50, ours.p50 + 0.1, ms, { bare: ms(ours.p50) }),
      atMost('  p99', org.p99, ours.p99 + 1, ms, { bare: ms(ours.p99) }),
      atMost('  its processor time', org.cpu, ours.cpu + 0.15, ms, { bare: ms(ours.cpu) }),
    ]
    return table('Tokens, 200 a second', rows)
  } finally {
    await Promise.all([bare, product].map(running => running.stop()))
    await model.close()
    rmSync(home, { recursive: true, force: true })
  }
}
