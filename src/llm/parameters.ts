import { EFFORTS } from '../event/parts.ts'
import type { Endpoint } from './endpoint.ts'
import { LlmError } from './errors.ts'
import { namedLimit } from './output.ts'

type Body = Record<string, unknown>
/** How a body is changed for one parameter: left out, renamed, or lowered. `key` says which, so that none is tried twice. */
type Amendment = { key: string; amend(body: Body): void }

/** Without these a request means something else: they are not changed here. */
const ESSENTIAL = new Set([
  'model',
  'messages',
  'input',
  'contents',
  'system',
  'systemInstruction',
  'instructions',
  'tools',
])
/** Messages call these so; the words alone, unquoted, could mean anything. */
const PLAIN = /^[a-z]+$/
const REFUSES =
  /unsupported|not (be )?(supported|permitted|allowed|recogni[sz]ed|available|valid)|n.t (supported?|allowed)|unknown|unrecogni[sz]ed|unexpected|extra[_ ](inputs?|fields?|forbidden)|invalid|deprecated|does not (support|accept|exist|take)|not support|removed|cannot find field|only (supported|the default)/i
const TOO_LARGE = /too (large|big|high|many)|at most|maximum|exceed|less than|<=|≤|up to|range|above|greater than/i
const LIMITS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'maxOutputTokens']

const STATUSES = new Set([400, 404, 405, 422, 500, 501])

const MEMORY = new Map<string, Amendment[]>()

/**
 * Sends a body, and again without the parameter that the server turned down, or under its other name, or with less: whatever
 * parameter it is, as the error's `param` or its message says. Each is changed once, and what helped is remembered for that
 * model while the process lives. `kept` are parameters whose refusal others mend. Throws LlmError.
 */
export async function sendAmended(
  endpoint: Endpoint,
  body: object,
  send: (body: object) => Promise<Response>,
  kept: readonly string[] = [],
): Promise<Response> {
  const key = `${endpoint.provider}\n${endpoint.base_url ?? ''}\n${endpoint.model}`
  const known = MEMORY.get(key) ?? []
  const amendments = [...known]
  for (;;) {
    const amended = amendedBody(body, amendments)
    try {
      const response = await send(amended)
      if (amendments.length > known.length) MEMORY.set(key, amendments)
      return response
    } catch (error) {
      const tried = new Set(amendments.map(each => each.key))
      const next = isRefusal(error) ? amendmentFor(endpoint, error, amended, kept, tried) : undefined
      if (!next || tried.has(next.key)) throw error
      amendments.push(next)
    }
  }
}

function amendedBody(body: object, amendments: Amendment[]): object {
  if (amendments.length === 0) return body
  const copy: Body = { ...body }
  for (const { amend } of amendments) amend(copy)
  return copy
}

const isRefusal = (error: unknown): error is LlmError =>
  error instanceof LlmError &&
  !error.shown &&
  STATUSES.has(error.http_status ?? 0) &&
  (error.code === 'LLM_INVALID_REQUEST' || error.code === 'LLM_OVERLOADED')

function amendmentFor(
  endpoint: Endpoint,
  error: LlmError,
  body: object,
  kept: readonly string[],
  tried: ReadonlySet<string>,
): Amendment | undefined {
  const { words } = error
  const path = pathOf(error, body)
  const name = path?.[0]
  if (!path || !name || kept.some(each => path.includes(each))) return undefined
  if (LIMITS.includes(path.at(-1)!)) {
    const lowered = lower(path, body, words)
    if (lowered) return lowered
    // No number is named: `output.ts` works one out, since leaving the limit out means another one.
    if (TOO_LARGE.test(words)) return undefined
  }
  // Anthropic's is required, and has no other name.
  if (name === 'max_tokens' && endpoint.kind === 'anthropic') return undefined
  const other = { max_tokens: 'max_completion_tokens', max_completion_tokens: 'max_tokens' }[name]
  if (other && !tried.has(`${other} → ${name}`)) return { key: `${name} → ${other}`, amend: renamed(name, other) }
  const effort = name === 'reasoning_effort' ? supportedEffort(body, words) : undefined
  if (effort) return effort
  return { key: path.join('.'), amend: without(path) }
}

