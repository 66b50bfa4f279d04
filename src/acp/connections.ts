import { ndJsonStream } from '@agentclientprotocol/sdk'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { toJson } from '../base/text.ts'
import { serveAcp } from './agent.ts'

/** More than any client has editors; each may hold what it has not read yet. */
const MOST = 32

/**
 * Connections of clients that reach us over HTTP, where a running server is to serve them too: `acp --attach` sends the
 * messages of its stdin one by one, and copies `output` to its stdout. A connection lives as long as its output is read;
 * the sessions stay.
 */
export function createConnections(given: Parameters<typeof serveAcp>[0]) {
  const writers = new Map<string, WritableStreamDefaultWriter<Uint8Array>>()
  const encoder = new TextEncoder()
  const lineOf = (message: unknown) => encoder.encode(`${toJson(message)}\n`)
  const begin = async (output: WritableStream<Uint8Array>, line: object) => {
    const writer = output.getWriter()
    await writer.write(lineOf(line))
    writer.releaseLock()
  }

  return {
    /** Lines of JSON: `{connection_id}`, then our messages. Throws TOO_MANY. */
    open(): ReadableStream<Uint8Array> {
      if (writers.size >= MOST)
        throw new AppError('TOO_MANY', `${MOST} ACP clients are attached already. End one of them.`)
      const connection_id = newId('acp')
      const input = new TransformStream<Uint8Array, Uint8Array>()
      const output = new TransformStream<Uint8Array, Uint8Array>()
      writers.set(connection_id, input.writable.getWriter())
      void begin(output.writable, { connection_id })
        .then(() => serveAcp(given, ndJsonStream(output.writable, input.readable)))
        .catch(() => {}) // the client went before it had read the first line
        .finally(() => writers.delete(connection_id))
      return output.readable
    },
    /** Resolves when the message was taken. Throws NOT_FOUND for a connection that is over. */
    async send(connection_id: string, message: unknown): Promise<void> {
      const writer = writers.get(connection_id)
      if (!writer) throw new AppError('NOT_FOUND', 'There is no such ACP connection any more. Open another one.')
      await writer.write(lineOf(message))
    },
  }
}
