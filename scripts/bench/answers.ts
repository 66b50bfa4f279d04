import type { Figure } from './figure.ts'
import { timed } from './measure.ts'
import type { Bench, Running } from './running.ts'

const COUNT = 3_000
const WARM = 500

/** GET of a session, and of the yardstick's `/`, one after the other. */
export async function answers(_: Bench, product: Running, bare: Running, session: string): Promise<Figure[]> {
  const sample = (running: Running, path: string) =>
    timed(async () => (await fetch(running.url + path, { headers: running.headers })).arrayBuffer())
  const [ours, theirs]: [number[], number[]] = [[], []]
  for (let i = 0; i < COUNT; i++) {
    const pair = [await sample(product, `/api/sessions/${session}`), await sample(bare, '/')] as const
    if (i < WARM) continue
    ours.push(pair[0])
    theirs.push(pair[1])
  }
  const beside = { what: 'bare server', samples: theirs }
  return [{ what: 'GET of a session', unit: 'ms', samples: ours, beside, most_ratio: 1.2 }]
}
