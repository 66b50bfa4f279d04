import type { BaseAnthropic } from '@anthropic-ai/sdk/client'
import type { OpenAI } from 'openai'
import { stayHome } from '../../base/loopback.ts'
import { KINDS, keyValue } from '../../config/vendors.ts'
import { below } from '../address.ts'
import type { Endpoint } from '../endpoint.ts'
import { fromConnection, fromStatus, LlmError } from '../errors.ts'
import { bodyText } from './body-text.ts'

/**
 * The SDKs make the requests; the answers are read here (`exchange.ts`). Theirs give up on what servers really send: a body
 * that is no stream ends `openai`'s loop without an error, a ping or a comment is no sign of life, and a cut looks like a
 * different thing under each runtime (seen in both). Each SDK is loaded when first used.
 */

/** Longer than any watchdog of ours, and what `setTimeout` can hold. */
const NEVER_MS = 86_400_000

/** Throws LlmError for a status that is not 2xx, and when no connection comes about. */
export async function postAnthropic(
  endpoint: Endpoint,
  path: string,
  body: object,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { BaseAnthropic } = await import('@anthropic-ai/sdk/client')
  return post(endpoint, headers, signal, fetch => {
    const options = optionsFor(endpoint, 'https://api.anthropic.com', fetch)
    const client: BaseAnthropic = new BaseAnthropic({ ...options, webhookKey: null, openTelemetry: false })
    return client.post(below(options.baseURL, path), requestOf(body, headers, signal)).asResponse()
  })
}

/** The same through the `openai` SDK: chat completions, Responses, and Google's own API. */
export async function postOpenai(
  endpoint: Endpoint,
  path: string,
  body: object,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { OpenAI } = await import('openai')
  return post(endpoint, headers, signal, fetch => {
    const options = optionsFor(endpoint, 'https://api.openai.com/v1', fetch)
    const unset = { adminAPIKey: null, organization: null, project: null, webhookSecret: null }
    const client: OpenAI = new OpenAI({ ...options, ...unset })
    return client.post(below(options.baseURL, path), requestOf(body, headers, signal)).asResponse()
  })
}

/** Everything that an SDK would otherwise look for in the environment or in the home directory is said, here and there. */
const optionsFor = (endpoint: Endpoint, address: string, fetch: Fetch) => ({
  apiKey: endpoint.api_key ?? NO_KEY,
  baseURL: endpoint.base_url ?? address,
  logLevel: 'off' as const,
  maxRetries: 0,
  timeout: NEVER_MS,
  fetch,
})

const requestOf = (body: object, headers: Record<string, string>, signal: AbortSignal) => ({
  body: bodyText(body),
  headers: asJson(headers),
  signal,
  stream: true,
})

/** The SDKs send a string unchanged when its media type is given. */
const asJson = (headers: Record<string, string>) => ({ ...headers, 'content-type': 'application/json' })

/** The SDKs refuse to start without a key; servers that need none are not sent this one. */
const NO_KEY = 'none'

type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

async function post(
  endpoint: Endpoint,
  headers: Record<string, string>,
  signal: AbortSignal,
  send: (fetch: Fetch) => Promise<Response>,
): Promise<Response> {
  checkHeaders(endpoint)
  let refusal: LlmError | undefined
  try {
    return await send(async (url, init) => {
      const response = await ask(url, {
        ...init,
        headers: ourHeaders(new Headers(init?.headers), endpoint, headers),
        redirect: 'manual', // a key goes where the configuration says, nowhere else
        ...{ timeout: false }, // Bun would give up after five minutes; Node does not know it
      })
      if (response.ok) return response
      // Kept from here: the SDKs lose bodies that are arrays or HTML.
      const body = await response.text()
      refusal = fromStatus(endpoint, response.status, response.headers, body.slice(0, 65_536), String(url))
      return new Response(body, response)
    })
  } catch (error) {
    signal.throwIfAborted()
    throw refusal ?? (error instanceof LlmError ? error : fromConnection(endpoint, error))
  }
}

/**
 * Servers close connections that they find idle, and one may do so in the moment when it is used again: the request is lost
 * before it was read. Bun repeats no POST (Node does not either), so it is asked once more, on a connection of its own.
 */
async function ask(url: string | URL | Request, init: RequestInit): Promise<Response> {
  stayHome(url instanceof Request ? url.url : String(url))
  try {
    return await fetch(url, init)
  } catch (error) {
    init.signal?.throwIfAborted()
    if (!wasClosed(error)) throw error
    return await fetch(url, { ...init, keepalive: false })
  }
}

/** As Bun says it, and as Node does, which wraps it. */
const wasClosed = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && /^(ECONNRESET|EPIPE|ConnectionClosed|UND_ERR_SOCKET)$/.test(String(error.code))) ||
    wasClosed(error.cause))

/** `ANTHROPIC_CUSTOM_HEADERS` and its like cannot be switched off, and the SDKs describe the machine: only these go out. */
const OURS = new Set(['accept', 'content-type', 'user-agent', 'anthropic-version'])

function ourHeaders(sdk: Headers, endpoint: Endpoint, extra: Record<string, string>): Headers {
  const headers = new Headers()
  for (const [name, value] of sdk) if (OURS.has(name)) headers.set(name, value)
  if (endpoint.api_key) {
    const { kind, key_header = KINDS[kind].key_header } = endpoint
    if (!('x-goog-api-key' in extra)) headers.set(key_header, keyValue(key_header, endpoint.api_key))
  }
  for (const [name, value] of Object.entries({ ...extra, ...endpoint.headers })) headers.set(name, value)
  return headers
}

/** Throws LLM_INVALID_REQUEST for a value that came from a variable and that no request can carry. */
function checkHeaders({ provider, headers }: Endpoint) {
  for (const [name, value] of Object.entries(headers))
    try {
      new Headers({ [name]: value })
    } catch {
      const where = `[providers.${provider}.headers] in emacs-agent.toml, or the variable that it takes`
      throw new LlmError(
        'LLM_INVALID_REQUEST',
        `The header ${name} of ${provider} cannot be sent: it holds a line break, or a character outside Latin-1. Correct it under ${where}.`,
      )
    }
}
