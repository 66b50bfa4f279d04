import { expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Backend, type Home, makeHome } from '../../support/backend.ts'

const usage = (input: number, cost_usd?: number) => ({
  ...{ input_tokens: input, output_tokens: 10, cache_read_tokens: 5, cache_write_tokens: 0 },
  ...(cost_usd !== undefined && { cost_usd }),
})
const message = (turn_id: string, model: string, used: object, more: object = {}) => ({
  ...{ type: 'message', turn_id, message_id: `msg_${turn_id}`, role: 'assistant', content: 'x', tool_calls: [] },
  ...{ model, usage: used, stop_reason: 'end_turn', ...more },
})
const prompt = (turn_id: string, agent = 'build') => ({ type: 'prompt', turn_id, text: 'x', agent, source: 'user' })
const end = (turn_id: string, outcome = 'completed') => ({
  ...{ type: 'turn.end', turn_id, outcome, usage: usage(0), duration_ms: 1 },
})

let count = 0
/** A saved session, an event at each of the times. */
function save(home: Home, project: string, events: [at: string, event: object][], more: object = {}): string {
  const id = `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`
  const created = {
    ...{ type: 'session.created', format: 1, session_id: id, project_path: `/home/me/${project}`, title: '' },
    ...{ model: 'openai/a', agent: 'build' },
    config: { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true },
    ...more,
  }
  const [first] = events[0]!
  const lines = [[first, created] as const, ...events].map(([at, event], index) =>
    JSON.stringify({ id: index + 1, at: `${at}.000Z`, ...event }),
  )
  const path = join(home.transcripts, project, first.slice(0, 10), `session-${id}.jsonl`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

function seed(): Home {
  const home = makeHome()
  save(home, 'one', [
    ['2026-11-01T10:00:00', prompt('t1')],
    ['2026-11-01T10:00:01', message('t1', 'openai/a', usage(100, 1))],
    [
      '2026-11-01T10:00:02',
      message('t1', 'openai/a', usage(50, 0.5), { agent: 'explore', parent_tool_call_id: 'tc_1' }),
    ],
    ['2026-11-01T10:00:03', end('t1')],
    [
      '2026-11-01T10:00:04',
      { type: 'session.updated', title: 'A title', model: 'openai/small', usage: usage(7, 0.125) },
    ],
    ['2026-11-01T23:59:59', prompt('t2', 'plan')],
    ['2026-11-02T00:00:00', message('t2', 'openai/a', usage(10, 2))],
    ['2026-11-02T00:00:01', end('t2')],
  ])
  save(home, 'two', [
    ['2026-11-02T08:00:00', prompt('t3')],
    ['2026-11-02T08:00:01', message('t3', 'local/unpriced', usage(1000))],
    ['2026-11-02T08:00:02', message('t3', 'local/unpriced', usage(1000))],
    ['2026-11-02T08:00:03', end('t3')],
    ['2026-11-02T08:00:04', prompt('t4')],
    ['2026-11-02T08:00:05', end('t4', 'error')],
  ])
  // A fork: what it brought is counted where it came from.
  save(
    home,
    'two',
    [
      ['2026-11-03T08:00:00', prompt('t5')],
      ['2026-11-03T08:00:01', message('t5', 'openai/a', usage(999, 99))],
      ['2026-11-03T08:00:02', end('t5')],
      ['2026-11-03T08:00:03', prompt('t6')],
      ['2026-11-03T08:00:04', message('t6', 'openai/a', usage(1, 4))],
      ['2026-11-03T08:00:05', end('t6')],
    ],
    { inherited_to: 4 },
  )
  return home
}

const brief = (rows: any[]) => rows.map(row => [row.key, row.turns, row.input_tokens, row.cost_usd, row.unpriced_turns])

test('GET /api/usage sums the logs by model, project, day and agent', async () => {
  const backend = await Backend.start(seed())
  const by = async (query: string) => (await backend.call(`GET /api/usage${query}`)).body
  expect(brief((await by('')).rows)).toEqual([
    ['openai/a', 3, 161, 7.5, 0],
    ['openai/small', 0, 7, 0.125, 0],
    ['local/unpriced', 2, 2000, null, 1],
  ])
  expect((await by('?by=model')).total).toEqual({
    ...{ turns: 5, unpriced_turns: 1, cost_usd: 7.625 },
    ...{ input_tokens: 2168, output_tokens: 70, cache_read_tokens: 35, cache_write_tokens: 0 },
  })
  expect(brief((await by('?by=project')).rows)).toEqual([
    ['/home/me/two', 3, 2001, 4, 1],
    ['/home/me/one', 2, 167, 3.625, 0],
  ])
  expect(brief((await by('?by=day')).rows)).toEqual([
    ['2026-11-01', 1, 157, 1.625, 0],
    ['2026-11-02', 3, 2010, 2, 1],
    ['2026-11-03', 1, 1, 4, 0],
  ])
  expect(brief((await by('?by=agent')).rows)).toEqual([
    ['build', 4, 2108, 5.125, 1],
    ['plan', 1, 10, 2, 0],
    ['explore', 0, 50, 0.5, 0],
  ])
})

test('`since` counts from that moment on, `until` until before it; both cut a day', async () => {
  const backend = await Backend.start(seed())
  const total = async (query: string) => {
    const { turns, cost_usd } = (await backend.call(`GET /api/usage?${query}`)).body.total
    return [turns, cost_usd]
  }
  expect(await total('since=2026-11-02')).toEqual([4, 6])
  expect(await total('until=2026-11-02')).toEqual([1, 1.625])
  expect(await total('since=2026-11-01T10:00:02Z&until=2026-11-01T10:00:04Z')).toEqual([1, 0.5])
  expect(await total('since=2026-11-01T10:00:04Z&until=2026-11-02T00:00:00Z')).toEqual([0, 0.125])
  expect(await total('since=2027-01-01')).toEqual([0, null])
  for (const query of ['by=week', 'since=yesterday', 'until=2026-13-45'])
    expect((await backend.call(`GET /api/usage?${query}`)).status).toBe(400)
})

test('the index has it, and a log that changed is read again', async () => {
  const home = seed()
  const path = save(home, 'three', [
    ['2026-11-05T10:00:00', prompt('t1')],
    ['2026-11-05T10:00:01', message('t1', 'openai/a', usage(100, 1))],
  ])
  const backend = await Backend.start(home)
  const cost = async () => (await backend.call('GET /api/usage?since=2026-11-05')).body.total.cost_usd
  expect(await cost()).toBe(1)
  expect(readFileSync(join(home.transcripts, 'three/index.json'), 'utf8')).toContain('"spent"')
  const more = { id: 4, at: '2026-11-05T11:00:00.000Z', ...message('t1', 'openai/a', usage(100, 2)) }
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(more)}\n`)
  expect(await cost()).toBe(3)
  const listed = (await backend.call('GET /api/transcripts')).body.transcripts
  expect(listed).toHaveLength(4)
  for (const entry of listed) expect(entry).not.toHaveProperty('spent')
})

test('`cost` prints it, and says what has no price', async () => {
  const home = seed()
  const cost = async (...argv: string[]) => {
    const run = new Backend(['cost', ...argv], home.env, home.root)
    return { code: await run.exited, out: run.stdout, err: run.stderr }
  }
  const { out, code } = await cost('--by', 'model', '--since', '2026-11-02')
  expect(code).toBe(0)
  expect(out.split('\n').map(line => line.trim().replace(/ {2,}/g, ' | '))).toEqual([
    'turns | input | output | cache read | cache write | cost',
    'openai/a | 2 | 11 | 20 | 10 | 0 | $6.00',
    'local/unpriced | 2 | 2000 | 20 | 10 | 0 | cost: unknown',
    'total | 4 | 2011 | 40 | 20 | 0 | $6.00 + 1 unknown',
    '',
  ])
  const json = JSON.parse((await cost('--json', '--by', 'day')).out)
  expect(json.rows.map((row: any) => row.key)).toEqual(['2026-11-01', '2026-11-02', '2026-11-03'])
  expect(await cost('--by', 'modle')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "model"?') })
  expect(await cost('--since', 'yesterday')).toMatchObject({ code: 2, err: expect.stringContaining('--since') })
  expect((await cost('--since', '2030-01-01')).out).toBe('Nothing was used in this time.\n')
})
