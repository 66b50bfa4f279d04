import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { Backend, type EventStream } from '../support/backend.ts'
import { FULL, figure, random, scaled } from '../support/figures.ts'
import { FUZZ_SEED } from '../support/fuzz.ts'
import { chat, type Said } from '../support/model-replies.ts'
import { many } from '../support/model-session.ts'
import { startScripted } from '../support/scripted.ts'
import { tempDir } from '../support/temp.ts'

/** What a reply acknowledged, and how its event is known in the log. */
type Acknowledged = { what: string; isIn(events: any[]): boolean }
type Pick = ReturnType<typeof random>

const write = (pick: Pick): [string, object] => ['write_file', { path: `f${pick(4)}.txt`, content: `${pick(1e6)}\n` }]

function answer(pick: Pick): Said {
  const calls: [string, object][][] = [
    [write(pick)],
    [write(pick), write(pick)],
    [['shell_exec', { command: `sleep 30 & echo x >> log; sleep 0.0${pick(9)}` }]],
    [['shell_background', { command: 'sleep 60' }]],
    [['read_file', { path: 'a.txt' }]],
    [['delegate', { agent: 'build', task: 'work' }]],
    [['todo', { items: [{ title: 'a', status: 'pending' }] }]],
  ]
  return pick(2) === 0 ? many(...pick.of(calls)) : { text: ['some ', 'words ', `${pick(1e6)}`] }
}

/** One person at work on one session, until the backend is gone. */
async function work(
  backend: Backend,
  id: string,
  pick: Pick,
  said: Acknowledged[],
  stream: EventStream,
  doing: string[],
) {
  const api = (request: string, body?: object) => backend.call(`${request.replace('…', `/api/sessions/${id}`)}`, body)
  const has = (type: string, fits: object) => (events: any[]) =>
    events.some(e => e.type === type && Object.entries(fits).every(([key, value]) => e[key] === value))
  const steps: Record<string, () => Promise<void>> = {
    async prompt() {
      const text = `prompt ${pick(1e9)}`
      const { status } = await api('POST …/prompt', { text, when_busy: pick.of(['queue', 'steer']) })
      const isIn = (events: any[]) => events.some(e => /^prompt/.test(e.type) && e.text === text)
      if (status === 200) said.push({ what: text, isIn })
    },
    async approve() {
      const waiting = stream.frames.findLast(({ data }) => data.type === 'tool.call' && data.requires_approval)
      if (!waiting) return
      const { tool_call_id } = waiting.data
      const { status } = await api('POST …/approve', { tool_call_id })
      if (status === 200)
        said.push({ what: `approve ${tool_call_id}`, isIn: has('approval', { tool_call_id, decision: 'approved' }) })
    },
    async title() {
      const title = `title ${pick(1e9)}`
      const { status } = await api('PATCH …', { title })
      if (status === 200) said.push({ what: title, isIn: has('session.updated', { title }) })
    },
    async mode() {
      const mode = pick.of(['ask', 'accept-edits'])
      const { status, body } = await api('PATCH …', { config: { mode } })
      if (status === 200) expect(body.config.mode).toBe(mode)
    },
    async undo() {
      const { status, body } = await api(pick(3) === 0 ? 'POST …/redo' : 'POST …/undo', {})
      if (status === 200) said.push({ what: `undo ${body.undo_id}`, isIn: has('undo', { undo_id: body.undo_id }) })
    },
    async queue() {
      const { body } = await api('GET …')
      const turn_id = body.queued?.[0]?.turn_id
      if (!turn_id) return
      const { status } = await api(`DELETE …/queue/${turn_id}`)
      if (status === 200) said.push({ what: `drop ${turn_id}`, isIn: has('prompt.dropped', { turn_id }) })
    },
    async interrupt() {
      await api('POST …/interrupt')
    },
    async close() {
      const { status } = await api('DELETE …')
      if (status !== 200) return
      said.push({ what: 'close', isIn: has('session.closed', {}) })
      await api('POST …/resume')
    },
  }
  const names = Object.keys(steps)
  for (;;) {
    const name = pick(3) === 0 ? 'prompt' : pick(4) === 0 ? 'approve' : pick.of(names)
    doing[0] = name
    await steps[name]!()
    await Bun.sleep(pick(4))
  }
}

