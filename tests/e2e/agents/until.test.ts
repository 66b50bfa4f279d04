import { beforeAll, expect, test } from 'bun:test'
import { run, withModel } from '../../support/program.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

/** Sends a prompt with `until`, and approves what asks first. */
async function refined(until: string, session: object, ...said: Parameters<Scripted['says']>) {
  const { backend, says, model } = scripted
  const project = tempDir()
  const id = await backend.session(project, session)
  const stream = await backend.events(`/api/sessions/${id}/events`)
  const from = model.requests.length
  says(...said)
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go', until })
  const { data } = await pending(stream)
  const decide = (how: string, more: object = {}) =>
    backend.call(`POST /api/sessions/${id}/${how}`, { tool_call_id: data.tool_call_id, ...more })
  const told = () => model.requests.slice(from).map(({ body }) => body.messages.at(-1).content as string)
  return { stream, decide, told, data }
}

test('a failure goes back, the command is approved once, and success ends the turn', async () => {
  const { stream, decide, told, data } = await refined(
    'test -f done.txt || { echo no file; exit 3; }',
    { config: { auto_approve_tools: ['write_file'] } },
    { text: 'I am done.' },
    call('write_file', { path: 'done.txt', content: '' }),
    { text: 'Now I am.' },
  )
  expect(data).toMatchObject({ tool: 'shell_exec', requires_approval: true })
  await decide('approve')
  await stream.idle()
  const types = stream.stored.map(({ type }) => type).join(' ')
  expect(types).toBe(
    'prompt message tool.call approval tool.result prompt message tool.call tool.result file.changed message tool.call tool.result turn.end',
  )
  expect(told()[1]).toStartWith(
    'The check test -f done.txt || { echo no file; exit 3; } failed with exit status 3 (round 1 of 5).',
  )
  expect(told()[1]).toContain('no file')
  expect((await stream.next('turn.end')).data.outcome).toBe('completed')
})

test('the same failure without a change between ends it', async () => {
  const { stream, decide, told } = await refined('echo "took $$ ms"; false', {}, { text: 'one' }, { text: 'two' })
  await decide('approve')
  await stream.idle()
  expect(told()).toHaveLength(2)
  expect((await stream.next('notice')).data.code).toBe('UNTIL_FAILED')
  expect((await stream.next('turn.end')).data.outcome).toBe('limit')
})

test('five rounds at most', async () => {
  const replies = [1, 2, 3, 4, 5].flatMap(n => [
    call('write_file', { path: `${n}.txt`, content: '' }),
    { text: `wrote ${n}` },
  ])
  const session = { config: { auto_approve_tools: ['write_file'] } }
  const { stream, decide, told } = await refined('false', session, { text: 'one' }, ...replies)
  await decide('approve')
  await stream.idle()
  expect(told()).toHaveLength(11)
  expect((await stream.next('notice')).data.message).toContain('still fails after 5 rounds')
  expect((await stream.next('turn.end')).data.outcome).toBe('limit')
})

test('a rejection ends the turn as it is', async () => {
  const { stream, decide, told } = await refined('false', {}, { text: 'one' })
  await decide('reject')
  await stream.idle()
  expect([told().length, (await stream.next('turn.end')).data.outcome]).toEqual([1, 'completed'])
})

test('what a person made of the command is what runs again', async () => {
  const { stream, decide, told } = await refined('false', {}, ...['one', 'two', 'three'].map(text => ({ text })))
  await decide('approve', { params: { command: 'exit 7' } })
  await stream.idle()
  expect(told()[1]).toStartWith('The check exit 7 failed with exit status 7')
  expect(stream.stored.filter(event => event.type === 'approval')).toHaveLength(1)
})

test('it has a turn of its own: it steers no other', async () => {
  const { backend, says } = scripted
  const id = await backend.session(tempDir())
  const stream = await backend.events(`/api/sessions/${id}/events`)
  says(call('write_file', { path: 'a', content: '' }), { text: 'one' }, { text: 'two' })
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'go' })
  const { data } = await pending(stream)
  const steer = { text: 'and', when_busy: 'steer', until: 'true' }
  expect((await backend.call(`POST /api/sessions/${id}/prompt`, steer)).body.status).toBe('queued')
  const from = stream.frames.length
  await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
  await backend.call(`POST /api/sessions/${id}/approve`, {
    tool_call_id: (await pending(stream, from)).data.tool_call_id,
  })
  await stream.until(() => stream.stored.filter(({ type }) => type === 'turn.end').length === 2)
})

test('/until on the terminal', async () => {
  const { home, says } = await withModel()
  says({ text: 'one' }, { text: 'two' })
  const { code, stdout } = await run(['run', '/until false', '--yes'], { home, cwd: tempDir() })
  expect([code, stdout]).toEqual([1, expect.stringContaining('false failed twice in the same way')])
})
