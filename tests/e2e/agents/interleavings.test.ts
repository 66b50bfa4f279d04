import { expect, test } from 'bun:test'
import type { Stored } from '../../../src/event.ts'
import { Backend, makeHome } from '../../support/backend.ts'
import { committed, git, worktreesOf } from '../../support/committed.ts'
import { random } from '../../support/figures.ts'
import { until } from '../../support/mcp.ts'
import { FAMILIES, type Family, type Said, say } from '../../support/model-replies.ts'
import { startModelServer } from '../../support/model-server.ts'
import { many } from '../../support/model-session.ts'
import { flawsOf } from '../../support/valid-history.ts'

const SEED = 20_261_127
/** Of each family; `npm run test:agents` plays 500 in all. */
const RUNS = Math.ceil(Number(process.env.AGENT_INTERLEAVINGS ?? 12) / FAMILIES.length)
const STEPS = 25

const KINDS: Record<Family, string> = {
  anthropic: 'anthropic',
  chat: 'openai-compatible',
  responses: 'openai',
  gemini: 'gemini',
}

/** A random answer of a model, to the session's agent and to delegated ones alike. */
function answer(pick: (below: number) => number, reviews: boolean): Said {
  const write = ['write_file', { path: `${pick(3)}.txt`, content: `${pick(1000)}\n` }] as [string, object]
  const task = (background: boolean, agent = 'build') =>
    ['delegate', { agent, task: 'work', background }] as [string, object]
  const calls = [
    [write],
    [task(false)],
    [task(false), task(false)],
    [task(true)],
    [task(pick(2) === 0, 'alone'), task(false)],
    [['read_file', { path: 'a.txt' }]],
    [write, task(false)],
    ...(reviews
      ? [[write], [write], [write, write], [write, write], [write, ['git_status', {}] as [string, object]]]
      : []),
  ]
  const chosen = pick(calls.length + 5)
  return chosen < calls.length ? many(...(calls[chosen] as [string, object][])) : { text: `said ${pick(1000)}` }
}

