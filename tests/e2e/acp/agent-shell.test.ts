import { beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { call, modelHome } from '../../support/acp.ts'
import { Backend } from '../../support/backend.ts'
import { chat } from '../../support/model-replies.ts'
import { gate } from '../../support/model-server.ts'
import { tempDir } from '../../support/temp.ts'

/*
 * The exchange of agent-shell, which speaks through acp.el: the messages that it sends, in its order and with its fields, and
 * of the answers what it reads. Nothing of the protocol's SDK is between.
 */

type Message = { id?: number; method?: string; params?: any; result?: any; error?: any }

class Shell {
  readonly received: Message[] = []
  readonly #backend: Backend
  #last = 0
  #wake: (() => void)[] = []

  constructor(world: Awaited<ReturnType<typeof modelHome>>) {
    this.#backend = new Backend(['acp'], world.home.env, world.home.root)
    let rest = ''
    this.#backend.process.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      this.received.push(...lines.map(line => JSON.parse(line)))
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  send(message: object): void {
    this.#backend.process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  async until(fits: (message: Message) => boolean, from = 0): Promise<Message> {
    for (let next = from; ; ) {
      for (; next < this.received.length; next++) if (fits(this.received[next]!)) return this.received[next]!
      await new Promise<void>(resolve => this.#wake.push(resolve))
    }
  }

  async request(method: string, params: object): Promise<Message> {
    const id = ++this.#last
    this.send({ method, id, params })
    return this.until(message => message.id === id && !message.method)
  }

  updates(kind: string, from = 0): any[] {
    const all = this.received.slice(from).filter(({ method }) => method === 'session/update')
    return all.map(({ params }) => params.update).filter(({ sessionUpdate }) => sessionUpdate === kind)
  }

  async stop(): Promise<number | null> {
    this.#backend.process.stdin.end()
    return this.#backend.exited
  }
}

const text = (said: string) => [{ type: 'text', text: said }]

let world: Awaited<ReturnType<typeof modelHome>>
let shell: Shell
const cwd = tempDir({ 'a.txt': 'one\ntwo\n' })
let sessionId: string

beforeAll(async () => {
  world = await modelHome()
  shell = new Shell(world)
})

test('initialize: what it looks for is there', async () => {
  const { result } = await shell.request('initialize', {
    clientInfo: { name: 'agent-shell', title: 'Emacs Agent Shell', version: '0.74.1' },
    protocolVersion: 1,
    clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, _meta: { terminal_output: true } },
  })
  expect(result.agentCapabilities).toMatchObject({
    loadSession: true,
    promptCapabilities: { image: true, embeddedContext: true },
    sessionCapabilities: { list: {}, resume: {}, fork: {} },
  })
  expect(result._meta.steering.supported).toBe(true)
})

test('a new session: modes, options, and the commands behind the answer', async () => {
  const { result } = await shell.request('session/new', { cwd, mcpServers: [] })
  ;({ sessionId } = result)
  expect(result.modes.availableModes.map(({ id }: any) => id)).toContain(result.modes.currentModeId)
  expect(result.configOptions.map(({ id, category }: any) => [id, category])).toEqual([
    ['model', 'model'],
    ['thought_level', 'thought_level'],
    ['agent', 'agent'],
  ])
  const announced = await shell.until(({ params }) => params?.update?.sessionUpdate === 'available_commands_update')
  const answered = shell.received.findIndex(message => message.result === result)
  expect(shell.received.indexOf(announced)).toBeGreaterThan(answered)
  const set = await shell.request('session/set_config_option', { sessionId, configId: 'thought_level', value: 'high' })
  expect(set.result.configOptions[1].currentValue).toBe('high')
  expect((await shell.request('session/set_model', { sessionId, modelId: 'x' })).error.code).toBe(-32601)
})

test('a turn: it reads the buffers, is asked, writes, and shows a command as it runs', async () => {
  const from = shell.received.length
  world.says(call('edit_file', { path: 'a.txt', old: 'two', new: '2' }), call('shell_exec', { command: 'echo hi' }), {
    text: 'done',
  })
  const answer = shell.request('session/prompt', { sessionId, prompt: text('change it') })
  const served = async (method: string, reply: (params: any) => object, after: number) => {
    const message = await shell.until(each => each.method === method, after)
    shell.send({ id: message.id, result: reply(message.params) })
    return { params: message.params, at: shell.received.indexOf(message) + 1 }
  }
  const read = ({ path }: { path: string }) => ({ content: readFileSync(path, 'utf8') })
  const allow = ({ options }: any) => ({
    outcome: { outcome: 'selected', optionId: options.find(({ kind }: any) => kind === 'allow_once').optionId },
  })
  const serving = (async () => {
    for (let at = from; ; ) ({ at } = await served('fs/read_text_file', read, at))
  })()
  serving.catch(() => {})
  const edit = await served('session/request_permission', allow, from)
  expect(edit.params.toolCall).toMatchObject({
    kind: 'edit',
    content: [{ type: 'diff', path: join(cwd, 'a.txt'), oldText: 'one\ntwo\n', newText: 'one\n2\n' }],
  })
  const run = await served('session/request_permission', allow, edit.at)
  expect(run.params.toolCall).toMatchObject({ kind: 'execute', rawInput: { command: 'echo hi' } })
  const { result } = await answer
  expect(result.stopReason).toBe('end_turn')
  expect(Object.keys(result.usage)).toContain('totalTokens')
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\n2\n')
  const ended = shell.updates('tool_call_update', from).map(({ _meta }) => _meta)
  const output = ended.flatMap(meta => meta?.terminal_output?.data ?? []).join('')
  expect(output).toBe('hi\n')
  expect(ended.flatMap(meta => meta?.terminal_exit ?? [])).toMatchObject([{ exit_code: 0 }])
  expect(shell.updates('agent_message_chunk', from).map(({ content }) => content.text)).toEqual(['done'])
  expect(shell.updates('user_message_chunk', from)).toEqual([])
})

test('steering: into the turn that runs, and back to the prompt where none does', async () => {
  const steer = { sessionId, prompt: text('mind the gap'), idleBehavior: 'promptRequired' }
  expect((await shell.request('_session/steering', steer)).result).toEqual({
    outcome: 'promptRequired',
    reason: 'noRunningTurn',
  })
  const { wait, open } = gate()
  const [first, ...rest] = chat(call('list_directory', {}))
  world.says({ body: [first!, wait, ...rest] }, { text: 'minded' })
  const answer = shell.request('session/prompt', { sessionId, prompt: text('begin') })
  await world.model.asked(world.model.requests.length + 1)
  expect((await shell.request('_session/steering', steer)).result).toEqual({ outcome: 'injected' })
  open()
  expect((await answer).result.stopReason).toBe('end_turn')
  expect(JSON.stringify(world.model.requests.at(-1)!.body.messages)).toContain('mind the gap')
})

test('list, resume, fork and load: what each shows', async () => {
  const { result } = await shell.request('session/list', { cwd })
  expect(Object.keys(result.sessions[0]).sort()).toEqual(['cwd', 'sessionId', 'title', 'updatedAt'])
  let from = shell.received.length
  await shell.request('session/resume', { sessionId, cwd, mcpServers: [] })
  expect(shell.updates('user_message_chunk', from)).toEqual([])
  const forked = await shell.request('session/fork', { sessionId, cwd, mcpServers: [] })
  expect(forked.result.sessionId).not.toBe(sessionId)
  from = shell.received.length
  await shell.request('session/load', { sessionId, cwd, mcpServers: [] })
  expect(shell.updates('user_message_chunk', from).map(({ content }) => content.text)).toContain('change it')
  expect((await shell.request('session/load', { sessionId: 'gone', cwd, mcpServers: [] })).error.code).toBe(-32002)
})

test('the connection ends with the shell', async () => {
  expect(await shell.stop()).toBe(0)
})
