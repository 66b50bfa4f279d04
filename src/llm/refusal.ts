import type { Endpoint } from './endpoint.ts'
import { LlmError } from './errors.ts'

/** Things that not every server takes. A request can be sent without any of them, and mean the same. */
export type Refused =
  | 'tools'
  | 'images'
  | 'effort'
  | 'thinking'
  | 'reasoning_history'
  | 'reasoning_summary'
  | 'block_binding'
  | 'stream_options'
  | 'prompt_cache_key'
  | 'max_completion_tokens'
  | 'responses'

/** Which words of a refusal mean which thing; the first that fits counts. */
const WORDS: [Refused, RegExp][] = [
  ['block_binding', /block_binding|prefix_mismatch|thinking-binding|anthropic-beta/i],
  ['reasoning_summary', /reasoning[._ ]summar|generate reasoning summaries/i],
  [
    'reasoning_history',
    /signature|encrypted_content|thinking.{0,60}(cannot be modified|must (be|start)|expected)|reasoning_content|reasoning_details|required (reasoning|following) item/i,
  ],
  ['thinking', /adaptive|budget_tokens|\bthinking\b/i],
  ['effort', /reasoning_effort|reasoning\.effort|output_config|\beffort\b/i],
  ['stream_options', /stream_options|include_usage/i],
  ['prompt_cache_key', /prompt_cache_key/i],
  ['max_completion_tokens', /max_completion_tokens/i],
  [
    'images',
    /(image|vision|multimodal|mmproj).{0,80}(not support|unsupported|invalid|only|hint)|(not support|unsupported).{0,60}(image|vision)/i,
  ],
  [
    'tools',
    /(tools?|function)\b.{0,80}(not support|unsupported|requires? (--|`--)|not enabled)|(not support|unsupported).{0,60}\b(tools?|function)|no endpoints.{0,60}support.{0,20}\btools?\b|--jinja|enable-auto-tool-choice/i,
  ],
]

/** What a server turned down, if it is one of the things that can be left out. */
export function refusedBy(error: unknown, among: readonly Refused[]): Refused | undefined {
  if (!(error instanceof LlmError) || error.shown) return undefined
  const { http_status: status, code, words } = error
  if (status === undefined || !STATUSES.has(status)) return undefined
  if (code !== 'LLM_INVALID_REQUEST' && code !== 'LLM_OVERLOADED') return undefined
  return WORDS.find(([thing, pattern]) => among.includes(thing) && pattern.test(words))?.[0]
}

/** llama.cpp answers 500 or 501 for what it was not built or started with. */
const STATUSES = new Set([400, 404, 405, 422, 500, 501])

/** Sends, and sends again without what the server turned down, as long as that is one of `among`. Throws LlmError. */
export async function sendWithout(
  endpoint: Endpoint,
  among: readonly Refused[],
  send: (refused: ReadonlySet<Refused>) => Promise<Response>,
): Promise<Response> {
  const known = refusedSoFar(endpoint)
  const refused = new Set(known)
  for (;;) {
    try {
      return await send(refused)
    } catch (error) {
      const thing = refusedBy(
        error,
        among.filter(each => !refused.has(each)),
      )
      if (!thing) throw error
      refused.add(thing)
      if (thing !== 'reasoning_history') known.add(thing) // that one is about a history, not about the model
    }
  }
}

const MEMORY = new Map<string, Set<Refused>>()

/** What each model has refused so far in this process, so that it is asked once only. Names, nothing of a session. */
export function refusedSoFar(endpoint: Endpoint): Set<Refused> {
  const key = `${endpoint.provider}\n${endpoint.base_url ?? ''}\n${endpoint.model}`
  const known = MEMORY.get(key) ?? new Set()
  MEMORY.set(key, known)
  return known
}
