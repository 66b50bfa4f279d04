import { beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, choose, edit, modelHome, Peer, project } from '../../support/acp.ts'
import { PEER } from '../../support/mcp.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

let peer: Peer
let world: Awaited<ReturnType<typeof modelHome>>
const says: typeof world.says = (...lines) => world.says(...lines)

beforeAll(async () => {
  world = await modelHome()
  peer = await Peer.start(world.home)
})

const failure = (request: Promise<unknown>): Promise<any> =>
  request.then(
    () => null,
    error => error,
  )

/** A conversation with a read and an edit in it, by this peer. */
async function conversation(cwd: string, by = peer): Promise<string> {
  const id = await by.session(cwd)
  by.answers.permission = async () => choose('allow_once')
  says({ thinking: 'first', ...call('read_file', { path: 'a.txt' }) }, edit, { text: 'changed' })
  await by.prompt(id, 'change it')
  return id
}

const SHOWN = [
  'user_message',
  'agent_thought',
  'call read in_progress',
  'update completed',
  'call edit pending',
  'update in_progress',
  'update completed',
  'agent_message',
  'usage',
]

describe('sessions', () => {
  test('load replays everything before it answers, then announces the commands', async () => {
    const cwd = project()
    const id = await conversation(cwd)
    await peer.agent.request('session/close', { sessionId: id })
    peer.seen.length = 0
    const answer = await peer.agent.request('session/load', { sessionId: id, cwd, mcpServers: [] })
    expect(peer.kinds()).toEqual(SHOWN)
    expect(answer).toMatchObject({ modes: { currentModeId: 'ask' }, configOptions: [{ id: 'model' }, {}, {}] })
    expect(peer.text('user_message_chunk')).toBe('change it')
    expect(peer.seen[4]).toMatchObject({ content: [{ type: 'diff', newText: 'one\n2\nthree\n' }] })
    await peer.next('available_commands_update')
    says({ text: 'more' })
    expect(await peer.prompt(id, 'go on')).toMatchObject({ stopReason: 'end_turn' })
  })

  test('load of a live session shows calls anew; resume replays nothing', async () => {
    const cwd = project()
    const id = await conversation(cwd)
    peer.seen.length = 0
    await peer.agent.request('session/load', { sessionId: id, cwd, mcpServers: [] })
    expect(peer.kinds()).toEqual(SHOWN)
    await peer.next('available_commands_update')
    peer.seen.length = 0
    await peer.agent.request('session/resume', { sessionId: id, cwd, mcpServers: [] })
    await peer.next('available_commands_update')
    expect(peer.kinds()).toEqual(['available_commands'])
  })

  test('a long session comes whole and in order', async () => {
    const id = await peer.session()
    for (let turn = 0; turn < 60; turn++) {
      says({ text: `answer ${turn}` })
      await peer.prompt(id, `question ${turn}`)
    }
    peer.seen.length = 0
    await peer.agent.request('session/load', { sessionId: id, cwd: '/', mcpServers: [] })
    const said = peer.seen.flatMap(seen =>
      'content' in seen && 'messageId' in seen ? [(seen.content as any).text] : [],
    )
    expect(said).toEqual(Array.from({ length: 60 }, (_, i) => [`question ${i}`, `answer ${i}`]).flat())
  })

  test('fork: a session of its own, with what came before', async () => {
    const cwd = project()
    const id = await conversation(cwd)
    peer.seen.length = 0
    const { sessionId } = await peer.agent.request<any>('session/fork', { sessionId: id, cwd, mcpServers: [] })
    expect(sessionId).not.toBe(id)
    expect(await peer.next('available_commands_update')).toMatchObject({ sessionId })
    says({ text: 'from here' })
    await peer.prompt(sessionId, 'and now?')
    expect(JSON.stringify(world.model.requests.at(-1)!.body.messages)).toContain('change it')
  })

  test('list: newest first, page by page, of one directory', async () => {
    const other = await modelHome()
    const lister = await Peer.start(other.home)
    const cwd = tempDir()
    const ids: string[] = []
    for (let i = 0; i < 53; i++) {
      const { sessionId } = await lister.agent.request('session/new', { cwd, mcpServers: [] })
      ids.push(sessionId)
    }
    await lister.agent.request('session/new', { cwd: tempDir(), mcpServers: [] })
    const first = await lister.agent.request('session/list', { cwd })
    expect(first.sessions).toHaveLength(50)
    expect(first.sessions[0]).toMatchObject({ cwd, updatedAt: expect.stringMatching(/^\d{4}-.*Z$/) })
    const second = await lister.agent.request('session/list', { cwd, cursor: first.nextCursor })
    expect(second.nextCursor ?? null).toBeNull()
    const listed = [...first.sessions, ...second.sessions].map(({ sessionId }) => sessionId)
    expect(new Set(listed)).toEqual(new Set(ids))
    expect(await failure(lister.agent.request('session/list', { cursor: 'nonsense' }))).toMatchObject({ code: -32602 })
  })

  test('delete takes it off the list, also while it is open', async () => {
    const cwd = project()
    const id = await conversation(cwd)
    await peer.agent.request('session/delete', { sessionId: id })
    expect((await peer.agent.request('session/list', { cwd })).sessions).toEqual([])
    const lost = await failure(peer.agent.request('session/load', { sessionId: id, cwd, mcpServers: [] }))
    expect(lost).toMatchObject({ code: -32002, data: { sessionId: id } })
  })

  test('what another process has open is refused in words', async () => {
    const cwd = project()
    const id = await conversation(cwd)
    const other = await Peer.start(world.home)
    const error = await failure(other.agent.request('session/load', { sessionId: id, cwd, mcpServers: [] }))
    expect(error).toMatchObject({ code: -32603, data: { code: 'SESSION_LOCKED' } })
  })
})

