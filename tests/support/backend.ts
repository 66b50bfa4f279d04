import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../../src/base/processes.ts'
import type { Stored } from '../../src/event.ts'
import { atEnd } from './at-end.ts'
import { tempDir } from './temp.ts'

export const BINARY = join(import.meta.dir, '../../dist/emacs-agent-backend')
const started: Backend[] = []
atEnd(async () => {
  await Promise.all(started.splice(0).map(backend => backend.stop()))
})

export type Home = { root: string; env: Record<string, string>; transcripts: string; state: string; config: string }

/** PATH without our own packages: their language servers would be found, and started at every edit. */
const PATH = (process.env.PATH ?? '')
  .split(':')
  .filter(folder => !folder.endsWith('node_modules/.bin'))
  .join(':')

/** A home directory of its own: no configuration, no keys, nothing of this machine but PATH. */
export function makeHome(config = ''): Home {
  const root = tempDir(config ? { '.config/emacs-agent/emacs-agent.toml': config } : {})
  return {
    root,
    env: { HOME: root, PATH, LANG: 'C.UTF-8' },
    transcripts: join(root, '.emacs-agent/transcripts'),
    state: join(root, '.local/state/emacs-agent'),
    config: join(root, '.config/emacs-agent'),
  }
}

export type Handshake = {
  url: string
  port: number
  pid: number
  version: string
  protocol: number
  token_file: string | null
  token: string | null
}

/** The built binary as Emacs runs it; `argv` replaces the usual flags. */
export class Backend {
  handshake!: Handshake
  stderr = ''
  stdout = ''
  readonly process: ChildProcessWithoutNullStreams
  readonly exited: Promise<number | null>

  constructor(argv: string[], env: Record<string, string>, cwd: string, command = [BINARY]) {
    if (command[0] === BINARY && !existsSync(BINARY)) throw new Error('Build first: npm run build')
    this.process = spawn(command[0]!, [...command.slice(1), ...argv], { env, cwd })
    this.process.stderr.on('data', chunk => (this.stderr += chunk))
    this.process.stdout.on('data', chunk => (this.stdout += chunk))
    this.exited = new Promise(resolve => this.process.on('close', resolve))
    started.push(this)
  }

  static async start(
    home: Home,
    options: { argv?: string[]; env?: Record<string, string>; cwd?: string; command?: string[] } = {},
  ): Promise<Backend> {
    const { argv = ['serve', '--stdin-lifeline', '--port', '0'], env = {}, cwd = home.root } = options
    const backend = new Backend(argv, { ...home.env, ...env }, cwd, options.command)
    backend.handshake = await backend.firstLine()
    return backend
  }

  async firstLine(): Promise<Handshake> {
    while (!this.stdout.includes('\n')) {
      const ended = await Promise.race([
        this.exited.then(() => true),
        new Promise<false>(resolve => this.process.stdout.once('data', () => resolve(false))),
      ])
      if (ended) throw new Error(`The backend ended: ${this.stderr}`)
    }
    return JSON.parse(this.stdout.split('\n')[0]!)
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.handshake.token}` }
  }

  /** One request with the token; JSON both ways. */
  async call(
    line: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: any; text: string }> {
    const [method, path] = line.split(' ') as [string, string]
    const response = await fetch(this.handshake.url + path, {
      method,
      headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, body: isJson ? JSON.parse(text) : text, text }
  }

  async session(project_path: string, more: object = {}): Promise<string> {
    const { status, body } = await this.call('POST /api/sessions', { project_path, ...more })
    if (status !== 201) throw new Error(JSON.stringify(body))
    return body.session_id
  }

  events(path: string, lastEventId?: number): Promise<EventStream> {
    return EventStream.open(this, path, lastEventId)
  }

  async stop(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    return this.exited
  }

  get isAlive(): boolean {
    return startTimeOf(this.process.pid!) !== null
  }
}

export type Frame = { id: number | null; event: string; data: any }

/** What comes as often as the network likes: a run of them counts as one. */
const RUNS = new Set(['message.delta', 'thinking.delta', 'tool.draft', 'tool.progress'])

/** A subscriber that remembers all it was sent. */
export class EventStream {
  readonly frames: Frame[] = []
  ended = false
  #wake: (() => void)[] = []
  readonly #abort = new AbortController()

  static async open(backend: Backend, path: string, lastEventId?: number): Promise<EventStream> {
    const stream = new EventStream()
    const response = await fetch(backend.handshake.url + path, {
      headers: { ...backend.headers, ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }) },
      signal: stream.#abort.signal,
    })
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    void stream.#read(response.body!)
    return stream
  }

  async #read(body: ReadableStream<Uint8Array>) {
    const decoder = new TextDecoder()
    let text = ''
    try {
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true })
        const blocks = text.split('\n\n')
        text = blocks.pop()!
        for (const block of blocks) this.#take(block)
        this.#notify()
      }
    } catch {
      // closed by the test, or cut by the server: `ended` says that it is over
    }
    this.ended = true
    this.#notify()
  }

  #take(block: string) {
    if (block.startsWith(':')) return
    const match = /^(?:id: (\d+)\n)?event: (.+)\ndata: (.+)$/.exec(block)
    if (!match) throw new Error(`Not a frame of the contract: ${block}`)
    this.frames.push({ id: match[1] ? Number(match[1]) : null, event: match[2]!, data: JSON.parse(match[3]!) })
  }

  #notify() {
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** The first frame, from `from` on, that fits. */
  async until(fits: (frame: Frame) => boolean, from = 0): Promise<Frame> {
    for (let next = from; ; ) {
      for (; next < this.frames.length; next++) if (fits(this.frames[next]!)) return this.frames[next]!
      if (this.ended) throw new Error(`The stream ended after ${this.types()}`)
      await new Promise<void>(resolve => this.#wake.push(resolve))
    }
  }

  next(event: string, from = 0): Promise<Frame> {
    return this.until(frame => frame.event === event, from)
  }

  /** Until a turn has ended and the agent is idle. */
  async idle(from = 0): Promise<void> {
    const end = await this.next('turn.end', from)
    await this.until(frame => frame.event === 'agent.state' && frame.data.state === 'idle', this.frames.indexOf(end))
  }

  /** Resolves when all of this turn has arrived: its reply may be quicker than the stream. */
  async settled(turn_id: string): Promise<void> {
    const end = await this.until(({ event, data }) => event === 'turn.end' && data.turn_id === turn_id)
    await this.until(({ event, data }) => event === 'agent.state' && data.state === 'idle', this.frames.indexOf(end))
  }

  get stored(): Stored[] {
    return this.frames.filter(frame => frame.id !== null).map(frame => frame.data)
  }

  /** The types in order; runs of deltas as one, states with their name. */
  types(): string {
    const names = this.frames.map(({ event, data }) => (event === 'agent.state' ? data.state : event))
    return names.filter((name, i) => !(RUNS.has(name) && names[i - 1] === name)).join(' ')
  }

  close() {
    this.#abort.abort()
  }
}
