import type { Endpoint } from './endpoint.ts'
import { LlmError } from './errors.ts'
import { isBlindTo } from './images.ts'
import { blamesHistory, hintsAt, SHAPES, type Shape } from './shapes.ts'

/** Things that not every server takes. A request can be sent without any of them, and mean the same. */
export type Unsupported =
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
  | Shape

const says = (pattern: RegExp) => (error: LlmError) => pattern.test(error.words)

/** Words of a refusal that point to each. Hints only: what is not in the request is not what was refused. */
const HINTS: [Unsupported, (error: LlmError, endpoint: Endpoint) => boolean][] = [
  ['responses', lacksRoute],
  ['block_binding', says(/block_binding|prefix_mismatch|thinking-binding|anthropic-beta/i)],
  ['reasoning_summary', says(/reasoning[._ ]summar|generate reasoning summaries/i)],
  ['missing_reasoning', ({ words }) => hintsAt('missing_reasoning', words)],
  [
    'reasoning_history',
    says(
      /signature|encrypted_content|thinking.{0,60}(cannot be modified|must (be|start)|expected)|reasoning_content|reasoning_details|required (reasoning|following) item/i,
    ),
  ],
  ['thinking', says(/adaptive|budget_tokens|\bthinking\b/i)],
  ['effort', says(/reasoning_effort|reasoning\.effort|output_config|\beffort\b/i)],
  ['stream_options', says(/stream_options|include_usage/i)],
  ['prompt_cache_key', says(/prompt_cache_key/i)],
  ['max_completion_tokens', says(/max_completion_tokens/i)],
  ['images', (error, endpoint) => isBlindTo(endpoint, error)],
  ...SHAPES.filter(shape => shape !== 'missing_reasoning').map((shape): [Unsupported, (error: LlmError) => boolean] => [
    shape,
    ({ words }) => hintsAt(shape, words),
  ]),
  [
    'tools',
    says(
      /(tools?|function)\b.{0,80}(not support|unsupported|requires? (--|`--)|not enabled)|(not support|unsupported).{0,60}\b(tools?|function)|\b(tools?|functions?|(tool|function) calling) (is|are) not (allowed|available|permitted)|no endpoints.{0,60}support.{0,20}\btools?\b|--jinja|enable-auto-tool-choice|alternat|(role\W{0,3}|only[^.]{0,30}user[^.]{0,30})(tool|assistant\W{0,3}roles?)|role[^.]{0,20}\btool\b|last (message|role)[^.]{0,40}user/i,
    ),
  ],
]

/** Ways that are tried on a history that is refused without any hint. */
const MOST_GUESSES = 4

/** llama.cpp answers 500 or 501 for what it was not built or started with. No status: an error within a 200. */
const STATUSES = new Set([400, 404, 405, 415, 422, 500, 501, undefined])

/** Whether the provider turned down the request as it is; the same one would be turned down again. */
export const isRefusal = (error: unknown): error is LlmError =>
  error instanceof LlmError &&
  !error.shown &&
  (error.http_status !== undefined || error.words !== '') &&
  STATUSES.has(error.http_status) &&
  ['LLM_INVALID_REQUEST', 'LLM_OVERLOADED', 'LLM_STREAM'].includes(error.code)

/** What was turned down in one call so far, and what may be left out next. */
export type Refusals = {
  readonly refused: ReadonlySet<Unsupported>
  /**
   * Leaves out one more thing of `among`, of those that make a difference to the request; false when there is none. What was
   * only a guess and changed nothing of the refusal is taken back.
   */
  next(error: LlmError, among: readonly Unsupported[], differs: (refused: ReadonlySet<Unsupported>) => boolean): boolean
  /** The request was taken: what it is like is remembered for this model, while the process lives. */
  accepted(): void
  /** What to report: a guess that did not help must not hide what was said before it. */
  final(error: unknown): unknown
}

export function createRefusals(endpoint: Endpoint): Refusals {
  const known = refusedSoFar(endpoint)
  let refused = new Set(known)
  const tried = new Set<Unsupported>()
  const passing = new Set<Unsupported>()
  let guess: { before: Set<Unsupported>; error: LlmError } | undefined
  let guesses = 0

  function leaveOut(thing: Unsupported, error: LlmError): void {
    tried.add(thing)
    refused = new Set(refused).add(thing)
    const contrary = CONTRARY[thing]
    if (contrary) refused.delete(contrary)
    // A signature that does not fit is a fault of one history; a field that a server does not know, one of its own.
    if (
      thing === 'reasoning_history' &&
      !/not permitted|extra|unknown|unrecogni[sz]ed|unsupported|unexpected/i.test(error.words)
    )
      passing.add(thing)
  }

  return {
    get refused() {
      return refused
    },
    next(error, among, differs) {
      if (guess && sameWords(guess.error, error)) refused = guess.before
      else guess = undefined
      const ways = among.filter(each => !tried.has(each) && !refused.has(each) && differs(new Set(refused).add(each)))
      const hinted = HINTS.find(([thing, fits]) => ways.includes(thing) && fits(error, endpoint))?.[0]
      if (hinted) {
        leaveOut(hinted, error)
        return true
      }
      const shape = ways.find(each => (SHAPES as readonly Unsupported[]).includes(each))
      const mayGuess = guesses < MOST_GUESSES && (error.http_status ?? 0) < 500 && blamesHistory(error.words)
      if (!shape || !mayGuess) return false
      guesses++
      guess = { before: refused, error }
      leaveOut(shape, error)
      return true
    },
    accepted() {
      for (const thing of refused) if (!passing.has(thing)) known.add(thing)
      for (const thing of known) if (!refused.has(thing)) known.delete(thing)
    },
    final: error => (guess && error instanceof LlmError && sameWords(guess.error, error) ? guess.error : error),
  }
}

/** What is wanted and what is not cannot both be so: the later refusal counts. */
const CONTRARY: Partial<Record<Unsupported, Unsupported>> = {
  missing_reasoning: 'reasoning_history',
  reasoning_history: 'missing_reasoning',
  null_content: 'empty_content',
  empty_content: 'null_content',
}

/** Places in the request may be others by now. */
const sameWords = (a: LlmError, b: LlmError): boolean =>
  a.http_status === b.http_status && a.words.replace(/\d+/g, '') === b.words.replace(/\d+/g, '')

function lacksRoute(error: LlmError, endpoint: Endpoint): boolean {
  const ours = !endpoint.base_url || URL.parse(endpoint.base_url)?.hostname === 'api.openai.com'
  if (ours || /model_not_found/.test(error.words)) return false
  return error.http_status === 404 || error.http_status === 405 || error.http_status === 501
}

const MEMORY = new Map<string, Set<Unsupported>>()

/** What each model has refused so far in this process, so that it is asked once only. Names, nothing of a session. */
function refusedSoFar(endpoint: Endpoint): Set<Unsupported> {
  const key = `${endpoint.provider}\n${endpoint.base_url ?? ''}\n${endpoint.model}`
  const known = MEMORY.get(key) ?? new Set()
  MEMORY.set(key, known)
  return known
}
