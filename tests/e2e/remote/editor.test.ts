import { beforeAll, describe, expect, test } from 'bun:test'
import fs from 'node:fs'
import { Backend } from '../../support/backend.ts'
import { Machine, PREFIX, withRemote } from '../../support/remote-editor.ts'
import { call, type Scripted, startScripted } from '../../support/scripted.ts'

let scripted: Scripted
beforeAll(async () => {
  scripted = await startScripted({ config: '[sandbox]\nmode = "auto"' })
})
const FILES = { 'a.txt': 'one\n' }
const UNREACHED = 'The files of this project are on u@far; they are reached through Emacs. Open the conversation there.'

test('the session says where its project is, and what has no effect there', async () => {
  const { machine, backend, path, make, model } = await withRemote(scripted, { ...FILES, 'AGENTS.md': 'Say please.\n' })
  fs.writeFileSync(`${machine.path}/AGENTS.md`, 'of here')
  const { frames } = await make(call('read_file', { path: 'a.txt' }))
  const { body } = await backend.call(`GET ${path}`)
  expect(body).toMatchObject({
    project_path: PREFIX + machine.path,
    remote: { machine: 'u@far', path: machine.path },
  })
  expect(frames.filter(({ event }) => event === 'notice').map(({ data }) => [data.code, data.message])).toEqual([
    [
      'REMOTE_PROJECT',
      'The project is on u@far; its files and commands are reached through Emacs. Without effect there: undo, the sandbox, the configuration and hooks of the project.',
    ],
  ])
  const system = model.requests.at(-1)!.body.messages[0].content
  expect(system).toContain(`${machine.path} on u@far`)
  expect(system).toContain('<instructions from="AGENTS.md">\nSay please.\n</instructions>')
  expect(system).not.toContain('of here')
})

test('no tool of the editor that reaches machines is offered to a model', async () => {
  const { make, model, put } = await withRemote(scripted, FILES)
  expect((await put(['remote_files', 'remote_process', 'hover'])).body.tools).toEqual([
    'hover',
    'remote_files',
    'remote_process',
  ])
  await make(call('read_file', { path: 'a.txt' }))
  const offered = model.requests.at(-1)!.body.tools.map((tool: any) => tool.function.name)
  expect(offered).toContain('hover')
  expect(offered.filter((name: string) => name.startsWith('remote'))).toEqual([])
})

test.each([
  ['read_file', { path: 'a.txt' }],
  ['write_file', { path: 'a.txt', content: 'x' }],
  ['list_directory', {}],
  ['grep', { pattern: 'x' }],
  ['search_files', { pattern: 'x' }],
  ['shell_exec', { command: 'true' }],
  ['git_status', {}],
  ['create_directory', { path: 'd' }],
  ['delete_file', { path: 'a.txt' }],
])('without an editor that reaches the machine, %s says so', async (name, args) => {
  for (const tools of [null, ['remote_files']]) {
    const { make, machine } = await withRemote(scripted, FILES, { tools, decoys: FILES })
    expect((await make(call(name, args))).result.error).toMatchObject({ code: 'TOOL_FAILED', message: UNREACHED })
    expect(fs.readdirSync(machine.path)).toEqual(['a.txt'])
  }
})

