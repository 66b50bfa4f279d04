import { expect } from 'bun:test'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Readable, Writable } from 'node:stream'
import {
  type ClientCapabilities,
  type ClientContext,
  type CreateElicitationRequest,
  client,
  type InitializeResponse,
  ndJsonStream,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
} from '@agentclientprotocol/sdk'
import { startTimeOf } from '../../src/base/processes.ts'
import { checkedStream } from './acp-schema.ts'
import { atEnd } from './at-end.ts'
import { BINARY, type Home, makeHome } from './backend.ts'
import { chat, type Said } from './model-replies.ts'
import { type ModelServer, type Script, startModelServer } from './model-server.ts'
import { tempDir } from './temp.ts'

const open: (() => unknown)[] = []
atEnd(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** What the client was sent, in order: updates, and the questions that it was asked. */
export type Seen =
  | (SessionUpdate & { sessionId: string })
  | { sessionUpdate: 'permission'; sessionId: string; request: RequestPermissionRequest }
  | { sessionUpdate: 'elicitation'; sessionId: string; request: CreateElicitationRequest }

type Answers = {
  permission(request: RequestPermissionRequest, signal: AbortSignal): Promise<RequestPermissionResponse['outcome']>
  read(path: string): Promise<string>
  write(path: string, content: string): Promise<void>
  elicitation(request: CreateElicitationRequest): Promise<{ action: string; content?: object }>
}

export const call = (name: string, args: object) => ({ calls: [{ name, args }] })

/** A project with an `a.txt` of three lines and `more` files, and an edit of its second line. */
export const project = (more: Record<string, string> = {}) => tempDir({ 'a.txt': 'one\ntwo\nthree\n', ...more })
export const edit = call('edit_file', { path: 'a.txt', old: 'two', new: '2' })

export const choose = (optionId: string): RequestPermissionResponse['outcome'] => ({ outcome: 'selected', optionId })

/** A model with its lines, and a home that knows it. */
export async function modelHome(
  config = '',
): Promise<{ home: Home; model: ModelServer; says(...lines: Line[]): void }> {
  const model = await startModelServer()
  open.push(() => model.close())
  const home = makeHome(
    `model = "test/model"\n${config}\n[providers.test]\nkind = "openai-compatible"\nbase_url = "${model.url}/v1"\napi_key = "test-key-0123456789"\n[models."test/model"]\ncontext_window = 50000`,
  )
  return {
    home,
    model,
    says: (...lines) => model.add(...lines.map(line => (isSaid(line) ? chat(line) : line))),
  }
}
type Line = Said | Script
const isSaid = (line: Line): line is Said =>
  typeof line === 'object' && !Array.isArray(line) && ['text', 'calls', 'thinking'].some(key => key in line)

/** The built binary with a process of its own, spoken to as the SDK's client does. */
export class Peer {
  readonly seen: Seen[] = []
  /** What either side sent that the published schema does not allow. */
  readonly faults: string[] = []
  readonly answers: Answers = {
    permission: async () => choose('reject_once'),
    read: path => Bun.file(path).text(),
    write: async (path, content) => void (await Bun.write(path, content)),
    elicitation: async () => ({ action: 'decline' }),
  }
  readonly process: ChildProcessWithoutNullStreams
  readonly exited: Promise<number | null>
  readonly agent: ClientContext
  initialized!: InitializeResponse
  #wake: (() => void)[] = []

  private constructor(home: Home, argv: string[]) {
    this.process = spawn(BINARY, ['acp', ...argv], { env: home.env, cwd: home.root })
    this.exited = new Promise(resolve => this.process.on('close', resolve))
    open.push(() => this.stop())
    const stream = ndJsonStream(
      Writable.toWeb(this.process.stdin) as WritableStream<Uint8Array>,
      Readable.toWeb(this.process.stdout) as unknown as ReadableStream<Uint8Array>,
    )
    const checked = checkedStream(stream, this.faults)
    this.agent = client({ name: 'test' })
      .onNotification('session/update', ({ params }) => this.#see({ ...params.update, sessionId: params.sessionId }))
      .onNotification('elicitation/complete', () => {})
      .onRequest('session/request_permission', async ({ params: request, signal }) => {
        this.#see({ sessionUpdate: 'permission', sessionId: request.sessionId, request })
        return { outcome: await this.answers.permission(request, signal) }
      })
      .onRequest('fs/read_text_file', async ({ params }) => ({ content: await this.answers.read(params.path) }))
      .onRequest('fs/write_text_file', async ({ params }) => {
        await this.answers.write(params.path, params.content)
        return {}
      })
      .onRequest('elicitation/create', async ({ params: request }) => {
        this.#see({ sessionUpdate: 'elicitation', sessionId: (request as any).sessionId, request })
        return (await this.answers.elicitation(request)) as any
      })
      .connect(checked).agent
  }

  static async start(home: Home, clientCapabilities: ClientCapabilities = {}, argv: string[] = []): Promise<Peer> {
    const peer = new Peer(home, argv)
    peer.initialized = await peer.agent.request('initialize', {
      protocolVersion: 1,
      clientCapabilities,
      clientInfo: { name: 'test', version: '1' },
    })
    return peer
  }

  #see(seen: Seen) {
    this.seen.push(seen)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** The first that fits, from `from` on. */
  async until(fits: (seen: Seen) => boolean, from = 0): Promise<Seen> {
    for (let next = from; ; ) {
      for (; next < this.seen.length; next++) if (fits(this.seen[next]!)) return this.seen[next]!
      await new Promise<void>(resolve => this.#wake.push(resolve))
    }
  }

  next(kind: Seen['sessionUpdate'], from = 0): Promise<any> {
    return this.until(({ sessionUpdate }) => sessionUpdate === kind, from)
  }

  /** A new session, whose commands have been announced; what was sent so far is forgotten. */
  async session(cwd = tempDir(), more: object = {}): Promise<string> {
    const { sessionId } = await this.agent.request('session/new', { cwd, mcpServers: [], ...more })
    await this.until(seen => seen.sessionUpdate === 'available_commands_update' && seen.sessionId === sessionId)
    this.seen.length = 0
    return sessionId
  }

  prompt(sessionId: string, text: string) {
    return this.agent.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] })
  }

  /** What was sent, each in a word or two; runs of one message's pieces are one. */
  kinds(): string[] {
    const words = this.seen.map(seen => {
      if (seen.sessionUpdate === 'tool_call') return `call ${seen.kind} ${seen.status}`
      if (seen.sessionUpdate === 'tool_call_update') return `update ${seen.status ?? ''}`.trim()
      return seen.sessionUpdate.replace(/_(chunk|update)$/, '')
    })
    return words.filter((word, i) => !(word.startsWith('agent_') && words[i - 1] === word))
  }

  text(kind: 'agent_message_chunk' | 'agent_thought_chunk' | 'user_message_chunk'): string {
    return this.seen
      .map(seen => (seen.sessionUpdate === kind && seen.content.type === 'text' ? seen.content.text : ''))
      .join('')
  }

  get isAlive(): boolean {
    return startTimeOf(this.process.pid!) !== null
  }

  async stop(): Promise<number | null> {
    this.process.stdin.end()
    const code = await this.exited
    expect(this.faults).toEqual([])
    return code
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited
  }
}
