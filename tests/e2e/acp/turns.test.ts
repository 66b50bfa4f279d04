import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, choose, edit, project as editedProject, modelHome, Peer } from '../../support/acp.ts'
import { gate } from '../../support/model-server.ts'

let peer: Peer
let world: Awaited<ReturnType<typeof modelHome>>
const says: typeof world.says = (...lines) => world.says(...lines)

beforeAll(async () => {
  world = await modelHome()
  peer = await Peer.start(world.home)
})

const project = () => editedProject({ 'b.txt': 'beta\n' })

describe('a turn', () => {
  test('text and thinking, each with the id of its message, and what it used', async () => {
    const id = await peer.session()
    // What could be the beginning of a secret is held back to the end: no token begins with a full stop.
    says({ thinking: 'hm.', text: ['Hel', 'lo'], usage: { input: 100, output: 7 } })
    const response = await peer.prompt(id, 'hi')
    expect(response).toEqual({
      stopReason: 'end_turn',
      usage: { inputTokens: 100, outputTokens: 7, cachedReadTokens: 0, cachedWriteTokens: 0, totalTokens: 107 },
    } as any)
    expect(peer.kinds()).toEqual(['agent_thought', 'agent_message', 'usage'])
    expect(peer.text('agent_thought_chunk')).toBe('hm.')
    expect(peer.text('agent_message_chunk')).toBe('Hello')
    const ids = peer.seen.flatMap(seen => ('messageId' in seen ? [seen.messageId] : []))
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^msg_/)
    expect(peer.seen.at(-1)).toMatchObject({ used: 107, size: 50000 })
  })

  test('reads run side by side, and need nobody', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    const reads = ['a.txt', 'b.txt'].map(path => ({ id: path, name: 'read_file', args: { path } }))
    says({ calls: reads }, { text: 'read' })
    await peer.prompt(id, 'read both')
    expect(peer.kinds()).toEqual([
      'usage',
      'call read in_progress',
      'call read in_progress',
      'update completed',
      'update completed',
      'agent_message',
      'usage',
    ])
    expect(peer.seen[1]).toMatchObject({
      title: expect.stringContaining('a.txt'),
      rawInput: { path: 'a.txt' },
      locations: [{ path: join(cwd, 'a.txt') }],
    })
    const results = peer.seen.filter(seen => seen.sessionUpdate === 'tool_call_update')
    expect(JSON.stringify(results)).toContain('beta')
  })

  test('an edit that is allowed once asks the next time', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    peer.answers.permission = async () => choose('allow_once')
    says(edit, { text: 'done' })
    await peer.prompt(id, 'edit')
    expect(peer.kinds()).toEqual([
      'usage',
      'call edit pending',
      'permission',
      'update in_progress',
      'update completed',
      'agent_message',
      'usage',
    ])
    const diff = { type: 'diff', path: join(cwd, 'a.txt'), oldText: 'one\ntwo\nthree\n', newText: 'one\n2\nthree\n' }
    expect(peer.seen[1]).toMatchObject({ content: [diff], rawInput: { path: 'a.txt', old: 'two', new: '2' } })
    const { request } = peer.seen[2] as any
    expect(request.toolCall).toMatchObject({
      toolCallId: (peer.seen[1] as any).toolCallId,
      kind: 'edit',
      content: [diff],
    })
    expect(request.options.map((option: any) => option.kind)).toEqual([
      'allow_once',
      'allow_always',
      'reject_once',
      'reject_always',
    ])
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n2\nthree\n')
    says(call('edit_file', { path: 'a.txt', old: 'three', new: '3' }), { text: 'done' })
    await peer.prompt(id, 'again')
    expect(peer.kinds().filter(kind => kind === 'permission')).toHaveLength(2)
  })

  test('an edit that is allowed always asks no more, by the rule in the name of the option', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    peer.answers.permission = async () => choose('allow_always')
    says(edit, { text: 'done' })
    await peer.prompt(id, 'edit')
    const { request } = await peer.next('permission')
    expect(request.options[1].name).toMatch(/^Allow always in this session: edit_file\(.*a\.txt.*\)$/)
    says(call('edit_file', { path: 'a.txt', old: 'three', new: '3' }), { text: 'done' })
    peer.seen.length = 0
    await peer.prompt(id, 'again')
    expect(peer.kinds()).toEqual([
      'usage',
      'call edit in_progress',
      'update completed',
      'update',
      'agent_message',
      'usage',
    ])
    expect(peer.seen[3]).toMatchObject({
      content: [{ type: 'diff', oldText: 'one\n2\nthree\n', newText: 'one\n2\n3\n' }],
    })
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n2\n3\n')
  })

  test('an edit that is rejected fails, stays in sight, and changes nothing', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    peer.answers.permission = async () => choose('reject_once')
    says(edit, { text: 'all right' })
    expect(await peer.prompt(id, 'edit')).toMatchObject({ stopReason: 'end_turn' })
    expect(peer.kinds()).toEqual([
      'usage',
      'call edit pending',
      'permission',
      'update failed',
      'agent_message',
      'usage',
    ])
    expect((peer.seen[3] as any).content.map(({ type }: any) => type)).toEqual(['diff', 'content'])
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\ntwo\nthree\n')
  })

  test('an edit that is rejected always is refused the next time, by the rule in the name of the option', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    peer.answers.permission = async () => choose('reject_always')
    says(edit, { text: 'all right' })
    await peer.prompt(id, 'edit')
    const { request } = await peer.next('permission')
    expect(request.options[3].name).toMatch(/^Reject always in this session: edit_file\(.*a\.txt.*\)$/)
    says(call('edit_file', { path: 'a.txt', old: 'three', new: '3' }), call('read_file', { path: 'a.txt' }), {
      text: 'done',
    })
    peer.seen.length = 0
    await peer.prompt(id, 'again')
    expect(peer.kinds()).toEqual([
      'usage',
      'call edit in_progress',
      'update failed',
      'usage',
      'call read in_progress',
      'update completed',
      'agent_message',
      'usage',
    ])
    expect(((await peer.until(seen => (seen as any).status === 'failed')) as any).rawOutput.error.code).toBe(
      'PERMISSION_DENIED',
    )
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\ntwo\nthree\n')
  })

  test('a file that changes while the question stands is shown, and asked about, again', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    let asked = 0
    peer.answers.permission = async () => {
      if (asked++ === 0) await Bun.write(join(cwd, 'a.txt'), 'zero\none\ntwo\n')
      return choose('allow_once')
    }
    says(edit, { text: 'done' })
    await peer.prompt(id, 'edit')
    const diffs = peer.seen.flatMap(seen =>
      seen.sessionUpdate === 'permission' ? [seen.request.toolCall.content] : [],
    )
    expect(diffs.map((content: any) => content[0].newText)).toEqual(['one\n2\nthree\n', 'zero\none\n2\n'])
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('zero\none\n2\n')
  })

  test('a command: its line is the title, and raw input has it', async () => {
    const id = await peer.session(project())
    peer.answers.permission = async () => choose('allow_once')
    says(call('shell_exec', { command: 'cat b.txt; exit 3' }), { text: 'done' })
    await peer.prompt(id, 'run')
    expect(await peer.next('tool_call')).toMatchObject({
      kind: 'execute',
      title: 'cat b.txt; exit 3',
      rawInput: { command: 'cat b.txt; exit 3' },
    })
    const done = await peer.until(seen => seen.sessionUpdate === 'tool_call_update' && seen.status === 'completed')
    expect(done).toMatchObject({ rawOutput: { exit_code: 3 } })
    expect(JSON.stringify(done)).toContain('beta')
  })

  test('a client with terminals is sent the output of a command as it comes', async () => {
    const able = await Peer.start(world.home, { _meta: { terminal_output: true } })
    const id = await able.session(project())
    able.answers.permission = async () => choose('allow_once')
    says(call('shell_exec', { command: 'cat b.txt; exit 3' }), { text: 'done' })
    await able.prompt(id, 'run')
    const { toolCallId: terminal_id, content, _meta } = await able.next('tool_call')
    expect(content).toEqual([{ type: 'terminal', terminalId: terminal_id }])
    expect(_meta.terminal_info).toMatchObject({ terminal_id })
    const metas = able.seen.flatMap(seen =>
      seen.sessionUpdate === 'tool_call_update' && seen._meta ? [seen._meta] : [],
    )
    expect(metas).toEqual([
      { terminal_output: { terminal_id, data: 'beta\n' } },
      { terminal_exit: { terminal_id, exit_code: 3, signal: null } },
    ])
  })

  test('the list of steps of an agent that plans', async () => {
    const id = await peer.session(project())
    await peer.agent.request('session/set_config_option', { sessionId: id, configId: 'agent', value: 'plan' })
    const items = [
      { title: 'look', status: 'done' },
      { title: 'build', status: 'pending' },
    ]
    says(call('todo', { items }), { text: 'this is the plan' })
    peer.answers.permission = async () => choose('refuse')
    expect(await peer.prompt(id, 'plan it')).toMatchObject({ stopReason: 'end_turn' })
    expect(await peer.next('plan')).toMatchObject({
      entries: [
        { content: 'look', priority: 'medium', status: 'completed' },
        { content: 'build', priority: 'medium', status: 'pending' },
      ],
    })
    const { request } = await peer.next('permission')
    expect(request.toolCall).toMatchObject({
      kind: 'switch_mode',
      rawInput: { plan: expect.stringContaining('build') },
    })
    peer.answers.permission = async () => choose('accept')
    says(call('todo', { items }), { text: 'the same plan' }, { text: 'built as planned' })
    expect(await peer.prompt(id, 'plan it again')).toMatchObject({ stopReason: 'end_turn' })
    expect(peer.text('agent_message_chunk')).toEndWith('built as planned')
  })

  test('a model that fails is an error of the prompt, and the session goes on', async () => {
    const id = await peer.session()
    says({ status: 401, body: '{"error":{"message":"no"}}' })
    const error: any = await peer.prompt(id, 'hi').catch(error => error)
    expect(error.code).toBe(-32000)
    expect(error.data).toMatchObject({ code: 'LLM_AUTH' })
    says({ text: 'back' })
    expect(await peer.prompt(id, 'again')).toMatchObject({ stopReason: 'end_turn' })
  })
})

