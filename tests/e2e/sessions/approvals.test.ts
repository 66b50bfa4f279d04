import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStream } from '../../support/backend.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted()
})

/** A session in which the model has asked to edit `a.txt`, and what the person may decide on. */
async function asked(say = call('edit_file', { path: 'a.txt', old: 'two', new: '2' })) {
  const project = tempDir({ 'a.txt': 'one\ntwo\nthree\n' })
  const id = await scripted.backend.session(project)
  const stream = await scripted.backend.events(`/api/sessions/${id}/events`, 0)
  scripted.says(say, { text: 'ok' })
  await scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'edit' })
  const { data } = await pending(stream)
  return {
    id,
    project,
    stream,
    data,
    file: (name = 'a.txt') => readFileSync(join(project, name), 'utf8'),
    decide: (how: 'approve' | 'reject', body: object = {}) =>
      scripted.backend.call(`POST /api/sessions/${id}/${how}`, { tool_call_id: data.tool_call_id, ...body }),
  }
}

const resultOf = async (stream: EventStream) => (await stream.next('tool.result')).data
/** What the model was told in the last request. */
const told = () => JSON.stringify(scripted.model.requests.at(-1)!.body.messages)

describe('approve', () => {
  test('a file that changed since the preview: a fresh preview, never a blind write', async () => {
    const { project, stream, data, decide, file } = await asked()
    writeFileSync(join(project, 'a.txt'), 'zero\none\ntwo\n')
    const stale = await decide('approve', { preview_hash: data.preview.hash })
    expect(stale).toMatchObject({
      status: 409,
      body: { error: { code: 'STALE_PREVIEW', details: { preview: { files: [{ path: 'a.txt' }] } } } },
    })
    expect(file()).toBe('zero\none\ntwo\n')
    const fresh = await pending(stream, stream.frames.findIndex(frame => frame.event === 'tool.call') + 1)
    expect(fresh.data.preview).toEqual(stale.body.error.details.preview)
    expect((await decide('approve', { preview_hash: data.preview.hash })).status).toBe(409)
    expect((await decide('approve', { preview_hash: fresh.data.preview.hash })).status).toBe(200)
    await stream.idle()
    expect(file()).toBe('zero\none\n2\n')
  })

  test('a file that changed so that the call cannot work any more', async () => {
    const { project, decide, stream, file } = await asked()
    writeFileSync(join(project, 'a.txt'), 'nothing like it\n')
    expect(await decide('approve')).toMatchObject({ status: 409, body: { error: { code: 'STALE_PREVIEW' } } })
    expect((await decide('reject', { reason: 'too late' })).status).toBe(200)
    await stream.idle()
    expect(file()).toBe('nothing like it\n')
  })

  test('final content: exactly that is written, and the model hears of it', async () => {
    const { stream, data, decide, file } = await asked()
    expect((await decide('approve', { preview_hash: data.preview.hash, content: 'one\nTWO\nthree\n' })).status).toBe(
      200,
    )
    await stream.idle()
    expect(file()).toBe('one\nTWO\nthree\n')
    expect((await stream.next('approval')).data).toMatchObject({ decision: 'approved', edited: true })
    expect(told()).toContain('edited this call')
    expect(told()).toContain('+TWO')
  })

  test('other params: a new call, checked as one', async () => {
    const { stream, decide, file } = await asked()
    const outside = await decide('approve', { params: { path: '../x', old: 'a', new: 'b' } })
    expect(outside).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
    expect((await decide('approve', { params: { path: 'a.txt' } })).status).toBe(400)
    expect((await decide('approve', { params: { path: 'a.txt', old: 'three', new: '3' } })).status).toBe(200)
    await stream.idle()
    expect(file()).toBe('one\ntwo\n3\n')
    expect((await stream.next('approval')).data.params).toEqual({ path: 'a.txt', old: 'three', new: '3' })
  })

  test.each([
    ['params and content', { params: {}, content: '' }],
    ['remember with content', { content: '', remember: 'session' }],
    ['remember with params', { params: {}, remember: 'project' }],
  ])('%s together are refused, and the call still waits', async (_, body) => {
    const { id, stream, decide, data } = await asked()
    expect((await decide('approve', body)).status).toBe(400)
    const { body: view } = await scripted.backend.call(`GET /api/sessions/${id}`)
    expect(view.pending_approvals[0].tool_call_id).toBe(data.tool_call_id)
    await decide('reject')
    await stream.idle()
  })

  test('two clients decide at once: one counts', async () => {
    const { stream, decide } = await asked()
    const statuses = (await Promise.all([decide('approve'), decide('approve'), decide('reject')])).map(
      reply => reply.status,
    )
    expect(statuses.sort()).toEqual([200, 409, 409])
    await stream.idle()
    expect(stream.stored.filter(event => event.type === 'approval')).toHaveLength(1)
  })

  test('remember for the session: the same again asks no more, and the rule was shown first', async () => {
    const { id, stream, data, decide } = await asked(call('write_file', { path: 'b.txt', content: 'b' }))
    expect(data.remember).toEqual({ session: 'write_file(b.txt)', project: 'write_file(b.txt)' })
    expect((await decide('approve', { remember: 'session' })).status).toBe(200)
    await stream.idle()
    expect((await stream.next('session.updated')).data.rule).toBe(data.remember.session)
    scripted.says(call('write_file', { path: 'b.txt', content: 'bb' }), { text: 'ok' })
    const { body } = await scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'again', wait: true })
    expect(body).toMatchObject({ status: 'success', text: 'ok' })
    expect(stream.stored.filter(event => event.type === 'approval')).toHaveLength(1)
  })

  test('a rejection remembered for the session: the same again is refused, also after a resume', async () => {
    const { id, stream, data, decide } = await asked(call('write_file', { path: 'b.txt', content: 'b' }))
    expect((await decide('reject', { remember: 'project' })).status).toBe(400)
    expect((await decide('reject', { remember: 'session', reason: 'never' })).status).toBe(200)
    await stream.idle()
    const rule = data.remember.session
    expect((await stream.next('session.updated')).data).toMatchObject({ rule, action: 'deny' })
    await scripted.backend.call(`DELETE /api/sessions/${id}`)
    await scripted.backend.call(`POST /api/sessions/${id}/resume`)
    const after = await scripted.backend.events(`/api/sessions/${id}/events`)
    scripted.says(call('write_file', { path: 'b.txt', content: 'bb' }), { text: 'ok' })
    await scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'again', wait: true })
    expect(await resultOf(after)).toMatchObject({ status: 'error', error: { code: 'PERMISSION_DENIED' } })
  })

  test('remember for the project: another session of it asks no more, until the rule is deleted', async () => {
    const first = await asked(call('write_file', { path: 'c.txt', content: 'c' }))
    await first.decide('approve', { remember: 'project' })
    await first.stream.idle()
    const { body } = await scripted.backend.call(`GET /api/rules?project=${encodeURIComponent(first.project)}`)
    expect(body.rules).toMatchObject([
      { action: 'allow', rule: first.data.remember.project, project_path: first.project },
    ])
    const id = await scripted.backend.session(first.project)
    scripted.says(call('write_file', { path: 'c.txt', content: 'cc' }), { text: 'ok' })
    expect(
      (await scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'again', wait: true })).body.status,
    ).toBe('success')
    expect((await scripted.backend.call(`DELETE /api/rules/${body.rules[0].rule_id}`)).status).toBe(200)
    const stream = await scripted.backend.events(`/api/sessions/${id}/events`)
    scripted.says(call('write_file', { path: 'c.txt', content: 'ccc' }), { text: 'ok' })
    await scripted.backend.call(`POST /api/sessions/${id}/prompt`, { text: 'once more' })
    const { data } = await pending(stream)
    await scripted.backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
    await stream.idle()
    expect((await scripted.backend.call('DELETE /api/rules/rule_unknown')).status).toBe(404)
  })
})

