import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '../../base/errors.ts'

/** Where a browser comes back to after signing in: one address on this machine, once, for five minutes. */
export type Callback = {
  url: string
  /** The query of the request that came. Throws TIMEOUT when none does. */
  parameters: Promise<URLSearchParams>
  close(): void
}

const PATIENCE_MS = 5 * 60_000

/** `path` is random unless the client is registered under a fixed one; `state` protects both (RFC 8252, RFC 9700). */
export async function openCallback(path: string = `/callback/${randomBytes(16).toString('hex')}`): Promise<Callback> {
  const { promise, resolve, reject } = Promise.withResolvers<URLSearchParams>()
  promise.catch(() => {}) // callers receive it; there may be none
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (request.method !== 'GET' || url.pathname !== path) return say(response, 404, 'Nothing here.')
    const failed = url.searchParams.has('error')
    say(response, 200, failed ? 'Not signed in. You can close this window.' : 'Signed in. You can close this window.')
    resolve(url.searchParams)
    server.close()
  })
  const timer = setTimeout(() => reject(new AppError('TIMEOUT', 'Nobody signed in within five minutes.')), PATIENCE_MS)
  timer.unref()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    parameters: promise,
    close() {
      clearTimeout(timer)
      reject(new AppError('INTERRUPTED', 'The sign-in was given up.'))
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Plain text: nothing of the request is shown, nothing can be executed. */
function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(text)
}
