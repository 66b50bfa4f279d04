import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { oneLine } from '../../base/controls.ts'
import { AppError } from '../../base/errors.ts'
import { isLoopback } from '../../base/loopback.ts'
import type { OAuthConfig } from '../../config/config.ts'

/** What a person has to do, and until when. */
export type Invitation = { user_code: string; verification_uri: string; verification_uri_complete?: string }
export type Tokens = {
  access_token: string
  refresh_token?: string
  scope?: string
  /** Milliseconds since 1970; absent where the server does not say. */
  expires_at?: number
}
type Endpoints = { token: string; device?: string; revocation?: string }

const seconds = v.pipe(v.number(), v.finite(), v.minValue(0))
/** It goes into a header. */
const token = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,16384}$/))
const Device = v.object({
  device_code: v.pipe(v.string(), v.nonEmpty()),
  user_code: v.pipe(v.string(), v.nonEmpty(), v.maxLength(100)),
  verification_uri: v.string(),
  verification_uri_complete: v.optional(v.string()),
  expires_in: v.optional(seconds, 900),
  interval: v.optional(seconds, 5),
})
const Granted = v.object({
  access_token: token,
  token_type: v.optional(v.pipe(v.string(), v.toLowerCase(), v.literal('bearer'))),
  refresh_token: v.optional(token),
  expires_in: v.optional(seconds),
  scope: v.optional(v.string()),
})
const Refused = v.object({ error: v.string(), error_description: v.optional(v.string()) })
const Metadata = v.object({
  issuer: v.string(),
  token_endpoint: v.string(),
  device_authorization_endpoint: v.optional(v.string()),
  revocation_endpoint: v.optional(v.string()),
})

const PATIENCE_MS = 30_000
/** Servers that say 0 mean “soon”. */
const SHORTEST_PAUSE_MS = 200
const SLOWER_MS = 5_000
const LARGEST = 65_536

/** The server said no: `code` is OAuth's word for why. */
export class OAuthRefusal extends Error {
  override name = 'OAuthRefusal'
  readonly code: string
  constructor(code: string, description?: string) {
    super(oneLine(description ? `${code}: ${description}` : code).slice(0, 300))
    this.code = code
  }
}

/**
 * Signs in by the device authorization grant (RFC 8628): asks for a code, has `show` tell the person what to do with it, and
 * polls until they have. Throws AppError when they refuse, when the code expires, and for a server that does not speak it.
 */
export async function signInByDevice(
  config: OAuthConfig,
  show: (invitation: Invitation) => void,
  signal?: AbortSignal,
): Promise<Tokens> {
  const endpoints = await endpointsOf(config)
  if (!endpoints.device) throw failed('it has no device_authorization_endpoint')
  const device = await begin(endpoints.device, config)
  show(device)
  const end = performance.now() + device.expires_in * 1000
  let pause = Math.max(device.interval * 1000, SHORTEST_PAUSE_MS)
  for (;;) {
    await delay(pause, undefined, { signal })
    if (performance.now() > end) throw failed('the code has expired. Run the command again')
    try {
      const answer = await post(endpoints.token, config, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: device.device_code,
      })
      return tokensFrom(answer)
    } catch (error) {
      if (!(error instanceof OAuthRefusal)) {
        if (error instanceof AppError) throw error
        pause = Math.min(pause * 2, 60_000) // the network; RFC 8628, 3.5: back off
      } else if (error.code === 'slow_down') pause += SLOWER_MS
      else if (error.code !== 'authorization_pending') throw failed(REASONS[error.code] ?? error.message)
    }
  }
}

const REASONS: Record<string, string> = {
  access_denied: 'it was refused in the browser',
  expired_token: 'the code has expired. Run the command again',
}

async function begin(endpoint: string, config: OAuthConfig) {
  try {
    const parsed = v.safeParse(Device, await post(endpoint, config, scopeOf(config)))
    if (!parsed.success) throw failed('its answer is no invitation to enter a code')
    if (!isSafe(parsed.output.verification_uri)) throw failed('it names an address that is not https')
    const { verification_uri_complete: complete, ...device } = parsed.output
    return { ...device, ...(complete && isSafe(complete) && { verification_uri_complete: complete }) }
  } catch (error) {
    throw error instanceof OAuthRefusal ? failed(error.message) : error
  }
}

