import { AppError } from '../base/errors.ts'
import { cut } from '../base/text.ts'
import { plainAddress } from './address.ts'
import type { Endpoint } from './endpoint.ts'
import type { LlmErrorCode, ModelReply } from './provider.ts'
import { anyWords, type ProviderError, problemOf, saysNoMoney } from './provider-error.ts'
import { askedWait } from './reset.ts'
import { saysContextIsFull } from './window.ts'

/** Whatever goes wrong with a model ends as one of these. The message names provider, model and remedy, and holds no key. */
export class LlmError extends AppError {
  declare readonly code: LlmErrorCode
  /** The same request may work later: `retry.ts` tries again. */
  readonly retryable: boolean
  /** What the provider asked to wait. */
  readonly retry_after_ms: number | undefined
  /** What the provider answered with; `status` is ours, of HTTP replies. */
  readonly http_status: number | undefined
  /** In the provider's own words, unchecked: to recognise what it refuses, never to be shown. */
  readonly words: string
  /** The parameter of the request that the provider turned down, where it says so. */
  readonly param: string | undefined
  /** Text had been shown when it happened; then `partial` is what there is to keep. */
  shown = false
  partial: ModelReply | undefined

  constructor(code: LlmErrorCode, message: string, more: More = {}) {
    super(code, message, more.details, { cause: more.cause })
    this.name = 'LlmError'
    this.retryable = more.retryable ?? RETRYABLE.has(code)
    this.retry_after_ms = more.retry_after_ms
    this.http_status = more.http_status
    this.words = more.words ?? ''
    this.param = more.param
  }
}

type More = {
  retryable?: boolean
  retry_after_ms?: number
  http_status?: number
  words?: string
  param?: string
  details?: Record<string, unknown>
  cause?: unknown
}

const RETRYABLE = new Set<LlmErrorCode>(['LLM_RATE_LIMIT', 'LLM_OVERLOADED', 'LLM_UNREACHABLE', 'LLM_STREAM'])

/** A reply of `address` with an HTTP status that is not 2xx. `body` is its text: JSON, HTML, plain words, nothing. */
export function fromStatus(endpoint: Endpoint, status: number, headers: Headers, body: string, address = ''): LlmError {
  const data = parsed(body)
  const problem = problemOf(data)
  const isPage = /^\s*</.test(problem.message)
  const message = (isPage || problem.message === '' ? anyWords(data) : '') || problem.message
  return describe(endpoint, { ...problem, message, status }, askedWait(headers, problem), address)
}

/** An error object inside a stream that began as a 200. */
export function fromStreamProblem(endpoint: Endpoint, data: unknown): LlmError {
  const problem = problemOf(data)
  return describe(endpoint, problem, askedWait(new Headers(), problem))
}

/** What `fetch` threw: nothing listens, no such host, a bad certificate, a broken connection. */
export function fromConnection(endpoint: Endpoint, error: unknown): LlmError {
  const text = chain(error)
  const details = about(endpoint)
  const where = `${endpoint.provider} (${hostOf(endpoint)})`
  if (/cert|tls|ssl|self.signed|altname|unable_to_verify/i.test(text))
    return new LlmError(
      'LLM_UNREACHABLE',
      `The certificate of ${where} is not trusted. Check base_url, the clock, and any proxy in between.`,
      { retryable: false, details, cause: error },
    )
  const why = /enotfound|eai_again|getaddrinfo|dns/i.test(text)
    ? 'its name cannot be resolved'
    : /refused/i.test(text)
      ? 'nothing listens there'
      : 'the connection failed'
  return new LlmError(
    'LLM_UNREACHABLE',
    `Cannot reach ${where}: ${why}. Check the network${endpoint.kind === 'openai-compatible' ? ', that the server runs,' : ''} and base_url.`,
    { details, cause: error },
  )
}

/** The answer stopped, stalled or made no sense. `what` completes “The answer of model at provider …”. */
export const streamError = (endpoint: Endpoint, what: string, more: More = {}): LlmError =>
  new LlmError(
    'LLM_STREAM',
    `The answer of ${endpoint.model} at ${endpoint.provider} ${what}.${quote(endpoint, more.words ?? '')}`,
    {
      ...more,
      details: about(endpoint),
    },
  )

const about = (endpoint: Endpoint) => ({ provider: endpoint.provider, model: endpoint.model })