test('reject: the model sees the reason, and nothing happens', async () => {
  const { stream, decide, file } = await asked()
  expect((await decide('reject', { reason: 'keep the word' })).body.status).toBe('rejected')
  await stream.idle()
  expect(await resultOf(stream)).toMatchObject({
    status: 'rejected',
    message: expect.stringContaining('keep the word'),
  })
  expect(told()).toContain('keep the word')
  expect(file()).toBe('one\ntwo\nthree\n')
})

test('a pending approval survives a reconnect', async () => {
  const { id, stream, data, decide } = await asked()
  stream.close()
  const again = await scripted.backend.events(`/api/sessions/${id}/events`)
  expect((await again.next('agent.state')).data).toMatchObject({
    state: 'waiting_approval',
    tool_call_id: data.tool_call_id,
  })
  expect((await decide('approve')).status).toBe(200)
  await again.idle()
})

test.each([
  ['approve', { tool_call_id: 'tc_unknown' }, 404, 'INVALID_TOOL_CALL'],
  ['reject', { tool_call_id: 'tc_unknown' }, 404, 'INVALID_TOOL_CALL'],
  ['approve', {}, 400, 'INVALID_REQUEST'],
])('%s %p is %d %s', async (how, body, status, code) => {
  const id = await scripted.backend.session(tempDir())
  expect(await scripted.backend.call(`POST /api/sessions/${id}/${how}`, body)).toMatchObject({
    status,
    body: { error: { code } },
  })
})

