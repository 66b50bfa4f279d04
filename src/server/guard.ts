import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../base/errors.ts'

export const LARGEST_BODY = 16 * 1024 * 1024

/** Who may ask. `token` is null only under `--no-auth`; `loopback` says where the server is bound. */
export type Door = { token: string | null; allowed_hosts: string[]; loopback: boolean }

/** What the guard leaves for the routes: the parsed body, `{}` when there was none, and whether the token was right. */
export type Admitted = { body: Record<string, unknown>; authorized: boolean }

/**
 * The four checks of the contract ("Who may ask"), in its order and before anything else, on every route and method. They
 * keep web pages out of a server that can run shells: DNS rebinding fails at the Host, cross-site requests at the Origin.
 * The function it returns throws AppError FORBIDDEN, UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, TOO_LARGE or INVALID_REQUEST.
 */
export function guard(door: Door): (request: Request) => Promise<Admitted> {
  return async request => {
    const header = (name: string) => request.headers.get(name)
    if (!isKnownHost(header('host'), door))
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

export const isHealth = ({ method, url }: Request): boolean => method === 'GET' && new URL(url).pathname === '/health'

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

function isKnownHost(host: string | null, { allowed_hosts, loopback }: Door): boolean {
  const allowed = allowed_hosts.map(name => name.toLowerCase())
  if (!loopback && allowed.length === 0) return true
  // A doubled Host arrives joined by a comma, which no name contains.
  const name = /^(\[[0-9a-f:.]+\]|[^:,\s/@]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
  return name !== undefined && (allowed.includes(name) || (loopback && LOOPBACK.includes(name)))
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares digests in constant time, so that neither the length nor the beginning of the token shows. */
function isBearer(header: string | null, token: string): boolean {
  const given = /^Bearer +(\S+)\s*$/i.exec(header ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

async function readBody(request: Request): Promise<Record<string, unknown>> {
  if (request.headers.get('content-encoding') !== null)
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without a Content-Encoding.')
  const length = Number(request.headers.get('content-length') ?? 0)
  const isJson = /^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
  if (length > 0) refuseUnless(isJson)
  if (length > LARGEST_BODY) throw tooLarge()
  // HTTP lets a GET have a body, Fetch does not give it: what was checked above is all there is to check.
  if (request.body === null || request.method === 'GET' || request.method === 'HEAD') return {}
  const bytes = await collect(request.body)
  if (bytes.length === 0) return {}
  refuseUnless(isJson)
  return parseObject(bytes)
}

function refuseUnless(isJson: boolean) {
  if (!isJson)
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, with Content-Type: application/json.')
}

const tooLarge = () => new AppError('TOO_LARGE', 'The body may have at most 16 MiB.')

async function collect(body: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > LARGEST_BODY) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('INVALID_REQUEST', 'The body ended before its length.') // the client went away, mostly
  }
  return Buffer.concat(chunks)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw new AppError('INVALID_REQUEST', 'The body is not valid JSON in UTF-8.') // the parser's message would echo the input
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AppError('INVALID_REQUEST', 'The body must be a JSON object.')
  return value as Record<string, unknown>
}
