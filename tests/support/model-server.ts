import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A model server of our own: real HTTP on 127.0.0.1, whose every chunk can be gated, whose connection can be cut at any byte,
 * and which keeps what it was asked. It speaks no format by itself: `model-replies.ts` makes the bodies of all families, and
 * `recordings.ts` has real ones.
 *
 *     const server = await startModelServer(chat({ text: 'Hello' }), { status: 429, headers: { 'retry-after': '0' } })
 *     … ask `server.url` …
 *     expect(server.requests[0]!.body.messages).toHaveLength(2)
 *     await server.close()
 */
export type ModelServer = {
  /** `http://127.0.0.1:PORT`: Anthropic's base URL. The OpenAI kinds' is `${url}/v1`, Google's own `${url}/v1beta`. */
  url: string
  requests: Asked[]
  /** Adds replies to the queue. A request beyond it gets the fallback: a 500 that says so. */
  add(...replies: Script[]): void
  /** Forgets the replies that were not asked for. */
  clear(): void
  /** Resolves when the server has been asked `count` times in all. */
  asked(count: number): Promise<void>
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** `body` is the parsed JSON, or the text where it is none. `closed` resolves when the connection is gone, however it went. */
export type Asked = {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: any
  text: string
  at: number
  closed: Promise<void>
}

/** What to answer: as it is, or made from the request. A list of pieces is short for a 200 with them. */
export type Script = Reply | Piece[] | ((asked: Asked) => Reply | Piece[] | Promise<Reply | Piece[]>)

export type Reply = {
  status?: number
  headers?: Record<string, string>
  /** Each piece is a write of its own; a promise holds the rest back until it resolves (see `gate`). */
  body?: string | Uint8Array | Piece[]
  /**
   * After the body, the connection is closed early or reset. What was written last may be lost with it, as in life: put a gate
   * at the end of the body to cut when the client has seen everything. Without this, the response ends in good order.
   */
  cut?: 'close' | 'reset'
  /** After the body nothing more comes, and no end either. */
  hang?: boolean
}
export type Piece = string | Uint8Array | Promise<unknown>

/** Holds back what comes after it: `[first, held.wait, second]`, then `held.open()`. */
export function gate(): { wait: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { wait: promise, open: resolve }
}

/** Cuts bytes at the given offsets, so that each part is written by itself. */
export function splitAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const edges = [0, ...[...offsets].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((to, index) => bytes.subarray(edges[index]!, to))
}

export async function startModelServer(...scripts: Script[]): Promise<ModelServer> {
  const queue = [...scripts]
  const requests: Asked[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    try {
      const asked = await read(request, response)
      // A look at the list of models is not a call, and takes no reply from the queue.
      if (asked.method === 'GET') return await answer({ status: 404, body: '{}' }, response)
      requests.push(asked)
      for (const check of waiting) check()
      const script = queue.shift() ?? {
        status: 500,
        body: '{"error":{"message":"the test scripted no further reply"}}',
      }
      const reply = typeof script === 'function' ? await script(asked) : script
      await answer(Array.isArray(reply) ? { body: reply } : reply, response)
    } catch {
      response.destroy() // the client has gone: what it was to be told does not matter any more
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  server.keepAliveTimeout = 0 // it closes no connection by itself: a test that wants that says `cut`
  const close = (): Promise<void> =>
    new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    add: (...more) => void queue.push(...more),
    clear: () => void queue.splice(0),
    asked: count =>
      new Promise(resolve => {
        const check = () => {
          if (requests.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function read(request: IncomingMessage, response: ServerResponse): Promise<Asked> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const text = Buffer.concat(parts).toString()
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: parsed(text),
    text,
    at: performance.now(),
    closed: new Promise(resolve => response.on('close', () => resolve())),
  }
}

async function answer({ status = 200, headers = {}, body = '', cut, hang }: Reply, response: ServerResponse) {
  const type = status === 200 ? 'text/event-stream' : 'application/json'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.flushHeaders()
  for (const piece of Array.isArray(body) ? body : [body]) {
    if (piece instanceof Promise) await piece
    else if (piece.length > 0) await write(response, typeof piece === 'string' ? Buffer.from(piece) : piece)
  }
  if (cut === 'reset') response.socket?.resetAndDestroy()
  else if (cut === 'close') response.socket?.destroy()
  else if (!hang) response.end()
}

/** Each in a packet of its own, as far as the socket allows: written, and handed to the system, before the next. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  response.socket?.setNoDelay(true)
  return new Promise((resolve, reject) => {
    if (response.destroyed) reject(new Error('closed'))
    else response.write(bytes, error => (error ? reject(error) : resolve()))
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // a test that sends no JSON sees what it sent
  }
}
