import * as v from 'valibot'
import { lenient, record } from './wire/lenient.ts'

/** What a provider says is wrong, brought to one shape. */
export type ProviderError = {
  status?: number
  type?: string
  code?: string
  /** The parameter of the request that is to blame. */
  param?: string
  message: string
  /** Fields that say when to ask again, by their names, unread. */
  resets: [string, string][]
}

/** Fields in which servers put their words. */
const WORDS = ['message', 'msg', 'error_msg', 'error_message', 'errorMessage', 'errmsg', 'status_msg'] as const

const Body = v.object({
  ...v.entriesFromList(WORDS, lenient(v.string())),
  title: lenient(v.string()),
  errors: lenient(v.array(v.unknown())),
  base_resp: lenient(record),
  detail: lenient(v.unknown()),
  type: lenient(v.string()),
  param: lenient(v.string()),
  status: lenient(v.union([v.string(), v.number()])),
  code: lenient(v.union([v.string(), v.number()])),
  metadata: lenient(record),
  error: lenient(v.unknown()),
  response: lenient(v.object({ error: lenient(v.unknown()) })),
})

/**
 * Reads the error bodies of all providers: `{error:{…}}` (OpenAI, Anthropic, llama.cpp), `[{error:{…}}]` (Google),
 * `{error:"…"}` (Ollama), `{message}`, `{detail}` (vLLM, Mistral), `{response:{error}}` (Responses), `{code, msg}` (Zhipu),
 * `{errors:[…]}` (Cloudflare), `{base_resp}` (MiniMax). Anything else is empty.
 */
export function problemOf(data: unknown): ProviderError {
  if (typeof data === 'string') return { message: data, resets: [] }
  const first = Array.isArray(data) ? data[0] : data
  const body = v.safeParse(Body, first)
  if (!body.success) return { message: '', resets: [] }
  const { error, response, errors, base_resp, detail, title, type, param, status, code, metadata } = body.output
  const message = WORDS.map(field => body.output[field]).find(words => words)
  const nested = Object(first).message
  const inner =
    error ?? response?.error ?? (message ? undefined : (errors?.[0] ?? base_resp ?? (isObject(nested) && nested)))
  if (inner) return withResets(problemOf(inner), resetsIn({ ...Object(first), error: null, response: null }))
  const number = [code, status].map(Number).find(n => n >= 300 && n < 600)
  const words = [code, status].filter(word => typeof word === 'string' && !/^\d+$/.test(word)).join(' ')
  const raw = metadata?.['raw'] // OpenRouter: what the provider behind it said
  const details = detailWords(detail)
  // “Bad Request” is said by the status already.
  const text =
    message && details && !/\S\s+\S+\s+\S/.test(message)
      ? `${message}: ${details}`
      : (message ?? (details || title || ''))
  return {
    message: typeof raw === 'string' ? `${text} ${raw}` : text,
    ...(number && { status: number }),
    ...(type && { type }),
    ...(param && { param }),
    ...(words && { code: words }),
    resets: resetsIn(first),
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Of a refused field Pydantic says where it is (`loc`) and what is wrong (`msg`). */
function detailWords(detail: unknown): string {
  if (typeof detail === 'string') return detail
  if (!Array.isArray(detail)) return detail === undefined ? '' : JSON.stringify(detail)
  const found = detail.flatMap(each => {
    const { loc, msg } = Object(each)
    return typeof msg === 'string' ? [[[loc].flat().join('.'), msg]] : []
  })
  return found.length === detail.length ? found.map(([at, msg]) => `${at}: ${msg}`).join('; ') : JSON.stringify(detail)
}

/** The words of a refusal in a shape that nobody has described: the longest sentence in it, or the title of a page. */
export function anyWords(data: unknown, depth = 0): string {
  if (typeof data === 'string' && depth === 0) {
    const [, title = ''] = /<(?:title|h1)[^>]*>\s*([^<]+?)\s*</i.exec(data) ?? []
    return title
  }
  if (typeof data === 'string') return /\S\s+\S/.test(data) ? data : ''
  if (!isObject(data) || depth > 4) return ''
  const all = Object.values(data).map(value => anyWords(value, depth + 1))
  return all.reduce((longest, words) => (words.length > longest.length ? words : longest), '')
}

/**
 * Whether a payload of a 200 is an error instead of a piece of an answer: it says that it is one, or has words of one and
 * nothing that any answer has. Gateways put theirs under a status of 200.
 */
export function isProblem(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false
  const fields = data as Record<string, unknown>
  const { type, error, object, base_resp } = fields
  if (type === 'error' || object === 'error') return true
  if (type !== undefined) return false
  if (error || Number(Object(base_resp).status_code ?? 0) !== 0) return true
  return !ANSWERS.some(field => field in fields) && problemOf(data).message !== ''
}

/** What pieces of answers have, in any of the formats. */
const ANSWERS = [
  ...['choices', 'usage', 'candidates', 'usageMetadata', 'promptFeedback', 'output', 'response', 'delta', 'content'],
  ...['x_groq', 'object'],
]

const withResets = (problem: ProviderError, more: ProviderError['resets']): ProviderError => ({
  ...problem,
  resets: [...problem.resets, ...more],
})

/** Google's `retryDelay: "34s"`, `retry_after`, `resets_at`, OpenRouter's `metadata.headers`: wherever it is written. */
function resetsIn(data: unknown, depth = 0): ProviderError['resets'] {
  if (typeof data !== 'object' || data === null || depth > 4) return []
  return Object.entries(data).flatMap(([field, value]): ProviderError['resets'] => {
    if (typeof value === 'object') return resetsIn(value, depth + 1)
    const tells = /retry[-_]?(after|delay|in|at)|reset/i.test(field) && !/reason|type|name/i.test(field)
    return tells && (typeof value === 'string' || typeof value === 'number') ? [[field, String(value)]] : []
  })
}

/** Credit and quota are matters of the account: waiting does not help. Google also says “quota” for its limits by the minute. */
export function saysNoMoney({ status, type = '', code = '', message }: ProviderError): boolean {
  if (/insufficient_quota|billing|insufficient_balance|payment_required/i.test(`${type} ${code}`) || status === 402)
    return true
  return (
    /credit balance|insufficient (balance|credits|funds|quota)|exceeded your current quota|in arrears|recharge|overdue|余额不足|欠费/i.test(
      message,
    ) && !/resource_exhausted/i.test(`${type} ${code}`)
  )
}
