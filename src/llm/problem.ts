import * as v from 'valibot'
import { lenient, record } from './wire/lenient.ts'

/** What a provider says is wrong, brought to one shape. */
export type Problem = { status?: number; type?: string; code?: string; message: string; retry_after_ms?: number }

const Body = v.object({
  message: lenient(v.string()),
  detail: lenient(v.unknown()),
  type: lenient(v.string()),
  status: lenient(v.union([v.string(), v.number()])),
  code: lenient(v.union([v.string(), v.number()])),
  details: lenient(v.array(v.unknown())),
  metadata: lenient(record),
  error: lenient(v.unknown()),
  response: lenient(v.object({ error: lenient(v.unknown()) })),
})

/**
 * Reads the error bodies of all providers: `{error:{…}}` (OpenAI, Anthropic, llama.cpp), `[{error:{…}}]` (Google),
 * `{error:"…"}` (Ollama), `{message}`, `{detail}` (vLLM, Mistral), `{response:{error}}` (Responses). Anything else is empty.
 */
export function problemOf(data: unknown): Problem {
  if (typeof data === 'string') return { message: data }
  const first = Array.isArray(data) ? data[0] : data
  const body = v.safeParse(Body, first)
  if (!body.success) return { message: '' }
  const { error, response, message, detail, type, status, code, details, metadata } = body.output
  const inner = error ?? response?.error
  if (inner) return problemOf(inner)
  const number = [code, status].map(Number).find(n => n >= 300 && n < 600)
  const words = [code, status].filter(word => typeof word === 'string' && !/^\d+$/.test(word)).join(' ')
  const raw = metadata?.['raw'] // OpenRouter: what the provider behind it said
  const text = message ?? (detail === undefined ? '' : typeof detail === 'string' ? detail : JSON.stringify(detail))
  return {
    message: typeof raw === 'string' ? `${text} ${raw}` : text,
    ...(number && { status: number }),
    ...(type && { type }),
    ...(words && { code: words }),
    ...waitOf(text, details),
  }
}

/** Google's `retryDelay: "34s"`, and Groq's “try again in 1m7.66s”. */
function waitOf(text: string, details: unknown[] | undefined): { retry_after_ms?: number } {
  const delay = details?.map(each => v.safeParse(v.object({ retryDelay: v.string() }), each)).find(each => each.success)
  const words = delay?.success ? delay.output.retryDelay : text.match(/try again in ([\dhms.]+)/i)?.[1]
  const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
  const parts = Array.from(words?.matchAll(/([\d.]+)(ms|h|m|s)/g) ?? [])
  if (parts.length === 0) return {}
  return { retry_after_ms: parts.reduce((sum, [, n, unit]) => sum + Number(n) * units[unit as keyof typeof units], 0) }
}

/** Credit and quota are matters of the account: waiting does not help. Google also says “quota” for its limits by the minute. */
export function saysNoMoney({ status, type = '', code = '', message }: Problem): boolean {
  if (/insufficient_quota|billing|insufficient_balance|payment_required/i.test(`${type} ${code}`) || status === 402)
    return true
  return (
    /credit balance|insufficient (balance|credits|funds|quota)|exceeded your current quota/i.test(message) &&
    !/resource_exhausted/i.test(`${type} ${code}`)
  )
}
