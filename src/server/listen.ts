import { UsageError } from '../base/errors.ts'

export type Listening = { port: number; stop(): Promise<void> }
type Fetch = (request: Request) => Response | Promise<Response>

/** Serves `fetch` with `Bun.serve`, or with `@hono/node-server` where Node is all there is. Throws UsageError for a taken port. */
export async function listen(options: { host: string; port: number; fetch: Fetch }): Promise<Listening> {
  const hostname = options.host.replace(/^\[(.*)\]$/, '$1')
  try {
    return typeof Bun === 'undefined'
      ? await listenOnNode({ ...options, hostname })
      : listenOnBun({ ...options, hostname })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE')
      throw new UsageError(
        `Port ${options.port} is taken. Stop what uses it, or choose another with --port (0 picks a free one).`,
      )
    throw new UsageError(
      `Cannot listen on ${hostname}:${options.port} (${code ?? error}). Choose another --host or --port.`,
    )
  }
}

function listenOnBun({ hostname, port, fetch }: { hostname: string; port: number; fetch: Fetch }): Listening {
  const server = Bun.serve({
    hostname,
    port,
    fetch,
    idleTimeout: 0, // quiet streams are kept open by our own heartbeat
    maxRequestBodySize: 64 * 1024 * 1024, // the guard refuses earlier, with our own error body
  })
  return { port: server.port!, stop: () => server.stop(true) }
}

async function listenOnNode({
  hostname,
  port,
  fetch,
}: {
  hostname: string
  port: number
  fetch: Fetch
}): Promise<Listening> {
  const { serve } = await import('@hono/node-server')
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, info =>
      resolve({
        port: info.port,
        stop: () =>
          new Promise<void>(done => {
            server.close(() => done())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      }),
    )
    server.once('error', reject)
  })
}
