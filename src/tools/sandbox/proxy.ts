import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { covers } from '../../config/sandbox.ts'
import { isPrivateHost } from '../web/address.ts'

/** A proxy that lets out to named hosts only, outside of the sandbox. `address` is its socket, or its port on loopback. */
export type Proxy = { address: string | number; close(): Promise<void> }

const REFUSED = (host: string) =>
  `The sandbox does not let out to ${host}. The user can add it to network under [sandbox] in emacs-agent.toml.\n`

/** `path` is where its socket is made; null: it listens on loopback. CONNECT, and plain requests by absolute address. */
export async function createProxy(hosts: readonly string[], path: string | null): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url!) : null
    if (url?.protocol !== 'http:') return void outgoing.writeHead(400).end('This is a proxy.\n')
    void addressOf(url.hostname, hosts).then(address => {
      if (address === null) return void outgoing.writeHead(403).end(REFUSED(url.hostname))
      const forwarded = request(
        {
          host: address,
          port: url.port || 80,
          method: incoming.method,
          path: `${url.pathname}${url.search}`,
          headers: { ...ownHeaders(incoming), host: url.host },
        },
        reply => {
          outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
          reply.pipe(outgoing)
        },
      )
      forwarded.on('error', error => outgoing.headersSent || outgoing.writeHead(502).end(`${error.message}\n`))
      incoming.pipe(forwarded)
    })
  })
  server.on('connect', (incoming: IncomingMessage, client: Duplex, head: Buffer) => void tunnel(incoming, client, head))

  async function tunnel({ url = '' }: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => {}) // it left
    const [, host = '', port = ''] =
      /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(url)?.filter(part => part !== undefined) ?? []
    const address = await addressOf(host, hosts)
    if (address === null) return void client.end(`HTTP/1.1 403 Forbidden\r\n\r\n${REFUSED(host)}`)
    const upstream = connect(Number(port), address)
    sockets.add(upstream)
    upstream.once('close', () => sockets.delete(upstream))
    upstream.once('error', error => void client.end(`HTTP/1.1 502 Bad Gateway\r\n\r\n${error.message}\n`))
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    client.once('close', () => upstream.destroy())
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if (path === null) server.listen(0, '127.0.0.1', resolve)
    else server.listen(path, resolve)
  })
  const bound = server.address()
  return {
    address: typeof bound === 'object' && bound ? bound.port : path!,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/**
 * The address to connect to, for a host that is let out to; else null. A name that leads to this machine or its network is
 * none, unless the list has that very name: whoever owns a name could point it there.
 */
async function addressOf(written: string, hosts: readonly string[]): Promise<string | null> {
  const host = written.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (host === '' || !hosts.some(pattern => covers(pattern.replace(/^\[|\]$/g, ''), host))) return null
  if (isIP(host)) return host
  const found = await lookup(host).catch(() => null)
  if (!found) return null
  const isNamed = hosts.some(pattern => pattern.toLowerCase() === host.toLowerCase())
  return isPrivateHost(found.address) && !isNamed ? null : found.address
}

/** Without those that are for the proxy alone (RFC 9110, 7.6.1). */
function ownHeaders({ headers }: IncomingMessage) {
  const { connection = '', ...rest } = headers
  const dropped = new Set(
    `proxy-connection proxy-authorization keep-alive te trailer upgrade ${connection}`.toLowerCase().split(/[\s,]+/),
  )
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !dropped.has(name)))
}
