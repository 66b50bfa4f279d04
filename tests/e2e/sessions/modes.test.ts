import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isTask, begun as start } from '../../support/delegating.ts'
import { call, pending, type Scripted, startScripted } from '../../support/scripted.ts'
import { tempDir } from '../../support/temp.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({
    config: `[permissions]
ask = ["write_file(asked/**)"]
deny = ["write_file(denied/**)"]
[[hooks]]
on = "tool.call"
match = "write_file(hooked.txt)"
command = '''echo '{"decision":"ask","reason":"by hand"}' '''
`,
  })
})

const api = (request: string, body?: object) => scripted.backend.call(request, body)

/** A session in `mode`, followed from its first event, and how the model's next call ends. */
async function inMode(mode?: string, files: Record<string, string> = { 'a.txt': 'one\n' }) {
  const project = tempDir(files)
  const { body } = await api('POST /api/sessions', { project_path: project, ...(mode && { config: { mode } }) })
  const stream = await scripted.backend.events(`/api/sessions/${body.session_id}/events`, 0)
  return {
    project,
    stream,
    id: body.session_id as string,
    session: body,
    switchTo: (mode: string) => api(`PATCH /api/sessions/${body.session_id}`, { config: { mode } }),
    /** Whether the call asked; then it is rejected. */
    async asks(tool: string, args: object) {
      scripted.says(call(tool, args), { text: 'ok' })
      const seen = stream.frames.length
      await api(`POST /api/sessions/${body.session_id}/prompt`, { text: 'go' })
      const { data } = await stream.until(
        ({ event, data }) => event === 'tool.result' || (event === 'tool.call' && data.requires_approval),
        seen,
      )
      if (data.type === 'tool.call')
        await api(`POST /api/sessions/${body.session_id}/reject`, { tool_call_id: data.tool_call_id })
      await stream.until(({ event }) => event === 'turn.end', seen)
      return data.type === 'tool.call' ? 'asks' : (data.error?.code ?? data.status)
    },
  }
}

const modesOf = (stream: { stored: any[] }) =>
  stream.stored.filter(({ type }) => type === 'session.mode').map(({ mode, by }) => `${mode} ${by}`)

describe('a mode', () => {
  test('is ask, until a person chooses another: an event each time, and none for the same again', async () => {
    const { id, stream, session, switchTo } = await inMode()
    expect(session.config.mode).toBe('ask')
    for (const mode of ['accept-edits', 'accept-edits', 'plan', 'ask'])
      expect((await switchTo(mode)).body.config.mode).toBe(mode)
    expect((await api(`GET /api/sessions/${id}`)).body.config).toEqual({
      auto_approve_readonly: true,
      auto_approve_tools: [],
      save_transcript: true,
      mode: 'ask',
    })
    await stream.until(({ event, data }) => event === 'session.mode' && data.mode === 'ask')
    expect(modesOf(stream)).toEqual(['accept-edits user', 'plan user', 'ask user'])
    expect(stream.stored.map(({ type }) => type)).toEqual(['session.created', ...Array(3).fill('session.mode')])
  })

  test.each([['yolo'], ['Ask'], [''], [7], [['plan']], [{ mode: 'plan' }]])('%j is none', async mode => {
    const project_path = tempDir()
    expect(await api('POST /api/sessions', { project_path, config: { mode } })).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_REQUEST' } },
    })
    const { id } = await inMode()
    const seen = (await api(`GET /api/sessions/${id}`)).body.last_event_id
    expect((await api(`PATCH /api/sessions/${id}`, { title: 'T', config: { mode } })).status).toBe(400)
    expect((await api(`GET /api/sessions/${id}`)).body).toMatchObject({ last_event_id: seen, config: { mode: 'ask' } })
  })

  test('other settings leave it as it is, and it leaves them', async () => {
    const { id, stream } = await inMode('accept-edits')
    const patched = await api(`PATCH /api/sessions/${id}`, { config: { auto_approve_readonly: false } })
    expect(patched.body.config).toMatchObject({ mode: 'accept-edits', auto_approve_readonly: false })
    const both = await api(`PATCH /api/sessions/${id}`, { title: 'T', config: { mode: 'plan' } })
    expect(both.body).toMatchObject({ title: 'T', config: { mode: 'plan', auto_approve_readonly: false } })
    await stream.until(({ event, data }) => event === 'session.updated' && data.title === 'T')
    expect(modesOf(stream)).toEqual(['accept-edits user', 'plan user'])
  })

  test('survives a resume, and goes with a fork', async () => {
    const { id, asks } = await inMode('accept-edits')
    expect(await asks('write_file', { path: 'b.txt', content: 'b' })).toBe('success')
    const fork = await api(`POST /api/sessions/${id}/fork`, {})
    expect(fork.body.config.mode).toBe('accept-edits')
    await api(`PATCH /api/sessions/${fork.body.session_id}`, { config: { mode: 'plan' } })
    await api(`DELETE /api/sessions/${id}`)
    expect((await api(`POST /api/sessions/${id}/resume`)).status).toBe(200)
    expect((await api(`GET /api/sessions/${id}`)).body.config.mode).toBe('accept-edits')
  })

  test('is a command, too', async () => {
    const { id } = await inMode()
    const said = await api(`POST /api/sessions/${id}/prompt`, { command: { name: 'mode', arguments: 'plan' } })
    expect(said.body).toMatchObject({ status: 'done', text: 'mode plan', result: { mode: 'plan' } })
    const wrong = await api(`POST /api/sessions/${id}/prompt`, { command: { name: 'mode', arguments: 'root' } })
    expect(wrong).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
  })
})