describe('what can be chosen', () => {
  test('model, thinking and agent', async () => {
    const id = await peer.session()
    const set = (configId: string, value: string) =>
      peer.agent.request('session/set_config_option', { sessionId: id, configId, value })
    const { configOptions } = await set('thought_level', 'high')
    expect(configOptions).toMatchObject([
      { id: 'model', category: 'model', currentValue: 'test/model' },
      { id: 'thought_level', category: 'thought_level', currentValue: 'high' },
      { id: 'agent', currentValue: 'build' },
    ])
    expect((await set('agent', 'plan')).configOptions[2]).toMatchObject({ currentValue: 'plan' })
    for (const [option, value] of [
      ['agent', 'nobody'],
      ['thought_level', 'vast'],
      ['model', 'no/such'],
      ['colour', 'red'],
    ])
      expect(await failure(set(option!, value!))).toMatchObject({ code: -32602 })
    expect(peer.kinds()).toEqual([])
    says({ text: 'planned' })
    await peer.prompt(id, 'think')
    expect(world.model.requests.at(-1)!.body.reasoning_effort).toBe('high')
  })

  test('a command answers, and what it changes is told', async () => {
    const id = await peer.session()
    expect(await peer.prompt(id, '/agent plan')).toMatchObject({ stopReason: 'end_turn' })
    await peer.next('config_option_update')
    expect(peer.text('agent_message_chunk')).toBe('agent plan')
    peer.seen.length = 0
    await peer.prompt(id, '/nosuch')
    expect(peer.text('agent_message_chunk')).toContain('There is no such command')
  })

  test('commands of the project are announced, and made prompts', async () => {
    const cwd = tempDir({ '.agents/commands/greet.md': '---\ndescription: Greet\n---\nSay hello to $ARGUMENTS' })
    const { sessionId } = await peer.agent.request('session/new', { cwd, mcpServers: [] })
    const announced = await peer.until(
      seen => seen.sessionUpdate === 'available_commands_update' && seen.sessionId === sessionId,
    )
    const names = (announced as any).availableCommands.map(({ name }: any) => name)
    expect(names).toContain('greet')
    expect(names).toContain('help')
    says({ text: 'hello' })
    await peer.prompt(sessionId, '/greet Ann')
    expect(JSON.stringify(world.model.requests.at(-1)!.body.messages)).toContain('Say hello to Ann')
  })

  test('modes: what is set holds, is announced, and is what a load answers', async () => {
    const cwd = project()
    const { modes } = await peer.agent.request('session/new', { cwd, mcpServers: [] })
    expect(modes!.currentModeId).toBe('ask')
    expect(modes!.availableModes.map(({ id }) => id).filter(id => id !== 'sandboxed')).toEqual([
      'ask',
      'accept-edits',
      'plan',
    ])
    const sessionId = await peer.session(cwd)
    const from = peer.seen.length
    expect(await peer.agent.request('session/set_mode', { sessionId, modeId: 'accept-edits' })).toEqual({})
    expect(await peer.next('current_mode_update', from)).toMatchObject({ currentModeId: 'accept-edits' })
    peer.seen.length = 0
    says(edit, { text: 'done' })
    await peer.prompt(sessionId, 'edit')
    expect(peer.kinds()).not.toContain('permission')
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toContain('2')
    peer.seen.length = 0
    const loaded = await peer.agent.request('session/load', { sessionId, cwd, mcpServers: [] })
    expect(loaded.modes!.currentModeId).toBe('accept-edits')
    expect(peer.kinds()).not.toContain('current_mode')
    await peer.agent.request('session/set_mode', { sessionId, modeId: 'plan' })
    says(edit, { text: 'no' })
    peer.seen.length = 0
    await peer.prompt(sessionId, 'edit')
    expect(peer.kinds()).toContain('update failed')
    const wrong = await failure(peer.agent.request('session/set_mode', { sessionId, modeId: 'wild' }))
    expect(wrong).toMatchObject({ code: -32602 })
  })
})