describe('unsaved buffers', () => {
  test('are what reads see, and are never written over unasked', async () => {
    const project = tempDir({ 'a.txt': 'on disk\n' })
    const { backend, says } = scripted
    const id = await backend.session(project, { config: { auto_approve_tools: ['write_file', 'edit_file'] } })
    const stream = await backend.events(`/api/sessions/${id}/events`)
    const unsaved = [{ path: 'a.txt', text: 'in the editor\n' }]
    expect((await backend.call(`PUT /api/sessions/${id}/buffers`, { unsaved })).body).toEqual({ count: 1 })
    says(call('read_file', { path: 'a.txt' }), call('edit_file', { path: 'a.txt', old: 'editor', new: 'buffer' }), {
      text: 'ok',
    })
    await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'edit' })
    const { data } = await pending(stream)
    expect((await resultOf(stream)).result.content).toContain('in the editor')
    expect(data.danger).toBe('unsaved_buffer')
    await backend.call(`POST /api/sessions/${id}/reject`, { tool_call_id: data.tool_call_id })
    await stream.idle()
    expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('on disk\n')
    await backend.call(`PUT /api/sessions/${id}/buffers`, { unsaved: [] })
    says(call('write_file', { path: 'new.txt', content: 'x' }), { text: 'ok' })
    expect((await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'write', wait: true })).body.status).toBe(
      'success',
    )
    expect(existsSync(join(project, 'new.txt'))).toBe(true)
  })
})

test('an approval that nobody gives in time is rejected, and ends the turn', async () => {
  const { backend, says } = await startScripted({ config: 'approval_timeout_seconds = 1' })
  const id = await backend.session(tempDir())
  const stream = await backend.events(`/api/sessions/${id}/events`, 0)
  says(call('write_file', { path: 'x', content: '' }))
  await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'write' })
  expect((await pending(stream)).data.expires_at).toBeString()
  await stream.idle()
  expect(stream.types()).toBe(
    'session.created idle prompt thinking tool.draft message tool.call waiting_approval approval tool.result turn.end idle',
  )
  expect((await stream.next('approval')).data).toMatchObject({ decision: 'timeout', by: 'config' })
  expect((await stream.next('turn.end')).data.outcome).toBe('limit')
})

test('plan can change nothing, whatever is approved in advance', async () => {
  const { backend, says, model } = scripted
  const project = tempDir({ 'a.txt': 'one\n' })
  const id = await backend.session(project, {
    agent: 'plan',
    config: { auto_approve_tools: ['write_file', 'shell_exec'] },
  })
  const offered = async () => model.requests.at(-1)!.body.tools.map((tool: any) => tool.function.name)
  says(
    call('write_file', { path: 'a.txt', content: 'x' }),
    call('shell_exec', { command: 'rm a.txt' }),
    call('git_branch', { name: 'x', create: true }),
    { text: 'so be it' },
  )
  const { body } = await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'change', wait: true })
  expect(body.text).toBe('so be it')
  const { body: log } = await backend.call(`GET /api/sessions/${id}/transcript`)
  expect(log.tool_calls.map((each: any) => each.result.status)).toEqual(['error', 'error', 'error'])
  expect(await offered()).not.toContain('write_file')
  expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('one\n')
})
