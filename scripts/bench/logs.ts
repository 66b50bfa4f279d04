import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Figure } from './figure.ts'
import { timed } from './measure.ts'
import type { Bench, Running } from './running.ts'
import { saveSession, transcriptsOf } from './saved.ts'

const EVENTS = 10_000
const TRANSCRIPTS = 1_000
const ROUNDS = 7

/** A session of 10,000 events: resumed, and sent to a new subscriber. */
export async function resuming({ home }: Bench, product: Running, bare: Running): Promise<Figure[]> {
  await product.call('GET /api/sessions')
  const samples = { resumed: [] as number[], parsed: [] as number[], sent: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    const id = saveSession(home, 'bench/m', EVENTS)
    const file = encodeURIComponent(join(transcriptsOf(home), `session-${id}.jsonl`))
    samples.parsed.push(await timed(() => bare.call(`GET /log?file=${file}`)))
    samples.resumed.push(await timed(() => product.call(`POST /api/sessions/${id}/resume`)))
    samples.sent.push(await timed(() => read(product, id)))
    await product.call(`DELETE /api/sessions/${id}`) // its transcripts are written by then, beside no other round
  }
  return [
    {
      what: `resume of ${EVENTS.toLocaleString('en')} events`,
      unit: 'ms',
      samples: samples.resumed,
      beside: { what: 'JSON of each line parsed', samples: samples.parsed },
      most: 60,
    },
    { what: '  sent to a new subscriber', unit: 'ms', samples: samples.sent },
  ]
}

/** Follows a session from its beginning until the event that resumed it. */
async function read({ url, headers }: Running, id: string): Promise<void> {
  const leaving = new AbortController()
  const { body } = await fetch(`${url}/api/sessions/${id}/events`, {
    headers: { ...headers, 'last-event-id': '0' },
    signal: leaving.signal,
  })
  const decoder = new TextDecoder()
  let tail = ''
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-65_536)
    if (tail.includes('event: agent.state\n')) break
  }
  leaving.abort()
}

/** A word that is in none of a thousand transcripts, so that all of them are searched. */
export async function searching({ home }: Bench, product: Running): Promise<Figure[]> {
  for (let i = 0; i < TRANSCRIPTS; i++) saveSession(home, 'bench/m', 100)
  const query = '/api/transcripts/search?q=Nowhere%20To%20Be%20Found'
  await product.call(`GET ${query}`) // the first one makes the index
  const samples = { ours: [] as number[], grep: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    samples.ours.push(await timed(() => product.call(`GET ${query}`)))
    samples.grep.push(
      await timed(() => spawnSync('grep', ['-rliF', '--include=*.jsonl', 'Nowhere To Be Found', transcriptsOf(home)])),
    )
  }
  return [
    {
      what: `search in ${TRANSCRIPTS.toLocaleString('en')} transcripts`,
      unit: 'ms',
      samples: samples.ours,
      beside: { what: 'grep -rliF', samples: samples.grep },
      most: 200,
    },
  ]
}
