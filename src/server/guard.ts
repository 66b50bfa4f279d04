import { AppError } from '../base/errors.ts'
import { nodeCrypto } from '../base/heavy.ts'
import { createBodyReader } from './body.ts'

/** Who may ask. `token` is null only under `--no-auth`; `loopback` says where the server is bound. */
export type Door = { token: string | null; allowed_hosts: string[]; loopback: boolean }

/** What the guard leaves for the routes: the parsed body, `{}` when there was none, and whether the token was right. */
export type Admitted = { body: Record<string, unknown>; authorized: boolean }

/**
 * The four checks of the contract ("Who may ask"), in its order and before anything else, on every route and method. They
 * keep web pages out of a server that can run shells: DNS rebinding fails at the Host, cross-site requests at the Origin.
 * The function it returns throws AppError FORBIDDEN, UNAUTHORIZED, or what reading the body throws (`body.ts`).
 */
export function guard(door: Door): (request: Request) => Promise<Admitted> {
  const readBody = createBodyReader()
  const isKnown = createHosts(door)
  const isBearer = door.token === null ? () => true : bearer(door.token)
  return async request => {
    const { headers, url } = request
    const host = headers.get('host')
    // That of the request line, where it names one: Node has it, Bun puts that of the header in its place.
    const target = url.startsWith(`http://${host}/`) ? undefined : URL.parse(url)?.host
    if (!isKnown(host) || (target !== undefined && !isKnown(target)))
      throw new AppError('FORBIDDEN', 'This Host is not allowed. Use 127.0.0.1, or add the name to allowed_hosts.')
    const site = headers.get('sec-fetch-site')
    if (headers.get('origin') !== null || (site !== null && site !== 'none'))
      throw new AppError('FORBIDDEN', 'Requests from web pages are not allowed.')
    const authorized = isBearer(headers.get('authorization'))
    if (!authorized && !isHealth(request))
      throw new AppError(
        'UNAUTHORIZED',
        'Send `Authorization: Bearer <token>`; the start-up line says where the token is.',
      )
    return { authorized, body: await readBody(request) }
  }
}

/** A request without a Host may have a path alone for its address. */
export const pathOf = (url: string): string => new URL(url, 'http://localhost').pathname

/** The end is looked at first: of all other requests the address need not be read once more. */
export const isHealth = ({ method, url }: Request): boolean =>
  method === 'GET' && /\/health(?:[?#]|$)/.test(url) && pathOf(url) === '/health'

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/** Whether a host may be asked for. The last one that may be is remembered: a client names the same with every request. */
function createHosts({ allowed_hosts, loopback }: Door): (host: string | null) => boolean {
  const allowed = allowed_hosts.map(name => name.toLowerCase())
  let known: string | null = null
  return host => {
    if ((!loopback && allowed.length === 0) || (host !== null && host === known)) return true
    // A doubled Host arrives joined by a comma, which no name contains.
    const name = /^(\[[0-9a-f:.]+\]|[^:,\s/@]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
    if (name === undefined || !(allowed.includes(name) || (loopback && LOOPBACK.includes(name)))) return false
    known = host
    return true
  }
}

const digest = (text: string): Buffer => nodeCrypto().hash('sha256', text, 'buffer')

/** Compares digests in constant time, so that neither the length nor the beginning of the token shows. */
function bearer(token: string): (header: string | null) => boolean {
  let own: Buffer | undefined
  return header => {
    const given = /^Bearer +(\S+)\s*$/i.exec(header ?? '')?.[1]
    return given !== undefined && nodeCrypto().timingSafeEqual(digest(given), (own ??= digest(token)))
  }
}
