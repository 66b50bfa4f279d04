import { randomBytes } from 'node:crypto'
import type { FetchLike, OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client'
import { AppError, messageOf } from '../../base/errors.ts'
import type { McpServerConfig } from '../../config/config.ts'
import { fetchAfresh } from '../transport/fetch.ts'
import { type Callback, openCallback } from './callback.ts'
import type { Credentials } from './credentials.ts'
import { type Asker, isSafeUrl } from './elicitation.ts'

/** What a server said when it refused us. */
type Challenge = {
  scope?: string
  resourceMetadataUrl?: URL /** We are known, but may not do this. */
  stepUp: boolean
}

/** A request was refused until somebody signs in. The SDK recognises the name and hands the error on as it is. */
export class SignInNeeded extends Error {
  override name = 'UnauthorizedError'
  override message = 'the server wants you to sign in'
  readonly challenge: Challenge
  constructor(challenge: Challenge) {
    super()
    this.challenge = challenge
  }
}

/** Signing in at one HTTP server (MCP authorization: OAuth 2.1, PKCE, RFC 8707, 9207, 9728). */
export type OAuth = {
  /** Adds the token; renews it silently when it can. Throws SignInNeeded. */
  fetch: FetchLike
  /** Shows a person where to sign in and waits. Throws AppError. */
  signIn(challenge: Challenge, asker: Asker | null): Promise<void>
}

export function createOAuth(config: McpServerConfig, credentials: Credentials): OAuth {
  let signingIn: Promise<void> | undefined

  const fetchWithToken = async (url: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    const tokens = await credentials.tokens()
    if (tokens) headers.set('authorization', `Bearer ${tokens.access_token}`)
    return fetchAfresh(url, { ...init, headers })
  }

  return {
    async fetch(url, init) {
      const response = await fetchWithToken(url, init)
      const challenge = await challengeIn(response)
      if (!challenge) return response
      await response.body?.cancel()
      if (challenge.stepUp || !(await renewed(config, credentials, challenge))) throw new SignInNeeded(challenge)
      const again = await fetchWithToken(url, init)
      if (again.status === 401) throw new SignInNeeded(challenge)
      return again
    },
    signIn(challenge, asker) {
      // Several calls may be refused at the same time; a person signs in once.
      signingIn ??= signIn(config, credentials, challenge, asker).finally(() => (signingIn = undefined))
      return signingIn
    },
  }
}

async function challengeIn(response: Response): Promise<Challenge | null> {
  if (response.status !== 401 && response.status !== 403) return null
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/client')
  const { scope, resourceMetadataUrl, error } = extractWWWAuthenticateParams(response)
  if (response.status === 403 && error !== 'insufficient_scope') return null
  return { scope, resourceMetadataUrl, stepUp: response.status === 403 }
}

/** Uses the refresh token, if there is one. */
async function renewed(config: McpServerConfig, credentials: Credentials, challenge: Challenge): Promise<boolean> {
  if (!(await credentials.tokens())?.refresh_token) return false
  const { auth } = await import('@modelcontextprotocol/client')
  const provider = providerFor(config, credentials, { redirectUrl: 'http://127.0.0.1/', fresh: false })
  try {
    const { resourceMetadataUrl } = challenge
    return (
      (await auth(provider, { serverUrl: config.url!, resourceMetadataUrl, fetchFn: fetchAfresh })) === 'AUTHORIZED'
    )
  } catch {
    return false // whatever is wrong with it, signing in again puts it right
  }
}

async function signIn(
  config: McpServerConfig,
  credentials: Credentials,
  challenge: Challenge,
  asker: Asker | null,
): Promise<void> {
  if (!asker?.ask)
    throw new AppError(
      'MCP_SERVER_ERROR',
      `MCP server ${config.name} wants you to sign in: use it in a session with a front end.`,
    )
  const { auth, computeScopeUnion } = await import('@modelcontextprotocol/client')
  // Whoever registered a client did so with a fixed path; its port may vary (RFC 8252, 7.3).
  const callback = await openCallback(
    config.oauth?.client_id || config.oauth?.client_metadata_url ? '/callback' : undefined,
  )
  let offered: URL | undefined
  const state = randomBytes(24).toString('base64url')
  const provider = providerFor(config, credentials, {
    redirectUrl: callback.url,
    fresh: true,
    state,
    redirect: url => {
      offered = url
    },
  })
  const common = {
    fetchFn: fetchAfresh,
    serverUrl: config.url!,
    resourceMetadataUrl: challenge.resourceMetadataUrl,
    scope: challenge.stepUp
      ? computeScopeUnion((await credentials.tokens())?.scope, challenge.scope)
      : (challenge.scope ?? config.oauth?.scope),
  }
  try {
    if ((await auth(provider, { ...common, forceReauthorization: true })) === 'AUTHORIZED') return
    const back = await visit(config.name, offered, asker, callback)
    const authorizationCode = codeIn(back, state)
    await auth(provider, { ...common, authorizationCode, iss: back.get('iss') ?? undefined })
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      'MCP_SERVER_ERROR',
      `Signing in at the MCP server ${config.name} failed: ${messageOf(error)}`,
      {},
      { cause: error as Error },
    )
  } finally {
    callback.close()
  }
}

