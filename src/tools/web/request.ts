import { lookup as resolve } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { AppError, messageOf } from '../../base/errors.ts'
import { VERSION } from '../../base/version.ts'
import { addressIn, isPublic } from './address.ts'

export const USER_AGENT = `emacs-agent-backend/${VERSION}`

export type RequestOptions = {
  /** A rule names this host: it may be private. */
  named: boolean
  headers: Record<string, string>
  /** Of the environment, for the proxy. */
  env: Readonly<Record<string, string>>
  signal: AbortSignal
  /** Sent by POST, as JSON. */
  body?: unknown
}

export type Answer = {
  status: number
  headers: Record<string, string | undefined>
  body: AsyncIterable<Uint8Array>
  /** Ends the connection. */
  close(): void
}

/**
 * One request, without cookies, credentials or redirects. The address is checked where the connection is made, so a name
 * that resolves otherwise the second time reaches nothing else. Throws PERMISSION_DENIED for a private address,
 * TOOL_FAILED when there is no answer.
 */
export async function request(url: URL, options: RequestOptions): Promise<Answer> {
  const proxy = proxyFor(url, options.env)
  const address = addressIn(url.hostname)
  if (address !== null && !options.named && !isPublic(address)) throw refused(url.hostname, address)
  try {
    return await (proxy === null ? direct(url, options) : throughProxy(url, proxy, options))
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof AppError) throw error
    throw new AppError('TOOL_FAILED', `${url.host} does not answer: ${messageOf(error)}`)
  }
}

async function direct(url: URL, { named, headers, signal, body }: RequestOptions): Promise<Answer> {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, 'accept-encoding': 'identity' },
      lookup: checkedLookup(url.hostname, named),
      agent: false,
      signal,
    })
    sent.on('response', resolve).on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    body: response,
    close: () => response.destroy(),
  }
}

/** Of several addresses none may be private: any of them may be connected to. */
const checkedLookup =
  (host: string, named: boolean): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const [first] = found ?? []
      const bad = named ? undefined : found?.find(({ address }) => !isPublic(address))
      if (bad) callback(refused(host, bad.address), '', 0)
      else if (error || !first) callback(error, '', 0)
      else if (options.all) (callback as (error: null, all: typeof found) => void)(null, found)
      else callback(null, first.address, first.family)
    })

const refused = (host: string, address: string) =>
  new AppError(
    'PERMISSION_DENIED',
    `${host} is at ${address}, which is not on the public internet. The user can open it by a rule that names the host, as fetch_url(http://${host}/**).`,
  )

/** The proxy resolves names by itself; what we resolve is checked all the same. */
async function throughProxy(
  url: URL,
  proxy: string,
  { named, headers, signal, body }: RequestOptions,
): Promise<Answer> {
  if (!process.versions.bun)
    throw new AppError('TOOL_FAILED', 'Requests through a proxy need the native executable: under Node there are none.')
  if (!named && addressIn(url.hostname) === null) {
    const { lookup } = await import('node:dns/promises')
    const found = await lookup(url.hostname, { all: true }).catch(() => [])
    const bad = found.find(({ address }) => !isPublic(address))
    if (bad) throw refused(url.hostname, bad.address)
  }
  const init = {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    redirect: 'manual' as const,
    proxy,
    signal,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }
  const response = await fetch(url, init)
  const { 'content-encoding': _, ...plain } = Object.fromEntries(response.headers)
  return {
    status: response.status,
    headers: plain,
    body: response.body ?? new ReadableStream(),
    close: () => void response.body?.cancel().catch(() => {}), // it has ended already
  }
}

/** As curl reads the environment: the variable of the scheme, unless NO_PROXY has the host or a domain above it. */
function proxyFor({ protocol, hostname }: URL, env: Readonly<Record<string, string>>): string | null {
  const read = (name: string) => env[name.toLowerCase()] || env[name.toUpperCase()] || undefined
  const excluded = (read('no_proxy') ?? '').split(',').map(entry =>
    entry
      .trim()
      .replace(/^\*?\./, '')
      .toLowerCase(),
  )
  const isExcluded = excluded.some(
    entry => entry === '*' || (entry !== '' && (hostname === entry || hostname.endsWith(`.${entry}`))),
  )
  if (isExcluded) return null
  return read(protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? read('all_proxy') ?? null
}
