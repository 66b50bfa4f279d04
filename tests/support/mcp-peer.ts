/**
 * An MCP server (2025-11-25, stdio) that behaves as its arguments say: `{"tools":[…], "on":{"tools/list":"die"}, …}`. Run as
 * a real child process; written against the wire, so that it can do what no SDK would.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, writeSync } from 'node:fs'

/** A PNG of one pixel. */
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

export type PeerOptions = {
  /** What happens when a method arrives: nothing at all, death before or garbage instead of the answer. */
  on?: Record<string, 'ignore' | 'die' | 'garbage' | 'error'>
  /** Further tools besides the built-in ones, as `tools/list` would give them. */
  tools?: unknown[]
  /** `tools/list` gives this very value for `tools`. */
  list?: unknown
  pageSize?: number
  /** Ends neither at the end of stdin nor at SIGTERM. */
  stubborn?: boolean
  /** Bytes of stderr at the start. */
  stderr?: number
  banner?: string
  /** Writes every message in pieces of so many bytes. */
  pieces?: number
  /** One line per start is appended here: `start PID`. */
  journal?: string
  /** Starts a grandchild that leaves the group (`setsid`) and sleeps. */
  daemon?: boolean
  instructions?: string
  /** The revision it speaks, whatever it is asked for. */
  protocol?: string
}

type Message = { id?: number | string; method?: string; params?: Record<string, unknown>; result?: unknown }

const options: PeerOptions = JSON.parse(process.argv[2] ?? '{}')
const journal = (line: string) => options.journal && appendFileSync(options.journal, `${line}\n`)
const send = (message: unknown) => write(`${JSON.stringify({ jsonrpc: '2.0', ...(message as object) })}\n`)

function write(text: string) {
  const bytes = Buffer.from(text)
  const size = options.pieces ?? bytes.length
  for (let at = 0; at < bytes.length; at += size) writeAll(bytes.subarray(at, at + size))
}

function writeAll(bytes: Buffer) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') process.exit(1) // the reader is gone
    }
  }
}

const object = (properties: Record<string, unknown> = {}, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})
const string = { type: 'string' }
const integer = { type: 'integer' }
const tools: unknown[] = [
  { name: 'echo', description: 'Says it again.', inputSchema: object({ text: string }) },
  {
    name: 'hold',
    description: 'Answers when `of` calls are held, last first.',
    inputSchema: object({ key: string, of: integer }),
  },
  { name: 'big', description: 'So many bytes.', inputSchema: object({ bytes: integer }) },
  { name: 'crash', description: 'Ends the server.', inputSchema: object() },
  { name: 'crash_once', description: 'Ends the server the first time.', inputSchema: object({ marker: string }) },
  { name: 'slow', description: 'Never answers, but shows progress until told to stop.', inputSchema: object() },
  { name: 'never', description: 'Never answers.', inputSchema: object() },
  { name: 'fail', description: 'Reports an error.', inputSchema: object() },
  { name: 'blocks', description: 'Every kind of content.', inputSchema: object() },
  { name: 'structured', description: 'Rows.', inputSchema: object({ rows: integer }) },
  { name: 'ask', description: 'Asks the person.', inputSchema: object() },
  { name: 'roots', description: 'Asks for the roots.', inputSchema: object() },
  { name: 'grow', description: 'Adds a tool and tells.', inputSchema: object() },
  { name: 'env', description: 'The names and values of the environment.', inputSchema: object() },
  { name: 'limits', description: 'ulimit -a', inputSchema: object() },
  { name: 'log', description: 'Sends a log message.', inputSchema: object({ text: string }) },
  { name: 'pid', description: 'Its process id, and where it runs.', inputSchema: object() },
  ...(options.tools ?? []),
]

const held = new Map<string, number | string>()
const waiting = new Map<string, (message: Message) => void>()
let cancelled: unknown = null
let asked = 0

const text = (id: Message['id'], value: string, more: object = {}) =>
  send({ id, result: { content: [{ type: 'text', text: value }], ...more } })

function ask(method: string, params: unknown): Promise<Message> {
  const id = `peer-${++asked}`
  send({ id, method, params })
  return new Promise(resolve => waiting.set(id, resolve))
}

/** The arguments are trusted: this is a test. */
type Args = any