/** A new access token for a refresh token (RFC 6749, 6). Throws OAuthRefusal, or what the network says. */
export async function refreshTokens(config: OAuthConfig, refresh_token: string): Promise<Tokens> {
  const { token } = await endpointsOf(config)
  const answer = await post(token, config, { grant_type: 'refresh_token', refresh_token, ...scopeOf(config) })
  return { refresh_token, ...tokensFrom(answer) } // a server that rotates them sends the next one
}

/** RFC 7009. False where the server has no way to. */
export async function revokeToken(config: OAuthConfig, { access_token, refresh_token }: Tokens): Promise<boolean> {
  const { revocation } = await endpointsOf(config)
  if (!revocation) return false
  await post(revocation, config, {
    token: refresh_token ?? access_token,
    token_type_hint: refresh_token ? 'refresh_token' : 'access_token',
  })
  return true
}

const scopeOf = ({ scope }: OAuthConfig): Record<string, string> => (scope ? { scope } : {})

function tokensFrom(answer: unknown): Tokens {
  const parsed = v.safeParse(Granted, answer)
  if (!parsed.success) throw failed('its answer is no bearer token')
  const { expires_in, token_type: _, ...tokens } = parsed.output
  return { ...tokens, ...(expires_in !== undefined && { expires_at: Date.now() + expires_in * 1000 }) }
}

/** What the configuration names, else what the issuer's metadata do (RFC 8414). */
async function endpointsOf(config: OAuthConfig): Promise<Endpoints> {
  const { issuer, token_endpoint, device_authorization_endpoint, revocation_endpoint } = config
  const found = token_endpoint ? undefined : await discover(issuer)
  const endpoints = {
    token: token_endpoint ?? found?.token_endpoint,
    device: device_authorization_endpoint ?? found?.device_authorization_endpoint,
    revocation: revocation_endpoint ?? found?.revocation_endpoint,
  }
  for (const endpoint of Object.values(endpoints))
    if (endpoint !== undefined && !isSafe(endpoint)) throw failed('its addresses must be https, or on this machine')
  return endpoints as Endpoints
}

async function discover(issuer: string | undefined) {
  const root = URL.parse(issuer ?? '')
  if (!root || !isSafe(root.href)) throw failed('set issuer to an https address, or token_endpoint')
  const path = root.pathname.replace(/\/$/, '')
  for (const kind of ['oauth-authorization-server', 'openid-configuration']) {
    const url = new URL(kind.startsWith('oauth') ? `/.well-known/${kind}${path}` : `${path}/.well-known/${kind}`, root)
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) })
    const parsed = v.safeParse(Metadata, response.ok ? await readJson(response) : undefined)
    // Metadata of somebody else would send the person, and the tokens, elsewhere.
    if (parsed.success && parsed.output.issuer.replace(/\/$/, '') === root.href.replace(/\/$/, '')) return parsed.output
  }
  throw failed('its issuer has no metadata. Set device_authorization_endpoint and token_endpoint')
}

/** https, or this machine. */
const isSafe = (url: string): boolean => {
  const parsed = URL.parse(url)
  if (!parsed || parsed.username || parsed.password) return false
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(url))
}

/** Throws OAuthRefusal for what the server refuses, AppError for an answer that is none, and what the network says. */
async function post(url: string, config: OAuthConfig, fields: Record<string, string>): Promise<unknown> {
  const { client_id, client_secret } = config
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'error',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({ ...fields, client_id, ...(client_secret && { client_secret }) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const answer = await readJson(response)
  const refused = v.safeParse(Refused, answer)
  // Some say no within a 200.
  if (refused.success) throw new OAuthRefusal(refused.output.error, refused.output.error_description)
  if (response.status >= 500) throw new Error(`HTTP ${response.status}`)
  if (!response.ok) throw failed(`it answers with HTTP ${response.status}`)
  return answer
}

async function readJson(response: Response): Promise<unknown> {
  const text = (await response.text()).slice(0, LARGEST)
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no JSON: the status, or the schema that reads it next, reports the error
  }
}

const failed = (why: string) => new AppError('INVALID_REQUEST', `The sign-in did not come about: ${why}.`)
