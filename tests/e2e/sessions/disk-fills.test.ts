import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY } from '../../support/backend.ts'
import { gate } from '../../support/model-server.ts'
import { expectFailure, expectGoesOn, expectIntact, lacks, limit, makeRoom, session } from '../../support/poor-disk.ts'
import { call, pending, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

/**
 * A full disk, without a disk: a limit on the size of files, under which writes fail (EFBIG) once the signal that comes
 * with it is ignored. It can be set and lifted while the backend runs.
 */
const LIMITED = ['bash', '-c', `trap '' XFSZ; exec "$0" "$@"`, BINARY]

describe.skipIf(lacks !== '')(`a disk that fills up${lacks}`, () => {
  const start = () => startScripted({ command: LIMITED })

  test('a prompt that finds no room: told, forgotten, and not announced', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { log, stream, fill, post, view } = filled
    fill()
    const before = readFileSync(log, 'utf8')
    expectFailure(await post('prompt', { text: 'lost '.repeat(10_000) }))
    expectFailure(await post('prompt', { text: 'lost too', wait: true }))
    expect(readFileSync(log, 'utf8')).toBe(before)
    expect(await view()).toMatchObject({ agent_state: 'idle', message_count: 0 })
    expect(scripted.model.requests).toHaveLength(0)
    const events = await expectGoesOn(scripted, filled)
    expect(events.map(event => event.type).join(' ')).toBe('session.created prompt message turn.end')
    await stream.idle()
    expect(stream.types()).toBe('session.created idle prompt thinking message.delta message turn.end idle')
  })

  test('half a line is written before the disk is full: it is taken back', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    limit(scripted.backend, statSync(filled.log).size + 100)
    const before = readFileSync(filled.log, 'utf8')
    expectFailure(await filled.post('prompt', { text: 'lost '.repeat(1_000) }))
    expect(readFileSync(filled.log, 'utf8')).toBe(before)
    await expectGoesOn(scripted, filled)
  })

  test('an answer that finds no room: an error without an id, then idle, and the prompt is kept', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { log, stream, post, view } = filled
    const held = gate()
    scripted.model.add(async () => {
      await held.wait
      return {
        status: 200,
        body: `data: {"choices":[{"delta":{"content":"${'x'.repeat(1_000)}"},"finish_reason":"stop"}]}\n\n`,
      }
    })
    const waiting = post('prompt', { text: 'kept', wait: true })
    await stream.next('prompt')
    filled.fill()
    held.open()
    const { body } = await waiting
    expect({ ...body }).toMatchObject({ status: 'error', error: { code: 'TRANSCRIPT_ERROR' } })
    const { id, data } = await stream.next('error')
    expect(id).toBeNull()
    expect({ ...data }).toMatchObject({ code: 'TRANSCRIPT_ERROR', recoverable: true, turn_id: body.turn_id })
    expect(data.message).toMatch(/EFBIG.*limit/)
    await stream.until(
      ({ data }) => data.state === 'idle',
      stream.frames.findIndex(frame => frame.event === 'error'),
    )
    expect(stream.types()).toBe('session.created idle prompt thinking message.delta error error idle')
    expect((await view()).agent_state).toBe('idle')
    expectIntact(log, 'kept')
    const events = await expectGoesOn(scripted, filled, 'kept')
    expect(events.map(event => event.type).join(' ')).toBe('session.created prompt turn.end prompt message turn.end')
    expect(events[2].outcome).toBe('interrupted')
  })

  test('a result that finds no room: the call is closed before the next turn', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, project } = filled
    scripted.says(call('shell_exec', { command: 'touch started; while [ ! -e go ]; do sleep 0.02; done; echo done' }))
    await post('prompt', { text: 'run' })
    const { data } = await pending(stream)
    await post('approve', { tool_call_id: data.tool_call_id })
    while (!existsSync(join(project, 'started'))) await Bun.sleep(5)
    filled.fill()
    writeFileSync(join(project, 'go'), '')
    await stream.next('error')
    const events = await expectGoesOn(scripted, filled, 'run')
    const lost = events.find(event => event.type === 'tool.result')
    expect(lost).toMatchObject({ status: 'error', error: { code: 'INTERRUPTED' } })
  })

  test.each([
    ['approve', 200, 'approved'],
    ['reject', 200, 'rejected'],
  ])('%s: the call still waits, and can be decided when there is room', async (how, status, word) => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, view, project } = filled
    scripted.says(call('write_file', { path: 'b.txt', content: 'b' }), { text: 'ok' })
    await post('prompt', { text: 'write' })
    const { data } = await pending(stream)
    filled.fill()
    expectFailure(await post(how, { tool_call_id: data.tool_call_id }))
    expect((await view()).pending_approvals).toHaveLength(1)
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    makeRoom(scripted.backend)
    const again = await post(how, { tool_call_id: data.tool_call_id })
    expect([again.status, again.body.status]).toEqual([status, word])
    await stream.idle()
    expect(existsSync(join(project, 'b.txt'))).toBe(how === 'approve')
    await expectGoesOn(scripted, filled, 'write')
  })

  test('what is queued stays queued, and what finds no room is not', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, view, path } = filled
    scripted.says(call('write_file', { path: 'b.txt', content: 'b' }), { text: 'one' }, { text: 'two' })
    await post('prompt', { text: 'first' })
    const { data } = await pending(stream)
    const second = (await post('prompt', { text: 'second' })).body
    filled.fill()
    expectFailure(await post('prompt', { text: 'third' }))
    expectFailure(await post('prompt', { text: 'third', when_busy: 'steer' }))
    expectFailure(await scripted.backend.call(`DELETE ${path}/queue/${second.turn_id}`))
    expectFailure(await scripted.backend.call(`PATCH ${path}`, { title: 'Lost' }))
    expect(await view()).toMatchObject({ queued: [{ turn_id: second.turn_id, text: 'second' }] })
    expect((await view()).title).toBe('first')
    makeRoom(scripted.backend)
    await post('reject', { tool_call_id: data.tool_call_id })
    await stream.until(({ event, data }) => event === 'turn.end' && data.turn_id === second.turn_id)
    await expectGoesOn(scripted, filled, 'first', 'second')
  })

  test('interrupt: everything stops all the same, and who waits in the queue is told when there is room', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, post, view } = filled
    scripted.says(call('write_file', { path: 'b.txt', content: 'b' }))
    await post('prompt', { text: 'first' })
    await pending(stream)
    const waiting = post('prompt', { text: 'second', wait: true })
    await stream.next('prompt.queued')
    filled.fill()
    expect((await post('interrupt')).status).toBe(200)
    expect((await view()).agent_state).toBe('idle')
    const events = await expectGoesOn(scripted, filled, 'first', 'second')
    expect((await waiting).body.status).toBe('interrupted')
    expect(events.map(event => event.type)).toContain('prompt.dropped')
    expect(await view()).toMatchObject({ pending_approvals: [], queued: [] })
  })

  test('close: told, and the session can be resumed', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    const { stream, path, post } = filled
    scripted.says({ text: 'ok' })
    await post('prompt', { text: 'first', wait: true })
    filled.fill()
    expectFailure(await scripted.backend.call(`DELETE ${path}`))
    await stream.until(() => stream.ended).catch(() => {}) // it ends, without a session.closed
    expect(stream.ended).toBe(true)
    expect((await scripted.backend.call(`GET ${path}`)).body.error.details).toEqual({ resumable: true })
    expectFailure(await post('resume'))
    expect((await scripted.backend.call(`GET ${path}`)).status).toBe(404)
    expectFailure(await post('resume'))
    makeRoom(scripted.backend)
    expect({ ...(await post('resume')).body }).toMatchObject({ status: 'resumed', message_count: 2 })
    await expectGoesOn(scripted, filled, 'first')
  })

  test('a new session finds no room: nothing of it stays behind, one that is not saved works', async () => {
    const scripted = await start()
    const { backend } = scripted
    limit(backend, 0)
    const project = tempDir()
    for (let i = 0; i < 3; i++) expectFailure(await backend.call('POST /api/sessions', { project_path: project }))
    expect((await backend.call('GET /api/sessions')).body.sessions).toEqual([])
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toEqual([])
    const id = await backend.session(project, { config: { save_transcript: false } })
    scripted.says({ text: 'ok' })
    expect((await backend.call(`POST /api/sessions/${id}/prompt`, { text: 'hi', wait: true })).body.status).toBe(
      'success',
    )
    makeRoom(backend)
    expect((await backend.call('POST /api/sessions', { project_path: project })).status).toBe(201)
    expect((await backend.call('GET /api/transcripts')).body.transcripts).toHaveLength(1)
  })

  test('a long result finds no room to be kept whole: the model gets both ends of it', async () => {
    const scripted = await start()
    const filled = await session(scripted)
    // Room for the log (which has the cut result), none for the whole of it.
    limit(scripted.backend, 100_000)
    scripted.says(call('shell_exec', { command: 'echo begin; seq 100000; echo finish' }), {
      text: 'ok',
      usage: { input: 20_000 }, // far less than was sent would look like a server that cuts silently
    })
    await filled.post('prompt', { text: 'run' })
    const { data } = await pending(filled.stream)
    await filled.post('approve', { tool_call_id: data.tool_call_id })
    await filled.stream.idle()
    const result = (await filled.stream.next('tool.result')).data
    expect(result.status).toBe('success')
    expect(result.result.content).toMatch(/begin[\s\S]*not kept[\s\S]*finish/)
    await expectGoesOn(scripted, filled, 'run')
  })

  test('a file that finds no room is left as it was', async () => {
    const scripted = await start()
    const filled = await session(scripted, { config: { auto_approve_tools: ['edit_file'] } })
    const before = `one\n${'line\n'.repeat(20_000)}`
    writeFileSync(join(filled.project, 'a.txt'), before)
    limit(scripted.backend, 50_000)
    scripted.says(call('edit_file', { path: 'a.txt', old: 'one', new: 'two' }), { text: 'ok' })
    expect((await filled.post('prompt', { text: 'edit', wait: true })).body.status).toBe('success')
    expect((await filled.stream.next('tool.result')).data).toMatchObject({
      status: 'error',
      error: { code: 'TOOL_FAILED' },
    })
    expect(readFileSync(join(filled.project, 'a.txt'), 'utf8')).toBe(before)
    expect(readdirSync(filled.project)).toEqual(['a.txt'])
    await expectGoesOn(scripted, filled, 'edit')
  })
})
