import { chat } from '../../tests/support/model-replies.ts'
import type { Figure } from './figure.ts'
import { quantile, timed } from './measure.ts'
import { type Bench, memory, type Running } from './running.ts'

const SESSIONS = 10
const READERS = 20
const PAUSE_MS = 150
/** Some 4 KB a turn. */
const ANSWER = Array.from({ length: 100 }, (_, i) => `word ${i} of an answer that goes on, `)

/** Follows a session until `leave`; counts the ids that are missing between those of the events received. */
function follow({ url, headers }: Running, id: string) {
  const leaving = new AbortController()
  const seen = { last: 0, missing: 0, leave: () => leaving.abort() }
  const reading = async () => {
    const asked = { headers: { ...headers, 'last-event-id': '0' }, signal: leaving.signal }
    const { body } = await fetch(`${url}/api/sessions/${id}/events`, asked)
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        if (!line.startsWith('id: ')) continue
        const id = Number(line.slice(4))
        seen.missing += id - seen.last - 1
        seen.last = id
      }
    }
  }
  reading().catch(() => {}) // left at the end
  return seen
}

/** Sessions that take turns for so many minutes, with readers that follow them. Throws Error when a reader missed events. */
export async function soak(bench: Bench, minutes: number): Promise<Figure[]> {
  const product = await bench.start()
  const ids: string[] = []
  for (let i = 0; i < SESSIONS; i++)
    ids.push((await product.call('POST /api/sessions', { project_path: bench.home })).session_id)
  const readers = Array.from({ length: READERS }, (_, i) => ({
    id: ids[i % SESSIONS]!,
    seen: follow(product, ids[i % SESSIONS]!),
  }))
  const held: number[] = []
  const health: number[] = []
  const took: number[] = []
  const end = performance.now() + minutes * 60_000
  for (let turn = 0; performance.now() < end; turn++) {
    bench.model.requests.length = 0
    bench.model.add(
      chat({ calls: [{ id: 'c', name: 'read_file', args: { path: 'note.txt' } }] }),
      chat({ text: ANSWER }),
    )
    const id = ids[turn % SESSIONS]
    took.push(await timed(() => product.call(`POST /api/sessions/${id}/prompt`, { text: 'go', wait: true })))
    health.push(await timed(async () => (await fetch(`${product.url}/health`)).text()))
    held.push(memory(product, 'RssAnon'))
    await Bun.sleep(PAUSE_MS)
  }
  let missing = 0
  for (const { id, seen } of readers) {
    const { last_event_id } = await product.call(`GET /api/sessions/${id}`)
    for (let tries = 0; seen.last < last_event_id && tries < 100; tries++) await Bun.sleep(50)
    missing += seen.missing + (last_event_id - seen.last)
    seen.leave()
  }
  await product.stop()
  if (missing > 0) throw new Error(`The readers of the soak missed ${missing} events.`)
  const quarter = Math.max(1, Math.floor(held.length / 4))
  const quarters = [1, 2, 3, 4].map(n => held.slice((n - 1) * quarter, n * quarter))
  const name = `soak of ${minutes} min, ${took.length.toLocaleString('en')} turns:`
  return [
    { what: `${name} a turn`, unit: 'ms', samples: took },
    { what: `${name} p99 of /health`, unit: 'ms', samples: [quantile(health, 0.99)], most: 50 },
    {
      what: `${name} private memory in the last quarter`,
      unit: 'MiB',
      samples: quarters[3]!,
      beside: { what: 'in the second', samples: quarters[1]! },
    },
  ]
}