async function play(seed: number, family: Family) {
  const pick = random(seed)
  /** Edits wait for a review. */
  const reviews = seed % 2 === 0
  const model = await startModelServer()
  for (let i = 0; i < 600; i++)
    model.add(async () => {
      await Bun.sleep(pick(12)) // so that steps fall into every part of a turn
      return { body: say(family, answer(pick, reviews)) }
    })
  const home = makeHome(
    `model = "test/model"\nreview_edits = ${reviews}\n[providers.test]\nkind = "${KINDS[family]}"\nbase_url = "${model.url}${family === 'anthropic' ? '' : family === 'gemini' ? '/v1beta' : '/v1'}"\napi_key = "test-key-0123456789"
[agents.alone]
isolation = "worktree"`,
  )
  const project = committed({ 'a.txt': 'one\n' })
  let backend = await Backend.start(home)
  const id = await backend.session(project)
  const sent: string[] = []
  const steps: (() => Promise<unknown>)[] = [
    () => prompt('queue'),
    () => prompt('steer'),
    () => decide('approve'),
    () => decide('approve'),
    () => decide('reject'),
    () => backend.call(`POST /api/sessions/${id}/interrupt`),
    stopOne,
    () => Bun.sleep(pick(60)),
    () => Bun.sleep(pick(60)),
    restart,
  ]
  async function prompt(when_busy: string) {
    const text = `prompt-${sent.length}-`
    sent.push(text)
    const { status } = await backend.call(`POST /api/sessions/${id}/prompt`, { text, when_busy })
    expect(status).toBe(200)
  }
  async function decide(how: string) {
    const { body } = await backend.call(`GET /api/sessions/${id}`)
    const waiting = body.pending_approvals
    if (waiting.length === 0) return
    const { tool_call_id } = waiting[pick(waiting.length)]
    await backend.call(`POST /api/sessions/${id}/${how}`, { tool_call_id })
  }
  async function stopOne() {
    const { events } = await logOf()
    const ended = new Set(events.flatMap(e => (e.type === 'delegate.end' ? [e.parent_tool_call_id] : [])))
    const [at] = events.filter(e => e.type === 'delegate.start' && !ended.has(e.parent_tool_call_id)) as any[]
    if (at) await backend.call(`POST /api/sessions/${id}/interrupt`, { tool_call_id: at.parent_tool_call_id })
  }
  async function restart() {
    backend.process.kill(pick(2) === 0 ? 'SIGKILL' : 'SIGTERM')
    await backend.exited
    backend = await Backend.start(home)
    expect((await backend.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
  }
  async function logOf(): Promise<{ events: Stored[] }> {
    const [path] = [...new Bun.Glob('**/*.jsonl').scanSync({ cwd: home.transcripts, absolute: true })]
    const lines = (await Bun.file(path!).text()).split('\n').filter(line => line.endsWith('}'))
    return { events: lines.map(line => JSON.parse(line)) }
  }

  await prompt('queue')
  for (let i = 0; i < STEPS; i++) await steps[pick(steps.length)]!()
  await backend.call(`POST /api/sessions/${id}/interrupt`)
  await restart()
  const { events } = await logOf()
  await until(() => worktreesOf(home).length === 0, 'no worktree is left')
  expect(git(project, 'worktree', 'list').trim().split('\n')).toHaveLength(1)
  await backend.stop()
  await model.close()
  return { events, sent, requests: model.requests }
}

const times = <T>(list: readonly T[]): Map<T, number> => {
  const counts = new Map<T, number>()
  for (const item of list) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

for (const family of FAMILIES)
  test.each(Array.from({ length: RUNS }, (_, i) => SEED + i))(
    `${family}, seed %d: nothing is lost or said twice`,
    async seed => {
      const { events, sent, requests } = await play(seed, family)
      expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => i + 1))
      // Every prompt entered the history, or was dropped, once.
      const delivered = times(
        events.flatMap(e =>
          (e.type === 'prompt' && e.source !== 'agent') || e.type === 'prompt.dropped' ? [e.text] : [],
        ),
      )
      expect([...sent].map(text => [text, delivered.get(text)])).toEqual(sent.map(text => [text, 1]))
      // Every call has one result.
      const calls = events.flatMap(e => (e.type === 'message' ? e.tool_calls.map(call => call.tool_call_id) : []))
      const results = times(events.flatMap(e => (e.type === 'tool.result' ? [e.tool_call_id] : [])))
      expect(calls.filter(call => results.get(call) !== 1)).toEqual([])
      // Each proposed call was decided once, by a review of the agent that proposed it.
      const settled = times(
        events.flatMap(e => {
          if (e.type !== 'tool.result' || e.tool !== 'review_edits') return []
          const call = events.find(other => other.type === 'tool.call' && other.tool_call_id === e.tool_call_id) as any
          return call.params.calls.map((each: string) => `${e.parent_tool_call_id} ${each}`) as string[]
        }),
      )
      const proposed = events.flatMap(e =>
        e.type === 'tool.result' && e.result?.metadata.proposed ? [`${e.parent_tool_call_id} ${e.tool_call_id}`] : [],
      )
      expect(proposed.filter(call => settled.get(call) !== 1)).toEqual([])
      // Every agent that began ended, once, before its call had a result; a report is sent at most once.
      const begun = events.flatMap(e => (e.type === 'delegate.start' ? [e.parent_tool_call_id] : []))
      const ended = times(events.flatMap(e => (e.type === 'delegate.end' ? [e.parent_tool_call_id] : [])))
      expect(begun.filter(call => ended.get(call) !== 1)).toEqual([])
      const heard = times(events.flatMap(e => (e.type === 'prompt' && e.report_of ? [e.report_of] : [])))
      expect([...heard.values()].every(count => count === 1)).toBe(true)
      // No event of an agent comes after its end.
      const over = new Set<string>()
      for (const event of events) {
        if ('parent_tool_call_id' in event && event.parent_tool_call_id && over.has(event.parent_tool_call_id))
          throw new Error(`After the end of its agent: ${JSON.stringify(event)}`)
        if (event.type === 'delegate.end') over.add(event.parent_tool_call_id)
      }
      expect(requests.flatMap(request => flawsOf(request))).toEqual([])
    },
  )