/** Shows the address, and waits for the browser to come back, which closes the question; declining it ends the waiting. */
async function visit(name: string, url: URL | undefined, asker: Asker, callback: Callback): Promise<URLSearchParams> {
  if (!url || !isSafeUrl(url.href))
    throw new AppError('MCP_SERVER_ERROR', `MCP server ${name} wants you to sign in at an address that is not https.`)
  const message = `The MCP server ${name} wants you to sign in at ${url.host}. Open the address in a browser.`
  // The browser that comes back is the answer, unless the person is quicker; then it is still to come.
  const { action } = await asker.ask!({ server: name, message, url: url.href }, callback.parameters)
  if (action === 'accept') return callback.parameters
  // Nobody came in time, or somebody does not want to.
  const refused = new AppError('PERMISSION_DENIED', `You did not sign in at the MCP server ${name}.`)
  return Promise.race([callback.parameters, Promise.reject(refused)])
}

function codeIn(parameters: URLSearchParams, state: string): string {
  if (parameters.get('state') !== state)
    throw new Error('the browser came back with another state than it was sent with')
  const code = parameters.get('code')
  if (code === null)
    throw new Error(`the authorization server refused (${parameters.get('error') ?? 'no reason given'})`)
  return code
}

type Flow = {
  redirectUrl: string /** Registers anew: the address to come back to is another each time. */
  fresh: boolean
  state?: string
  redirect?(url: URL): void
}

function providerFor(config: McpServerConfig, credentials: Credentials, flow: Flow): OAuthClientProvider {
  const { client_id, client_secret, client_metadata_url } = config.oauth ?? {}
  let verifier = ''
  let registered = false
  let discovered: OAuthDiscoveryState | undefined
  return {
    redirectUrl: flow.redirectUrl,
    clientMetadataUrl: client_metadata_url,
    clientMetadata: {
      client_name: 'Emacs agent',
      redirect_uris: [flow.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: client_secret ? undefined : 'none',
      application_type: 'native',
    } as OAuthClientProvider['clientMetadata'],
    state: () => flow.state ?? '',
    async clientInformation() {
      if (client_id) return { client_id, ...(client_secret && { client_secret }) }
      return flow.fresh && !registered ? undefined : credentials.client()
    },
    async saveClientInformation(client) {
      registered = true
      await credentials.save({ client })
    },
    tokens: () => credentials.tokens(),
    saveTokens: tokens => credentials.save({ tokens }),
    redirectToAuthorization(url) {
      if (!flow.redirect) throw new Error('nobody is here to sign in')
      flow.redirect(url)
    },
    saveCodeVerifier(made) {
      verifier = made
    },
    codeVerifier: () => verifier,
    // Binds the code to the authorization server that it was asked of (SEP-2352).
    saveDiscoveryState(state) {
      discovered = state
    },
    discoveryState: () => discovered,
    async invalidateCredentials(scope) {
      if (scope === 'all' || scope === 'tokens') await credentials.save({ tokens: undefined })
      if (scope === 'all' || scope === 'client') await credentials.save({ client: undefined })
    },
  }
}

/** A server may want more than was granted at first, but not without end. */
const MOST_SIGN_INS = 2

/** Does `work`, and again after signing in when the server wants that. */
export async function withSignIn<T>(
  work: () => Promise<T>,
  signIn: () => OAuth['signIn'] | undefined,
  asker: Asker | null,
): Promise<T> {
  for (let times = 0; ; times++) {
    try {
      return await work()
    } catch (error) {
      const needed = error instanceof SignInNeeded ? error : (error as Error).cause
      const how = signIn()
      if (!(needed instanceof SignInNeeded) || !how || times >= MOST_SIGN_INS) throw error
      await how(needed.challenge, asker)
    }
  }
}
