import { beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { committed } from '../../support/committed.ts'
import { begun, isTask } from '../../support/delegating.ts'
import { many } from '../../support/model-session.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[agents.alone]\nisolation = "worktree"\n' })
})

test('two agents that change one file in their copies: the first is applied, the second is STALE_FILE', async () => {
  const project = committed({ 'a.txt': 'one\n' })
  const { id, stream, asked } = await begun(
    scripted,
    {},
    (asked, text) => {
      if (isTask(asked)) {
        const n = /write (\d)/.exec(JSON.stringify(asked.body.messages[1]))![1]
        return text.includes('You now') ? call('write_file', { path: 'a.txt', content: `by ${n}\n` }) : { text: 'Done' }
      }
      if (text !== 'go') return { text: 'ok' }
      return many(['delegate', { agent: 'alone', task: 'write 1' }], ['delegate', { agent: 'alone', task: 'write 2' }])
    },
    6,
    project,
  )
  const first = (await pending(stream)).data
  const second = (await pending(stream, stream.frames.findIndex(({ data }) => data === first) + 1)).data
  const { backend } = scripted
  await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: first.tool_call_id })
  await stream.until(({ event, data }) => event === 'tool.result' && data.tool_call_id === first.tool_call_id)
  const late = await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: second.tool_call_id })
  expect([late.status, late.body.error.code]).toEqual([409, 'STALE_PREVIEW'])
  expect(late.body.error.message).toContain('a.txt was changed in the project')
  await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: second.tool_call_id })
  await stream.idle()
  const by = /write (\d)/.exec(first.params.task)![1]
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe(`by ${by}\n`)
  const told = asked()
    .at(-1)!
    .body.messages.slice(-2)
    .map((message: any) => message.content)
  expect(told.sort()).toEqual([
    expect.stringContaining('[Its changes are in the project now: a.txt.]'),
    expect.stringContaining('What alone changed was dropped.'),
  ])
})

test('a report that floods is cut for the one that delegated, and kept whole', async () => {
  const flood = 'word '.repeat(60_000)
  const { stream, asked } = await begun(
    scripted,
    {},
    (asked, text) =>
      isTask(asked) ? { text: flood } : text === 'go' ? call('delegate', { agent: 'plan', task: 'x' }) : { text: 'ok' },
    3,
  )
  await stream.idle()
  const told = asked().at(-1)!.body.messages.at(-1).content
  expect(told.length).toBeLessThan(60_000)
  expect(told).toContain('spill:')
})

test('a child whose approval nobody answers ends, and the turn goes on', async () => {
  const impatient = await startScripted({ config: 'approval_timeout_seconds = 0.2\n' })
  const { stream, asked } = await begun(
    impatient,
    {},
    (asked, text) =>
      isTask(asked)
        ? call('write_file', { path: 'a.txt', content: 'two\n' })
        : text === 'go'
          ? call('delegate', { agent: 'build', task: 'x' })
          : { text: 'ok' },
    3,
  )
  await stream.idle()
  expect(stream.stored.find(event => event.type === 'approval')).toMatchObject({ decision: 'timeout', agent: 'build' })
  expect(stream.stored.at(-1)).toMatchObject({ type: 'turn.end', outcome: 'completed' })
  expect(asked().at(-1)!.body.messages.at(-1).content).toContain('nobody decided in time')
})

test('an unknown agent is an error that names those there are', async () => {
  const { stream, asked } = await begun(
    scripted,
    {},
    (_, text) => (text === 'go' ? call('delegate', { agent: 'nobody', task: 'x' }) : { text: 'ok' }),
    2,
  )
  await stream.idle()
  expect(asked().at(-1)!.body.messages.at(-1).content).toMatch(/Agents: .*build.*alone/)
})

test('a command of until that never ends is stopped with the turn', async () => {
  const { id, stream } = await begun(scripted, { until: 'sleep 98765' }, () => ({ text: 'done' }), 1)
  const { data } = await pending(stream)
  const { backend } = scripted
  await backend.call(`POST /api/sessions/${id}/approve`, { tool_call_id: data.tool_call_id })
  await stream.until(({ event, data }) => event === 'agent.state' && data.state === 'tool_execution')
  await backend.call(`POST /api/sessions/${id}/interrupt`)
  await stream.idle()
  expect(stream.stored.at(-1)).toMatchObject({ type: 'turn.end', outcome: 'interrupted' })
  expect(String(Bun.spawnSync(['ps', '-eo', 'args=']).stdout)).not.toContain('sleep 98765')
})
