import { chat } from '../../tests/support/model-replies.ts'
import type { ModelServer } from '../../tests/support/model-server.ts'
import type { Figure } from './figure.ts'
import { type Bench, cpuOf, type Running } from './running.ts'

type Asked = {
  /** What subscribers follow, and how many of them. */
  path: string
  subscribers: number
  count: number
  /** Tokens of which no time is taken. */
  warm: number
  /** Milliseconds from token to token; without it each is written when all subscribers have the one before. */
  every_ms?: number
  /** Makes the model begin. */
  begin(): Promise<unknown>
}

/**
 * A model that writes one token after the other: the milliseconds from when each is written to when the last subscriber has it,
 * and the processor time of the server for each.
 */
async function follow(model: ModelServer, running: Running, asked: Asked): Promise<{ way: number[]; cpu: number }> {
  const { path, subscribers, count, warm, every_ms, begin } = asked
  const sent: number[] = []
  const arrived: number[] = Array.from({ length: count }, () => 0)
  const way: number[] = []
  const gates = Array.from({ length: count }, () => Promise.withResolvers<void>())
  let cpu = 0
  const write = (token: number) => {
    if (token === warm) cpu = cpuOf(running)
    if (token >= count) return
    sent[token] = performance.now()
    gates[token]!.resolve()
  }
  const frames = chat({ text: Array.from({ length: count }, (_, i) => `token${i};${i % 40 === 39 ? '\n\n' : ' '}`) })
  model.add(() => {
    if (every_ms === undefined) write(0)
    else {
      let next = 0
      const timer = setInterval(() => (next < count ? write(next++) : clearInterval(timer)), every_ms)
    }
    return frames.flatMap(frame => {
      const token = /token(\d+);/.exec(frame)?.[1]
      return token === undefined ? [frame] : [gates[Number(token)]!.promise, frame]
    })
  })
  const leaving = new AbortController()
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  const read = async (body: AsyncIterable<Uint8Array>) => {
    const decoder = new TextDecoder()
    let next = 0
    for await (const chunk of body) {
      const now = performance.now()
      for (const [, token] of decoder.decode(chunk, { stream: true }).matchAll(/token(\d+);/g)) {
        const i = Number(token)
        if (i !== next || next === count) continue // the whole message has it again
        next++
        if (++arrived[i]! < subscribers) continue
        if (i >= warm) way.push(now - sent[i]!)
        if (every_ms === undefined) write(i + 1)
        if (i === count - 1) end()
      }
    }
  }
  const following = await Promise.all(
    Array.from({ length: subscribers }, () =>
      fetch(running.url + path, { headers: running.headers, signal: leaving.signal }),
    ),
  )
  for (const { body } of following) read(body as unknown as AsyncIterable<Uint8Array>).catch(() => {}) // left at the end
  const done = begin()
  await over
  cpu = (cpuOf(running) - cpu) / (count - warm)
  await done
  leaving.abort()
  return { way, cpu }
}

const RELAYED = 'bytes sent on'
const ONE = { subscribers: 1, count: 400, warm: 50 }
const MANY = { subscribers: 50, count: 150, warm: 50 }
const PACED = { subscribers: 1, count: 1_600, warm: 400, every_ms: 5 }

/** Tokens of a model to subscribers, compared with a server that sends the bytes on unread. */
export async function tokens({ home, model }: Bench, product: Running, bare: Running): Promise<Figure[]> {
  const upstream = encodeURIComponent(`${model.url}/v1/chat/completions`)
  const relayed = (how: Omit<Asked, 'path' | 'begin'>) =>
    follow(model, bare, { ...how, path: '/relay', begin: () => bare.call(`POST /relay?url=${upstream}`, {}) })
  const ours = async (how: Omit<Asked, 'path' | 'begin'>, query = '') => {
    const { session_id } = await product.call('POST /api/sessions', {
      project_path: home,
      config: { save_transcript: false },
    })
    const session = `/api/sessions/${session_id}`
    const begin = () => product.call(`POST ${session}/prompt`, { text: 'stream', wait: true })
    return follow(model, product, { ...how, path: `${session}/events${query}`, begin })
  }
  const beside = ({ way }: { way: number[] }) => ({ what: RELAYED, samples: way })
  const one = { ours: await ours(ONE), theirs: await relayed(ONE) }
  const many = { ours: await ours(MANY), theirs: await relayed(MANY) }
  const paced = { ours: await ours(PACED), theirs: await relayed(PACED) }
  const org = await ours(PACED, '?render=org')
  return [
    { what: 'token to a subscriber', unit: 'ms', samples: one.ours.way, beside: beside(one.theirs), most: 0.15 },
    { what: 'token to the last of 50 subscribers', unit: 'ms', samples: many.ours.way, beside: beside(many.theirs) },
    { what: 'token to a subscriber, 200 a second', unit: 'ms', samples: paced.ours.way, beside: beside(paced.theirs) },
    {
      what: '  processor time',
      unit: 'ms',
      samples: [paced.ours.cpu],
      beside: { what: RELAYED, samples: [paced.theirs.cpu] },
    },
    { what: '  the same as Org', unit: 'ms', samples: org.way, beside: { what: 'plain', samples: paced.ours.way } },
  ]
}