describe('cancel', () => {
  const cancel = (sessionId: string) => peer.agent.notify('session/cancel', { sessionId })

  test('while the model writes: what was said stays said', async () => {
    const id = await peer.session()
    const { wait, open } = gate()
    says({ body: ['data: {"choices":[{"index":0,"delta":{"content":"Once"}}]}\n\n', wait] })
    const answer = peer.prompt(id, 'a story')
    await peer.next('agent_message_chunk')
    await cancel(id)
    expect(await answer).toMatchObject({ stopReason: 'cancelled' })
    expect(peer.text('agent_message_chunk')).toBe('Once')
    open()
  })

  test('while a permission is open: the question is withdrawn, the call fails', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    const withdrawn = Promise.withResolvers<void>()
    peer.answers.permission = async (_, signal) => {
      signal.addEventListener('abort', () => withdrawn.resolve())
      await withdrawn.promise
      return { outcome: 'cancelled' }
    }
    says(edit)
    const answer = peer.prompt(id, 'edit')
    await peer.next('permission')
    await cancel(id)
    await withdrawn.promise
    expect(await answer).toMatchObject({ stopReason: 'cancelled' })
    expect(peer.kinds()).toEqual(['usage', 'call edit pending', 'permission', 'update failed'])
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\ntwo\nthree\n')
  })

  test('while a command runs', async () => {
    const cwd = project()
    const id = await peer.session(cwd)
    peer.answers.permission = async () => choose('allow_once')
    says(call('shell_exec', { command: 'echo $$ > pid; sleep 600' }))
    const answer = peer.prompt(id, 'run')
    await peer.until(seen => seen.sessionUpdate === 'tool_call_update' && seen.status === 'in_progress')
    await cancel(id)
    expect(await answer).toMatchObject({ stopReason: 'cancelled' })
    expect(peer.kinds().at(-1)).toBe('update failed')
  })

  test('by $/cancel_request of the prompt, and with nothing to cancel', async () => {
    const id = await peer.session()
    await cancel(id)
    const { wait, open } = gate()
    says({ body: ['data: {"choices":[{"index":0,"delta":{"content":"Once"}}]}\n\n', wait] })
    const abort = new AbortController()
    const answer = peer.agent.request(
      'session/prompt',
      { sessionId: id, prompt: [{ type: 'text', text: 'a story' }] },
      { cancellationSignal: abort.signal },
    )
    await peer.next('agent_message_chunk')
    abort.abort()
    expect(await answer).toMatchObject({ stopReason: 'cancelled' })
    open()
    says({ text: 'still here' })
    expect(await peer.prompt(id, 'and now?')).toMatchObject({ stopReason: 'end_turn' })
  })

  test('a client that answers "cancelled" by itself stops the turn', async () => {
    const id = await peer.session(project())
    peer.answers.permission = async () => ({ outcome: 'cancelled' })
    says(edit)
    expect(await peer.prompt(id, 'edit')).toMatchObject({ stopReason: 'cancelled' })
  })
})