describe('accept-edits', () => {
  test.each([
    ['write_file', { path: 'new/b.txt', content: 'b' }, 'success'],
    ['edit_file', { path: 'a.txt', old: 'one', new: '1' }, 'success'],
    ['create_directory', { path: 'd' }, 'success'],
    ['copy_file', { source: 'a.txt', dest: 'c.txt' }, 'success'],
    ['move_file', { source: 'a.txt', dest: 'm.txt' }, 'success'],
    ['delete_file', { path: 'a.txt' }, 'asks'],
    ['shell_exec', { command: 'true' }, 'asks'],
    ['write_file', { path: 'asked/b', content: '' }, 'asks'],
    ['write_file', { path: 'hooked.txt', content: '' }, 'asks'],
    ['write_file', { path: 'denied/b', content: '' }, 'PERMISSION_DENIED'],
    ['write_file', { path: '.env', content: '' }, 'PERMISSION_DENIED'],
    ['write_file', { path: '../x', content: '' }, 'PERMISSION_DENIED'],
    ['write_file', { path: '.envrc', content: '' }, 'PERMISSION_DENIED'],
    ['write_file', { path: '.dir-locals.el', content: '' }, 'asks'],
    ['write_file', { path: 'emacs-agent.toml', content: '' }, 'asks'],
    ['write_file', { path: '.mcp.json', content: '' }, 'asks'],
    ['write_file', { path: '.git/info/exclude', content: '' }, 'asks'],
    ['move_file', { source: 'a.txt', dest: '.git/b' }, 'asks'],
  ])('%s %j: %s', async (tool, args, expected) => {
    const { asks, project } = await inMode('accept-edits', {
      'a.txt': 'one\n',
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/refs/heads/.keep': '',
      '.git/objects/.keep': '',
    })
    expect(await asks(tool, args)).toBe(expected)
    if (expected !== 'success') expect(readFileSync(join(project, 'a.txt'), 'utf8')).toBe('one\n')
  })

  test('a file with unsaved changes in an editor asks', async () => {
    const { id, asks, project } = await inMode('accept-edits')
    await api(`PUT /api/sessions/${id}/buffers`, {
      unsaved: [{ path: join(project, 'a.txt'), text: 'one, by hand\n' }],
    })
    expect(await asks('write_file', { path: 'a.txt', content: 'b' })).toBe('asks')
  })
})

describe('plan', () => {
  test('only reads, whatever the agent is and whatever a rule allows', async () => {
    const { asks, project } = await inMode('plan')
    expect(await asks('read_file', { path: 'a.txt' })).toBe('success')
    expect(await asks('write_file', { path: 'b.txt', content: '' })).toBe('PERMISSION_DENIED')
    expect(await asks('shell_exec', { command: 'touch c' })).toBe('PERMISSION_DENIED')
    expect(existsSync(join(project, 'b.txt')) || existsSync(join(project, 'c'))).toBe(false)
  })

  test('a delegated agent has the mode as well', async () => {
    const { id, stream, project } = await start(
      scripted,
      {},
      (request, text) =>
        isTask(request)
          ? text.includes('You now')
            ? call('write_file', { path: 'b.txt', content: '' })
            : { text: 'done' }
          : text === 'go'
            ? call('delegate', { agent: 'build', task: 'write' })
            : { text: 'ok' },
      4,
    )
    const { data } = await pending(stream)
    expect(data.tool).toBe('write_file')
    expect((await api(`PATCH /api/sessions/${id}`, { config: { mode: 'plan' } })).status).toBe(200)
    await stream.idle()
    expect(existsSync(join(project, 'b.txt'))).toBe(false)
    expect((await stream.next('approval')).data).toMatchObject({ decision: 'rejected', by: 'config' })
  })
})

describe('what waits when the mode changes', () => {
  /** A call that waits in the mode ask. */
  async function waiting(tool: string, args: object) {
    const session = await inMode()
    scripted.says(call(tool, args), { text: 'ok' })
    await api(`POST /api/sessions/${session.id}/prompt`, { text: 'go' })
    const { data } = await pending(session.stream)
    return { ...session, tool_call_id: data.tool_call_id as string }
  }

  test('goes on if the mode allows it', async () => {
    const { switchTo, stream, project } = await waiting('write_file', { path: 'b.txt', content: 'b' })
    expect((await switchTo('accept-edits')).body.pending_approvals).toEqual([])
    await stream.idle()
    expect((await stream.next('approval')).data).toMatchObject({ decision: 'approved', by: 'config' })
    expect(readFileSync(join(project, 'b.txt'), 'utf8')).toBe('b')
    const kinds = stream.stored.map(({ type }) => type)
    expect(kinds.indexOf('session.mode')).toBeLessThan(kinds.indexOf('approval'))
  })

  test.each([
    ['shell_exec', { command: 'true' }],
    ['write_file', { path: 'asked/b', content: 'b' }],
    ['write_file', { path: 'hooked.txt', content: 'b' }],
  ])('waits on if not: %s %j', async (tool, args) => {
    const { switchTo, id, tool_call_id, stream } = await waiting(tool, args)
    expect((await switchTo('accept-edits')).body.pending_approvals).toHaveLength(1)
    expect((await api(`POST /api/sessions/${id}/reject`, { tool_call_id })).status).toBe(200)
    await stream.idle()
  })

  test('is rejected in plan', async () => {
    const { switchTo, stream, id, tool_call_id } = await waiting('shell_exec', { command: 'touch c' })
    expect((await switchTo('plan')).body.pending_approvals).toEqual([])
    expect((await api(`POST /api/sessions/${id}/approve`, { tool_call_id })).status).toBe(409)
    await stream.idle()
    expect((await stream.next('tool.result')).data).toMatchObject({ status: 'rejected' })
  })
})