const isOurs = (root: string) => (pid: string) => {
  try {
    return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${root}\0`)
  } catch {
    return false // gone, or another user's
  }
}
/** Processes of this home, but for the backend that runs now and what it starts for itself. */
async function leftOf(root: string, backend: Backend): Promise<string[]> {
  const own = new Set([String(backend.process.pid)])
  const until = Date.now() + 5000
  for (;;) {
    const left = readdirSync('/proc')
      .filter(isOurs(root))
      .filter(pid => !own.has(pid))
      .map(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
      .filter(line => /sleep|bash|sh /.test(line))
    if (left.length === 0 || Date.now() > until) return left
    await Bun.sleep(50)
  }
}

test('killed at random points: nothing that was acknowledged is lost, every session loads, no process is left', async () => {
  const kills = scaled(10, 1000)
  const pick = random(FUZZ_SEED)
  const {
    backend: first,
    home,
    model,
  } = await startScripted({ config: '[permissions]\nallow = ["shell_background(sleep *)"]' })
  const again = async () => {
    await Bun.sleep(pick(6))
    model.add(again)
    return { body: chat(answer(pick)).flatMap((frame, i) => (i % 3 === 0 ? [Bun.sleep(pick(5)), frame] : [frame])) }
  }
  for (let i = 0; i < 50; i++) model.add(again)
  let backend = first
  const project = tempDir({ 'a.txt': 'one\n' })
  let ids: string[] = []
  const seen = { acknowledged: 0, events_received: 0, lost: 0, not_loading: 0, processes_left: 0 }
  const points: Record<string, number> = {}
  const faults: string[] = []
  for (let kill = 0; kill < kills; kill++) {
    if (ids.length < 2 || kill % 40 === 0) ids = [await backend.session(project), await backend.session(project)]
    const said = new Map<string, Acknowledged[]>()
    const streams = new Map<string, EventStream>()
    const doings: string[][] = []
    for (const id of ids) {
      said.set(id, [])
      doings.push([])
      streams.set(id, await backend.events(`/api/sessions/${id}/events`))
    }
    const working = ids.map((id, i) =>
      work(backend, id, random(FUZZ_SEED + kill * 2 + i), said.get(id)!, streams.get(id)!, doings[i]!).catch(() => {}),
    )
    await Bun.sleep(5 + pick(180))
    backend.process.kill('SIGKILL')
    for (const [i, id] of ids.entries()) {
      const state = streams.get(id)!.frames.findLast(({ event }) => event === 'agent.state')?.data.state ?? 'none'
      for (const point of [state, doings[i]![0] ?? 'none']) points[point] = (points[point] ?? 0) + 1
    }
    await Promise.all([backend.exited, ...working])
    backend = await Backend.start(home)
    const left = await leftOf(home.root, backend)
    seen.processes_left += left.length
    faults.push(...left.map(line => `kill ${kill}: left ${line}`))
    for (const id of ids) {
      const { status } = await backend.call(`POST /api/sessions/${id}/resume`)
      if (status !== 200) {
        seen.not_loading++
        faults.push(`kill ${kill}: ${id} ${status}`)
        continue
      }
      const [path] = new Bun.Glob(`**/session-${id}.jsonl`).scanSync({ cwd: home.transcripts, absolute: true })
      const lines = readFileSync(path!, 'utf8').trimEnd().split('\n')
      const events = lines.map(line => JSON.parse(line))
      const byId = new Map(events.map(event => [event.id, event.type]))
      for (const { what, isIn } of said.get(id)!) {
        seen.acknowledged++
        if (!isIn(events)) faults.push(`kill ${kill}: ${what}`)
      }
      for (const event of streams.get(id)!.stored) {
        seen.events_received++
        if (byId.get(event.id) !== event.type) faults.push(`kill ${kill}: ${event.id} ${event.type}`)
      }
      if (events.some((event, i) => event.id !== i + 1)) faults.push(`kill ${kill}: ids of ${id}`)
    }
  }
  seen.lost = faults.filter(fault => !/: left /.test(fault)).length - seen.not_loading
  figure(
    'kills',
    { kills, ...seen },
    `in the midst of ${Object.entries(points)
      .map(each => each.join(' '))
      .join(', ')}`,
  )
  expect(faults).toEqual([])
  if (FULL) expect(Object.keys(points).length).toBeGreaterThan(10)
  await backend.stop()
}, 7_200_000)
