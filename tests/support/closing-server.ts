import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/**
 * A server that promises to keep each connection, and closes it when it is used for a second request, unread: what happens to
 * whoever asks in the moment in which an idle connection is closed, made to happen always.
 */
export async function startClosingServer(answer: (body: string, response: ServerResponse, path: string) => void) {
  const used = new Map<Socket, number>()
  const server = createServer(async (request: IncomingMessage, response) => {
    const count = (used.get(request.socket) ?? 0) + 1
    used.set(request.socket, count)
    if (count > 1) return void request.socket.resetAndDestroy()
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    answer(Buffer.concat(parts).toString(), response, request.url ?? '')
  })
  server.keepAliveTimeout = 0
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** How many requests came over each connection, in the order of the connections. */
    requests: () => [...used.values()],
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