describe('invalid answers', () => {
  const reading = async (answer: (request: any) => any) => {
    const remote = await withRemote(scripted, FILES)
    await remote.make(call('read_file', { path: 'a.txt' })) // the editor is registered by then
    remote.serving.answer = ({ params, ...request }) => (params.op ? answer({ ...request, params }) : undefined)
    const { result } = await remote.make(call('read_file', { path: 'a.txt' }))
    // Only that call failed.
    remote.serving.answer = () => undefined
    expect((await remote.make(call('read_file', { path: 'a.txt' }))).told).toBe('1\tone')
    return result.error
  }

  test.each([
    [{ result: null }, 'The editor answered remote_files with another shape than expected.'],
    [{ result: 'text' }, 'The editor answered remote_files with another shape than expected.'],
    [{ result: { path: 7, kind: 'file' } }, 'The editor answered remote_files with another shape than expected.'],
    [{ result: { path: '/x', kind: 'door' } }, 'The editor answered remote_files with another shape than expected.'],
    [
      { result: { path: '/ssh:u@other:/etc/passwd', kind: 'file', size: 1 } },
      'The editor answered with a file that is not on u@far. Go on without it.',
    ],
    [
      { result: { path: '/etc/passwd', kind: 'file', size: 1 } },
      'The editor answered with a file that is not on u@far. Go on without it.',
    ],
    [
      { error: { message: 'The connection to far is gone: visit a file there, then go on' } },
      'The editor reports: The connection to far is gone: visit a file there, then go on',
    ],
  ])('%j', async (answer, message) => {
    expect(await reading(() => answer)).toMatchObject({ code: 'TOOL_FAILED', message })
  })

  test('a place outside of the project', async () => {
    const answer = { result: { path: `${PREFIX}/etc/passwd`, kind: 'file', size: 1 } }
    expect(await reading(() => answer)).toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test('contents that are no base64', async () => {
    expect(
      await reading(({ params }) => (params.op === 'read' ? { result: { data: '{}!', size: 2 } } : undefined)),
    ).toMatchObject({ code: 'TOOL_FAILED' })
  })

  test('no JSON, and 50 MB: each is refused, and an error may follow', async () => {
    const remote = await withRemote(scripted, FILES)
    const { backend, path, serving, make } = remote
    const statuses: number[] = []
    serving.answer = async ({ request_id, params }) => {
      if (params.op !== 'read') return undefined
      for (const body of ['{"result":', JSON.stringify({ result: { data: 'A'.repeat(50_000_000) } })])
        statuses.push((await backend.call(`POST ${path}/editor/${request_id}`, body)).status)
      return { error: { message: 'It is too large' } }
    }
    expect((await make(call('read_file', { path: 'a.txt' }))).result.error.message).toBe(
      'The editor reports: It is too large',
    )
    expect(statuses).toEqual([400, 413])
  })

  test('the error about a file over the limit names the remedy', async () => {
    const { make, machine } = await withRemote(scripted, FILES)
    fs.writeFileSync(machine.at('big.log'), 'x\n'.repeat(5_000_000))
    const { message } = (await make(call('read_file', { path: 'big.log' }))).result.error
    expect(message).toContain('larger than 8 MiB')
    expect(message).toContain('shell command')
  })
})

test('whatever the answers are, each call ends, and nothing of this machine is touched', async () => {
  const { make, serving, machine, backend, path } = await withRemote(scripted, FILES, { decoys: { 'a.txt': 'local' } })
  const decide = async ({ tool_call_id }: any) => {
    const { status } = await backend.call(`POST ${path}/approve`, { tool_call_id })
    if (status !== 200) await backend.call(`POST ${path}/reject`, { tool_call_id })
  }
  await make(call('read_file', { path: 'a.txt' }))
  const name = PREFIX + machine.path
  const answers = [
    null,
    true,
    7,
    '',
    'x',
    [],
    {},
    [null],
    { path: name },
    { path: name, kind: 'file', size: -1, mode: '9' },
    { path: `${name}/a.txt`, kind: 'file', size: 1e300 },
    { path: `${name}/a.txt`, kind: 'link', target: '/' },
    { path: `${name}/\u0000`, kind: null },
    { entries: [{ name: '../../etc', kind: 'file', size: 1 }] },
    { entries: {} },
    { data: 'AAAA', size: 99 },
    { data: '', size: 0 },
    { stale: true },
    { stale: 'no' },
    { exit_code: 0, stdout: '' },
    { exit_code: -1, signal: 'SIGNONE', stdout: 'AAAA' },
    { exit_code: null, signal: 9, stdout: 'AA==', cut: true },
    { exit_code: 1e9, stdout: Buffer.from('git\0../x\0/etc/passwd\0\0').toString('base64') },
  ]
  const calls = [
    call('read_file', { path: 'a.txt' }),
    call('write_file', { path: 'a.txt', content: 'x' }),
    call('list_directory', { depth: 2 }),
    call('grep', { pattern: 'x' }),
    call('search_files', { pattern: '**' }),
    call('shell_exec', { command: 'cat a.txt' }),
    call('git_status', {}),
    call('delete_file', { path: 'a.txt' }),
    call('move_file', { source: 'a.txt', dest: 'b' }),
  ]
  for (const [i, result] of answers.entries()) {
    serving.answer = () => ({ result })
    const { result: ended } = await make(calls[i % calls.length]!, decide)
    expect(['success', 'error', 'rejected']).toContain(ended.status)
    // The same with a valid first answer.
    let asked = 0
    serving.answer = () => (asked++ === 0 ? undefined : { result })
    expect(['success', 'error', 'rejected']).toContain(
      (await make(calls[(i + 4) % calls.length]!, decide)).result.status,
    )
  }
  serving.answer = () => undefined
  expect(fs.readFileSync(`${machine.path}/a.txt`, 'utf8')).toBe('local')
  expect(fs.readdirSync(machine.path)).toEqual(['a.txt'])
}, 120_000)

test('an editor that detaches in mid-request fails the call, not the session', async () => {
  const { make, put, serving } = await withRemote(scripted, FILES)
  await make(call('read_file', { path: 'a.txt' }))
  serving.answer = async () => {
    await put(null)
    return null
  }
  const { result } = await make(call('read_file', { path: 'a.txt' }))
  expect(result.error).toMatchObject({ code: 'TOOL_FAILED', message: 'The editor was detached.' })
  serving.answer = () => undefined
  await put(['remote_files', 'remote_process'])
  expect((await make(call('read_file', { path: 'a.txt' }))).told).toBe('1\tone')
})

test('an editor that is killed while a command runs', async () => {
  const { says, backend, path, stream, approve } = await withRemote(scripted, FILES)
  says(call('shell_exec', { command: 'echo up; sleep 1000' }), { text: 'ok' })
  const turn = backend.call(`POST ${path}/prompt`, { text: 'go', wait: true })
  await approve((await stream.next('tool.call')).data)
  await stream.next('tool.progress')
  stream.close()
  expect((await turn).body.status).toBe('success')
  const follower = await backend.events(`${path}/events`, 0)
  expect((await follower.next('tool.result')).data.error).toMatchObject({ code: 'TOOL_FAILED' })
  follower.close()
})

test('an interrupt does not wait for an editor that never answers', async () => {
  const { says, backend, path, stream, serving, make } = await withRemote(scripted, FILES)
  await make(call('read_file', { path: 'a.txt' }))
  serving.answer = () => null
  says(call('read_file', { path: 'a.txt' }))
  const from = stream.frames.length
  await backend.call(`POST ${path}/prompt`, { text: 'go' })
  await stream.next('editor.request', from)
  expect((await backend.call(`POST ${path}/interrupt`)).status).toBe(200)
  await stream.idle(from)
})

test('an editor that never answers fails the call, with the remedy', async () => {
  const { make, serving } = await withRemote(scripted, FILES)
  await make(call('read_file', { path: 'a.txt' }))
  serving.answer = () => null
  const { result } = await make(call('list_directory', {}))
  expect(result.error).toMatchObject({
    code: 'TIMEOUT',
    message: 'Emacs did not answer for u@far in time: the connection may be gone. Visit a file there, then go on.',
  })
}, 60_000)

test('of two editors the first answer counts', async () => {
  const { make, machine, backend, path } = await withRemote(scripted, FILES)
  const other = await backend.events(`${path}/events`)
  const answers = (async () => {
    const seen: number[] = []
    for (let at = 0; !other.ended; ) {
      const frame = await other.next('editor.request', at).catch(() => null)
      if (!frame) break
      at = other.frames.indexOf(frame) + 1
      const { request_id, tool, params } = frame.data
      if (tool !== 'remote_files') continue
      seen.push((await backend.call(`POST ${path}/editor/${request_id}`, { result: machine.files(params) })).status)
    }
    return seen
  })()
  expect((await make(call('read_file', { path: 'a.txt' }))).told).toBe('1\tone')
  expect((await make(call('write_file', { path: 'a.txt', content: 'two\n' }))).told).toContain('Wrote a.txt')
  expect(machine.read('a.txt')).toBe('two\n')
  other.close()
  expect((await answers).every(status => status === 200 || status === 404)).toBe(true)
})

test('a session is resumed without an editor', async () => {
  const own = await startScripted()
  const { id, machine, backend, path } = await withRemote(own, FILES)
  await backend.stop()
  const again = await Backend.start(own.home)
  expect((await again.call(`POST /api/sessions/${id}/resume`)).status).toBe(200)
  const { body } = await again.call(`GET ${path}`)
  expect(body.project_path).toBe(PREFIX + machine.path)
  expect(body.remote).toEqual({ machine: 'u@far', path: machine.path })
})

test('a call in a project that does not exist fails, and names it', async () => {
  const machine = new Machine(FILES)
  fs.rmSync(machine.real, { recursive: true })
  const { make } = await withRemote(scripted, {}, { machine })
  expect((await make(call('read_file', { path: 'a.txt' }))).result.error.message).toBe(
    `${machine.path} is not there on u@far. Open a session on a directory that is.`,
  )
})
