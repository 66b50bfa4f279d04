import { expect, test } from 'bun:test'
import { Backend } from '../../support/backend.ts'
import { withModel } from '../../support/program.ts'
import { call } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

test('the states while a model thinks, and the message that comes of it, name the same call', async () => {
  const { home, says } = await withModel()
  says(call('read_file', { path: 'a.txt' }), { text: 'done' })
  const backend = await Backend.start(home)
  const id = await backend.session(tempDir({ 'a.txt': 'hello\n' }))
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'read it' })
  await stream.until(({ event }) => event === 'turn.end')
  const named = stream.frames.filter(({ data }) => data.model_call_id !== undefined)
  expect(named.map(({ event }) => event)).toEqual(['agent.state', 'message', 'agent.state', 'message'])
  const ids = named.map(({ data }) => data.model_call_id)
  expect(ids[0]).toMatch(/^mc_\w+$/)
  expect(ids).toEqual([ids[0], ids[0], ids[2], ids[2]])
  expect(ids[2]).not.toBe(ids[0])
  for (const { data } of stream.frames.filter(({ event }) => event === 'agent.state'))
    expect(data.model_call_id !== undefined).toBe(data.state === 'thinking')
})
