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
  return async request => {
    const header = (name: string) => request.headers.get(name)
    // That of the request line, where it names one: Node has it, Bun puts that of the header in its place.
    const target = URL.parse(request.url)?.host
    if (!isKnownHost(header('host'), door) || (target !== undefined && !isKnownHost(target, door)))
      throw new AppError('FORBIDDEN', 'This Host is not allowed. Use 127.0.0.1, or add the name to allowed_hosts.')
    const site = header('sec-fetch-site')
    if (header('origin') !== null || (site !== null && site !== 'none'))
      throw new AppError('FORBIDDEN', 'Requests from web pages are not allowed.')
    const authorized = door.token === null || isBearer(header('authorization'), door.token)
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

function isKnownHost(host: string | null, { allowed_hosts, loopback }: Door): boolean {
  const allowed = allowed_hosts.map(name => name.toLowerCase())
  if (!loopback && allowed.length === 0) return true
  // A doubled Host arrives joined by a comma, which no name contains.
  const name = /^(\[[0-9a-f:.]+\]|[^:,\s/@]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
  return name !== undefined && (allowed.includes(name) || (loopback && LOOPBACK.includes(name)))
}

const digest = (text: string) => nodeCrypto().createHash('sha256').update(text).digest()

/** Compares digests in constant time, so that neither the length nor the beginning of the token shows. */
function isBearer(header: string | null, token: string): boolean {
  const given = /^Bearer +(\S+)\s*$/i.exec(header ?? '')?.[1]
  return given !== undefined && nodeCrypto().timingSafeEqual(digest(given), digest(token))
}