describe('what a client brings', () => {
  test('text, files and images of a prompt', async () => {
    const cwd = project()
    const sessionId = await peer.session(cwd)
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    says({ text: 'seen' })
    await peer.agent.request('session/prompt', {
      sessionId,
      prompt: [
        { type: 'text', text: 'Compare' },
        { type: 'resource', resource: { uri: `file://${cwd}/a.txt`, text: 'unsaved text', mimeType: 'text/plain' } },
        { type: 'resource_link', uri: `file://${cwd}/b.txt#L3`, name: 'b.txt' },
        { type: 'image', mimeType: 'image/png', data: png },
      ],
    })
    const sent = JSON.stringify(world.model.requests.at(-1)!.body.messages)
    for (const part of [`Compare @${cwd}/a.txt @${cwd}/b.txt`, 'unsaved text', png]) expect(sent).toContain(part)
    const sound = { type: 'audio' as const, mimeType: 'audio/wav', data: 'AAAA' }
    expect(await failure(peer.agent.request('session/prompt', { sessionId, prompt: [sound] }))).toMatchObject({
      code: -32602,
    })
  })

  test('MCP servers join its session and no other; SSE is refused', async () => {
    const cwd = tempDir()
    const server = { name: 'brought', command: process.execPath, args: [PEER, '{}'], env: [] }
    const mine = await peer.session(cwd, { mcpServers: [server] })
    says({ text: 'ok' })
    await peer.prompt(mine, 'hi')
    expect(JSON.stringify(world.model.requests.at(-1)!.body)).toContain('brought')
    const other = await peer.session(cwd)
    says({ text: 'ok' })
    await peer.prompt(other, 'hi')
    expect(JSON.stringify(world.model.requests.at(-1)!.body)).not.toContain('brought')
    const fork = async (more: object) => {
      const { sessionId } = await peer.agent.request<any>('session/fork', { sessionId: mine, cwd, ...more })
      says({ text: 'ok' })
      await peer.prompt(sessionId, 'hi')
      return JSON.stringify(world.model.requests.at(-1)!.body)
    }
    expect(await fork({})).toContain('brought')
    const replaced = await fork({ mcpServers: [{ ...server, name: 'instead' }] })
    expect(replaced).toContain('instead')
    expect(replaced).not.toContain('brought')
    const sse = { type: 'sse' as const, name: 'old', url: 'http://127.0.0.1:9/sse', headers: [] }
    const refused = await failure(peer.agent.request('session/new', { cwd, mcpServers: [sse] }))
    expect(refused).toMatchObject({ code: -32602, message: expect.stringContaining('SSE') })
  })

  test('additional directories can be read', async () => {
    const extra = tempDir({ 'c.txt': 'gamma\n' })
    const id = await peer.session(tempDir(), { additionalDirectories: [extra] })
    says(call('read_file', { path: join(extra, 'c.txt') }), { text: 'ok' })
    await peer.prompt(id, 'read')
    expect(JSON.stringify(peer.seen)).toContain('gamma')
    const wrong = await failure(
      peer.agent.request('session/new', { cwd: extra, mcpServers: [], additionalDirectories: ['c'] }),
    )
    expect(wrong).toMatchObject({ code: -32602 })
  })

  test('steering reaches the turn that runs', async () => {
    const cwd = project()
    const sessionId = await peer.session(cwd)
    const { wait, open } = gate()
    const [first, ...rest] = chat(call('read_file', { path: 'a.txt' }))
    says({ body: [first!, wait, ...rest] }, { text: 'as you say' })
    const answer = peer.prompt(sessionId, 'begin')
    const steer = (text: string, more: object = {}) =>
      peer.agent.request<any>('_session/steering', { sessionId, prompt: [{ type: 'text', text }], ...more })
    await world.model.asked(world.model.requests.length + 1)
    expect(await steer('mind the gap')).toEqual({ outcome: 'injected' })
    open()
    await answer
    expect(JSON.stringify(world.model.requests.at(-1)!.body.messages)).toContain('mind the gap')
    expect(await steer('later', { idleBehavior: 'promptRequired' })).toEqual({
      outcome: 'promptRequired',
      reason: 'noRunningTurn',
    })
  })
})

describe('questions', () => {
  const ask = call('ask_user', { question: 'Which colour?', options: ['red', 'blue'] })

  test('are a form where the client shows forms', async () => {
    const able = await Peer.start(world.home, { elicitation: { form: {} } })
    able.answers.elicitation = async () => ({ action: 'accept', content: { answer: 'blue' } })
    const id = await able.session()
    says(ask, { text: 'blue it is' })
    await able.prompt(id, 'ask me')
    const { request } = await able.next('elicitation')
    expect(request).toMatchObject({
      mode: 'form',
      sessionId: id,
      requestedSchema: { type: 'object', properties: { answer: { enum: ['red', 'blue'] } } },
    })
    expect(JSON.stringify(world.model.requests.at(-1)!.body.messages)).toContain('blue')
  })

  test('are declined where it does not, and the person reads so', async () => {
    const id = await peer.session()
    says(ask, { text: 'then I choose' })
    expect(await peer.prompt(id, 'ask me')).toMatchObject({ stopReason: 'end_turn' })
    expect(peer.text('agent_message_chunk')).toContain('Which colour?')
    expect(peer.text('agent_message_chunk')).toContain('declined')
  })
})