/** Where in the body the refused parameter is, by the error's `param`, else by the words. */
function pathOf({ param, words }: LlmError, body: object): string[] | undefined {
  if (param) {
    const path = param
      .replace(/^body\./, '')
      .split(/[.[\]]+/)
      .filter(Boolean)
    if (path[0] === 'tools' && path.at(-1) === 'strict') return ['tools', 'strict']
    return path[0] && path[0] in body && !ESSENTIAL.has(path[0]) ? path.filter(step => !/^\d+$/.test(step)) : undefined
  }
  if (/\bstrict\b/.test(words) && REFUSES.test(words) && 'tools' in body) return ['tools', 'strict']
  const found = pathsOf(body).find(path => {
    const key = path.at(-1)!
    if (ESSENTIAL.has(path[0]!)) return false
    const names = spellings(key)
    const quoted = new RegExp(`["'\`](?:[\\w.]+\\.)?${names}["'\`]`).test(words)
    const said = quoted || (!PLAIN.test(key) && new RegExp(`\\b${names}\\b`).test(words))
    return said && (REFUSES.test(words) || (LIMITS.includes(key) && TOO_LARGE.test(words)))
  })
  if (found) return found
  // Without any parameter's name: “does not support thinking”, “streaming is not supported”.
  if (!/not support|unsupported|not (be )?(supported|available|enabled)|must be verified/i.test(words)) return undefined
  if (/\b(think(ing)?|reasoning effort)\b/i.test(words) && 'reasoning_effort' in body) return ['reasoning_effort']
  if (/\bstream(ing)?\b/i.test(words) && 'stream' in body) return ['stream']
  return undefined
}

/** The parameters of a body, the innermost first: Google's native API has them within `generationConfig`. */
function pathsOf(body: object): string[][] {
  return Object.entries(body).flatMap(([key, value]) =>
    key === 'generationConfig' ? [...Object.keys(value).map(inner => [key, inner]), [key]] : [[key]],
  )
}

/** Servers name parameters in either spelling, whichever they take. */
function spellings(key: string): string {
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return `(?:${[...new Set([key, snake(key), camel])].join('|')})`
}

const snake = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** The most that the server says it gives. */
function lower(path: string[], body: object, words: string): Amendment | undefined {
  const asked = Number(path.reduce<unknown>((value, step) => Object(value)[step], body))
  const most = TOO_LARGE.test(words) ? namedLimit(words, asked, 16) : undefined
  if (most === undefined) return undefined
  return {
    key: `${path.join('.')} ≤ ${most}`,
    amend: body => change(body, path, value => (typeof value === 'number' ? Math.min(value, most) : value)),
  }
}

/** The nearest effort among those that the words list. */
function supportedEffort(body: object, words: string): Amendment | undefined {
  const asked = EFFORTS.indexOf((body as Body)['reasoning_effort'] as (typeof EFFORTS)[number])
  const listed = words.split(/supported values|must be one of|expected one of|one of/i)[1]
  const offered = EFFORTS.filter(
    (_, at) => at !== asked && new RegExp(`["'\`]?\\b${EFFORTS[at]}\\b`).test(listed ?? ''),
  )
  const nearest = offered.sort((a, b) => distance(a, asked) - distance(b, asked))[0]
  if (asked < 0 || !nearest) return undefined
  const from = EFFORTS[asked]
  return {
    key: `reasoning_effort ${from} → ${nearest}`,
    amend: body => change(body, ['reasoning_effort'], value => (value === from ? nearest : value)),
  }
}

const distance = (effort: (typeof EFFORTS)[number], from: number): number => Math.abs(EFFORTS.indexOf(effort) - from)

const renamed = (name: string, other: string) => (body: Body) => {
  if (!(name in body)) return
  const value = body[name]
  delete body[name]
  body[other] = value
}

const without =
  (path: string[]) =>
  (body: Body): void => {
    change(body, path, () => undefined)
    // What only has a meaning together goes together.
    if (path[0] === 'stream') delete body['stream_options']
    if (path[0] === 'store') delete body['include']
  }

/** Sets what a path leads to, in every item of a list on the way, without touching the body it was copied from. */
function change(body: Body, [step, ...rest]: string[], to: (value: unknown) => unknown): void {
  if (step === undefined || !(step in body)) return
  const value = body[step]
  const changed = rest.length === 0 ? to(value) : inside(value, rest, to)
  if (changed === undefined) delete body[step]
  else body[step] = changed
}

function inside(value: unknown, path: string[], to: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(each => inside(each, path, to))
  if (typeof value !== 'object' || value === null) return value
  const copy: Body = { ...value }
  change(copy, path, to)
  // `strict` is beside a tool's name, or within its `function`.
  if (path.length === 1 && typeof copy['function'] === 'object') copy['function'] = inside(copy['function'], path, to)
  return copy
}
