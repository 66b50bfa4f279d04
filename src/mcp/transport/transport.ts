import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import { isObject } from '../catalog/schema.ts'
import type { Child } from './child.ts'
import { readEnvelope } from './envelope.ts'
import { createJsonLines } from './json-lines.ts'

/** Larger messages fail their call alone. */
export const MESSAGE_LIMIT = 64 * 1024 * 1024
const INTERNAL_ERROR = -32603
/** How long after the process its pipe may still bring what it said last. */
const LAST_WORDS_MS = 500

/**
 * MCP over the pipes of a child that is already running. The SDK's own transport ends only the direct child, cuts the
 * connection at 10 MiB, and probes on a second process; this one is recognised by the SDK as stdio (it looks for `pid` and
 * `stderr`) and probed in place.
 */
export function createStdioTransport(child: Child, limit: number = MESSAGE_LIMIT): Transport {
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    transport.onclose?.()
  }
  /** Requests without an answer. */
  const open = new Set<string | number>()
  /** Which of them an answer is for: servers change the type of an id, and know none of a message they could not read. */
  const askedBy = (value: unknown) => {
    if (!isObject(value) || typeof value.method === 'string') return undefined
    if (value.id == null) return open.size === 1 ? [...open][0] : undefined
    return [...open].find(id => String(id) === String(value.id))
  }
  const receive = createJsonLines(limit, {
    message(value) {
      const message = readEnvelope(value, askedBy(value)) as JSONRPCMessage
      if ('id' in message && !('method' in message)) open.delete(message.id as string | number)
      transport.onmessage?.(message)
    },
    garbage: line => child.stderr.add(`[stdout] ${line}`),
    oversize(id, bytes) {
      child.stderr.add(`[dropped a message of ${bytes} bytes]`)
      const text = `the answer was ${bytes} bytes long; the limit is ${limit}`
      if (id !== null) transport.onmessage?.({ jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: text } })
    },
  })
  const transport: Transport & { pid: number; stderr: null } = {
    pid: child.pid,
    stderr: null,
    async start() {
      child.stdout.on('data', receive)
      child.stdout.once('close', close)
      // A grandchild may hold the pipe open after its parent's death.
      void child.exited.then(() => setTimeout(close, LAST_WORDS_MS).unref())
      if (child.hasExited() && child.stdout.destroyed) close()
    },
    send: message =>
      new Promise((resolve, reject) => {
        if (closed || !child.stdin.writable) return reject(new NotSentError())
        if ('id' in message && 'method' in message) open.add(message.id)
        child.stdin.write(`${JSON.stringify(message)}\n`, error => (error ? reject(new NotSentError()) : resolve()))
      }),
    async close() {
      await child.stop()
      close()
    },
  }
  return transport
}

/** The server was gone before it could have read the message: nothing ran, so it may be said again. */
export class NotSentError extends Error {
  override name = 'NotSentError'
  override message = 'the server had already ended'
}
