import { expect, test } from 'bun:test'
import { startTimeOf } from '../../../src/base/processes.ts'
import { committed } from '../../support/committed.ts'
import { begun, isTask } from '../../support/delegating.ts'
import { fakeServer } from '../../support/languages.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'

test('an agent with a copy of the project has servers of its own there, which end with the copy', async () => {
  const fake = fakeServer('pull')
  const scripted = await startScripted({ config: `[agents.alone]\nisolation = "worktree"\n${fake.config}` })
  const project = committed({ 'a.fk': 'wrong: old\nfine\n' })
  const said = [
    call('diagnostics', { path: 'a.fk' }),
    call('edit_file', { path: 'a.fk', old: 'fine', new: 'wrong: fresh' }),
    { text: 'Done it.' },
  ]
  let at = 0
  const script = (asked: Parameters<typeof isTask>[0], text: string) =>
    isTask(asked) ? said[at++]! : text === 'go' ? call('delegate', { agent: 'alone', task: 'do it' }) : { text: 'ok' }
  const { id, stream } = await begun(scripted, {}, script, said.length + 2, project)
  const { data } = await pending(stream)
  const results = stream.frames.flatMap(({ event, data }) => (event === 'tool.result' ? [data.result.content] : []))
  expect(results).toEqual([
    'a.fk:1:0 error: old is wrong (fake)',
    expect.stringContaining('[New errors since this change:\na.fk:2:0 error: fresh is wrong (fake)]'),
  ])
  expect(fake.pids()).toHaveLength(1)
  await scripted.backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
  await stream.next('turn.end')
  expect(fake.pids().map(startTimeOf)).toEqual([null])
})