const calls: Record<string, (id: Message['id'], args: Args, token: unknown) => unknown> = {
  echo: (id, { text: said }) => text(id, said),
  hold(id, { key, of }) {
    held.set(key, id!)
    if (held.size < of) return
    for (const [name, other] of [...held].reverse()) text(other, name)
    held.clear()
  },
  big: (id, { bytes }) => text(id, 'x'.repeat(bytes)),
  crash: () => process.exit(3),
  async crash_once(id, { marker }) {
    const { existsSync, writeFileSync } = await import('node:fs')
    if (existsSync(marker)) return text(id, 'second time')
    writeFileSync(marker, '')
    process.exit(3)
  },
  slow(_id, _args, progressToken) {
    let progress = 0
    const timer = setInterval(() => {
      if (cancelled !== null) return clearInterval(timer)
      send({
        method: 'notifications/progress',
        params: { progressToken, progress: ++progress, total: 100, message: `step ${progress}` },
      })
    }, 20)
  },
  never: () => {},
  fail: id => text(id, 'no such thing', { isError: true }),
  blocks: id =>
    send({
      id,
      result: {
        content: [
          { type: 'text', text: 'hello' },
          { type: 'image', mimeType: 'image/png', data: DOT },
          { type: 'resource_link', uri: 'file:///a.txt', name: 'a.txt' },
          { type: 'resource', resource: { uri: 'note://1', text: 'inside' } },
          { type: 'audio', mimeType: 'audio/wav', data: 'aGk=' },
          { type: 'hologram', data: 1 },
        ],
      },
    }),
  structured(id, { rows }) {
    const structuredContent = {
      rows: Array.from({ length: rows }, (_, i) => ({ id: i, name: `row ${i}`, size: i * 10 })),
    }
    text(id, JSON.stringify(structuredContent, null, 2), { structuredContent })
  },
  async ask(id) {
    const requestedSchema = object({ color: string })
    const { result } = await ask('elicitation/create', { message: 'Which color?', requestedSchema })
    text(id, JSON.stringify(result))
  },
  async roots(id) {
    const { result } = await ask('roots/list', {})
    text(id, JSON.stringify(result))
  },
  grow(id) {
    tools.push({ name: 'grown', description: 'New.', inputSchema: object({ path: string }) })
    send({ method: 'notifications/tools/list_changed' })
    text(id, 'grown')
  },
  rewrite(id, { tool, description, param }) {
    const listed = (tools as { name: string; description: string; inputSchema: object }[]).find(
      ({ name }) => name === tool,
    )!
    if (typeof description === 'string') listed.description = description
    if (typeof param === 'string') listed.inputSchema = object({ text: string, [param]: string }, [])
    send({ method: 'notifications/tools/list_changed' })
    text(id, 'rewritten')
  },
  env: id => text(id, JSON.stringify(process.env)),
  async limits(id) {
    const { execFileSync } = await import('node:child_process')
    text(id, execFileSync('/bin/sh', ['-c', 'ulimit -t; ulimit -n; ulimit -d']).toString())
  },
  log(id, { text: data }) {
    send({ method: 'notifications/message', params: { level: 'warning', data } })
    text(id, 'logged')
  },
  pid: id => text(id, JSON.stringify({ pid: process.pid, cwd: process.cwd(), cancelled })),
}

function answer({ id, method, params = {}, result }: Message) {
  if (method === undefined) return waiting.get(String(id))?.({ id, result })
  const behaviour = options.on?.[method]
  if (behaviour === 'ignore') return
  if (behaviour === 'die') process.exit(7)
  if (behaviour === 'garbage') return write('}{ not json\n\u0000\u0001\n')
  if (behaviour === 'error') return send({ id, error: { code: -32000, message: `no ${method} today` } })
  if (method === 'initialize') {
    const protocolVersion = options.protocol ?? (params as { protocolVersion: string }).protocolVersion
    const capabilities = { tools: { listChanged: true }, logging: {} }
    const serverInfo = { name: 'peer', version: '1' }
    return send({ id, result: { protocolVersion, capabilities, serverInfo, instructions: options.instructions } })
  }
  if (method === 'tools/list') {
    const { cursor, category } = params as { cursor?: string; category?: string }
    if (category !== undefined) journal(`list ${category}`)
    return list(id, cursor)
  }
  if (method === 'tools/call') {
    const {
      name,
      arguments: args = {},
      _meta,
    } = params as { name: string; arguments?: Args; _meta?: { progressToken?: unknown } }
    const call = calls[name]
    if (!call) return send({ id, error: { code: -32602, message: `Unknown tool: ${name}` } })
    return call(id, args, _meta?.progressToken)
  }
  if (method === 'notifications/cancelled') {
    cancelled = (params as { requestId: unknown }).requestId
    return
  }
  if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } })
}

function list(id: Message['id'], cursor = '0') {
  if (options.list !== undefined) return send({ id, result: { tools: options.list } })
  const start = Number(cursor)
  const end = start + (options.pageSize ?? tools.length)
  send({ id, result: { tools: tools.slice(start, end), ...(end < tools.length && { nextCursor: String(end) }) } })
}

journal(`start ${process.pid}`)
if (options.daemon) {
  const daemon = spawn('setsid', ['sleep', '300'], { stdio: 'ignore' })
  journal(`daemon ${daemon.pid}`)
}
if (options.banner) write(`${options.banner}\n`)
if (options.stderr) process.stderr.write(`${'e'.repeat(200)}\n`.repeat(Math.ceil(options.stderr / 201)))
if (options.stubborn) process.on('SIGTERM', () => {})

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', chunk => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()!
  for (const line of lines) if (line.trim() !== '') answer(JSON.parse(line))
})
process.stdin.on('end', () => {
  if (options.stubborn) setInterval(() => {}, 1000)
  else process.exit(0)
})