function describe(
  endpoint: Endpoint,
  problem: ProviderError,
  retry_after_ms: number | undefined,
  address = '',
): LlmError {
  const { provider, model } = endpoint
  const code = codeOf(problem)
  const status = problem.status ? ` (${problem.status})` : ''
  const said = quote(endpoint, problem.message)
  const wait = retry_after_ms === undefined ? '' : ` It asks to wait ${inWords(retry_after_ms)}.`
  const where = address && ` It was asked at ${plainAddress(address)}.`
  const message = {
    LLM_AUTH: saysNoMoney(problem)
      ? `The account at ${provider} has no credit or quota left for ${model}${status}.${said} Check its plan and billing, or choose another model.`
      : problem.status === 403
        ? `${provider} does not let this key use ${model} from here${status}.${said} Check what its account may use, choose another model, or set another key under [providers.${provider}]; emacs-agent-backend doctor shows which is set.`
        : `${provider} refused the key for ${model}${status}.${said} Check it in the environment or under [providers.${provider}]; emacs-agent-backend doctor shows what is set.`,
    LLM_RATE_LIMIT: `${provider} limits how often ${model} may be asked${status}.${said}${wait} Send the prompt again later, or choose another model${wait && ', or set wait_for_reset = true in emacs-agent.toml'}.`,
    LLM_OVERLOADED: `${provider} cannot answer for ${model} right now${status}.${said}${wait} Send the prompt again later, or choose another model.`,
    LLM_CONTEXT_LENGTH: `The conversation is too long for ${model} at ${provider}${status}.${said} Start a new session, or choose a model with a larger window.`,
    LLM_INVALID_REQUEST: isRedirect(problem)
      ? `${provider} sends the request for ${model} elsewhere${status}, and the key with it: that is not followed. Set base_url to where it leads.`
      : problem.status === 404
        ? `${provider} does not know the model ${model}, or base_url is wrong (404).${said}${where} GET /api/models and emacs-agent-backend doctor list what is usable.`
        : `${provider} refused the request for ${model}${status}.${said} Check the model and its settings.`,
    LLM_UNREACHABLE: `Cannot reach ${provider}.`,
    LLM_STREAM: `${model} at ${provider} broke off with an error.${said} Send the prompt again.`,
  }[code]
  return new LlmError(code, message, {
    retry_after_ms,
    http_status: problem.status,
    param: problem.param,
    words: [problem.type, problem.code, problem.message].filter(Boolean).join(' '),
    details: { ...about(endpoint), ...(problem.status && { status: problem.status }) },
  })
}

/** A wait for a person: seconds, minutes or hours, rounded up. */
export function inWords(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const isRedirect = ({ status = 0 }: ProviderError): boolean => status >= 300 && status < 400

/** the contract, Errors: which status and which words of a provider make which code. */
function codeOf(problem: ProviderError): LlmErrorCode {
  const { status, type = '', code = '' } = problem
  const kind = `${type} ${code}`.toLowerCase()
  if (saysContextIsFull(problem)) return 'LLM_CONTEXT_LENGTH'
  if (saysNoMoney(problem)) return 'LLM_AUTH'
  if (status === 401 || status === 402 || status === 403) return 'LLM_AUTH'
  if (/authentication|permission|api_key|unauthorized|unauthenticated/.test(kind)) return 'LLM_AUTH'
  if (/api[ _-]?key/i.test(problem.message) && /invalid|incorrect|not valid/i.test(problem.message)) return 'LLM_AUTH'
  if (status === 429 || /rate_limit|too_many_requests|resource_exhausted/.test(kind)) return 'LLM_RATE_LIMIT'
  // Ollama, llama.cpp: a fault of the request, and not one that passes.
  if (
    (status === 500 || status === 501) &&
    /image|vision|multi-?modal|mmproj|invalid_request/i.test(`${kind} ${problem.message}`)
  )
    return 'LLM_INVALID_REQUEST'
  if (status === 408 || (status && status >= 500)) return 'LLM_OVERLOADED'
  if (/overloaded|server_error|api_error|internal|unavailable|timeout|deadline/.test(kind)) return 'LLM_OVERLOADED'
  if (status && status >= 300) return 'LLM_INVALID_REQUEST'
  if (/invalid|not_found|unsupported|inspection/.test(kind)) return 'LLM_INVALID_REQUEST'
  // An error in a 200 whose only words are for people.
  if (/(rate|usage|request|token|quota)s? limit|limit (reached|exceeded|hit)|too many requests/i.test(problem.message))
    return 'LLM_RATE_LIMIT'
  if (/not found|does not exist|no such|not supported|inappropriate|sensitive/i.test(problem.message))
    return 'LLM_INVALID_REQUEST'
  return 'LLM_STREAM'
}

/** The provider's words for a person: short, on one line, without anything that looks like a key. */
function quote(endpoint: Endpoint, words: string): string {
  let text = words
  for (const secret of [endpoint.api_key, ...Object.values(endpoint.headers)])
    if (secret && secret.length >= 6) text = text.replaceAll(secret, '…')
  text = text
    .replace(/\b(sk|pk|gsk|xai|AIza|key|Bearer)[-_ ][\w*.-]{8,}|\bAIza[\w-]{8,}/g, '…')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  if (!text || /^[<{[]/.test(text)) return '' // a page, or data: nothing for a person
  return ` It says: “${cut(text, 241)}”`
}

const hostOf = (endpoint: Endpoint): string => (endpoint.base_url && URL.parse(endpoint.base_url)?.host) || 'its server'

/** Messages and codes of an error and its causes: the SDKs wrap what `fetch` threw. */
function chain(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return ''
  const code = 'code' in error ? String(error.code) : ''
  return `${code} ${error.message} ${chain(error.cause, depth + 1)}`
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body // plain words, an HTML page of a proxy, or nothing at all
  }
}
