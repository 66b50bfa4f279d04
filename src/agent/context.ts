import { AppError } from '../base/errors.ts'
import { summing } from '../base/lists.ts'
import { once } from '../base/once.ts'
import { head, tail } from '../base/text.ts'
import { BYTES_PER_TOKEN } from '../base/tokens.ts'
import type { ModelInfo, ModelMessage } from '../llm/provider.ts'
import type { HistoryMessage } from './history.ts'

/**
 * What fits into a model's window. When it fills up, old tool results are trimmed, oldest first and
 * those about files that were changed last; past that the older part of the conversation is summarised by the model. The
 * system prompt, the tools and the latest messages always stay. The log is never touched: both change only what is sent.
 */

const TOKENS_PER_IMAGE = 1_600
const DEFAULT_WINDOW = 32_768
const DEFAULT_OUTPUT = 8_192
const SMALLEST_ROOM = 1_000
/** Shares of the room: beyond `FULL` something must go; trimming goes down to `TRIMMED`, so that it lasts for a while. */
const FULL = 0.8
const TRIMMED = 0.5
/** What a summary leaves standing word for word. */
const KEPT = 0.3
/** Results in the last messages stay whole: they are what the model is working on. */
const RECENT = 8
const TRIMMED_CHARS = 600

/**
 * What a session has found out about room while it runs. Results once trimmed stay trimmed: the same ids make the same
 * bytes, and so each request repeats the one before it.
 */
export type Fit = {
  /** Events whose results are trimmed. */
  trimmed: Set<number>
  /** By model: tokens of history that are known to be the most it takes, whatever its window is said to be. */
  limits: Map<string, number>
  /** By model: a window that its server gave away by cutting a prompt. */
  windows: Map<string, number>
  /** Tokens of the history in the request before. */
  sent: number
  /** By model: tokens of the history in the last request that it took. */
  accepted: Map<string, number>
  /** By model: the images that it took. */
  taken: Map<string, Set<string>>
  /** By model: how many images it takes in one request, where it refused more. */
  most_images: Map<string, number>
  /** Summaries made for the request under way. */
  summaries: number
}

export const createFit = (): Fit => ({
  trimmed: new Set(),
  limits: new Map(),
  windows: new Map(),
  sent: 0,
  accepted: new Map(),
  taken: new Map(),
  most_images: new Map(),
  summaries: 0,
})

const jsonLength = (value: object): number => Buffer.byteLength(JSON.stringify(value))

/** Tokens of one message, estimated. */
export const weigh = once((message: ModelMessage): number => {
  if (message.role === 'assistant') {
    // What a provider wants back mostly has the text in it once more.
    const text = Math.max(
      Buffer.byteLength(message.text),
      message.provider_data ? jsonLength(message.provider_data) : 0,
    )
    return Math.ceil((text + (message.tool_calls.length > 0 ? jsonLength(message.tool_calls) : 0)) / BYTES_PER_TOKEN)
  }
  const text = message.role === 'tool' ? message.content : message.text
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + (message.images?.length ?? 0) * TOKENS_PER_IMAGE
})

export const tokensOf = summing(weigh)

/** How many bytes of text are as many tokens. */
export const bytesFor = (tokens: number): number => Math.floor(tokens * BYTES_PER_TOKEN)

/**
 * Tokens that the history may take: the window without the answer and the frozen prefix, or less where less is known to be
 * taken. The offline guide has no limit.
 */
export function roomFor(info: ModelInfo, prefix: number, max_output_tokens: number | undefined, fit: Fit): number {
  if (info.provider === 'offline') return Number.POSITIVE_INFINITY
  const window = Math.min(info.context_window ?? DEFAULT_WINDOW, fit.windows.get(info.id) ?? Number.POSITIVE_INFINITY)
  const output = Math.min(max_output_tokens ?? info.max_output ?? DEFAULT_OUTPUT, window / 4)
  const room = Math.max(SMALLEST_ROOM, window - output - prefix / BYTES_PER_TOKEN)
  return Math.min(room, fit.limits.get(info.id) ?? Number.POSITIVE_INFINITY)
}

export const isFull = (tokens: number, room: number): boolean => tokens > room * FULL

/** The history with the results that are marked as trimmed cut to their beginning and end, and without their images. */
export const applyTrims = (history: readonly HistoryMessage[], { trimmed }: Fit): HistoryMessage[] =>
  trimmed.size === 0
    ? history.slice()
    : history.map(message => (message.role === 'tool' && trimmed.has(message.id) ? shorten(message) : message))

/**
 * Marks results to be trimmed, oldest first, until the history has come down to its share of the room. Results about files
 * that this session changed (`changed`) go last; those the model has not seen yet stay whole, unless there is `need`.
 */
export function markTrims(
  history: readonly HistoryMessage[],
  changed: ReadonlySet<string>,
  fit: Fit,
  room: number,
  need = false,
): void {
  let tokens = tokensOf(history)
  const calls = new Map(
    history.flatMap(m => (m.role === 'assistant' ? m.tool_calls.map(c => [c.tool_call_id, c]) : [])),
  )
  const goal = room * (need ? FULL : TRIMMED)
  const unseen = history.findLastIndex(message => message.role === 'assistant')
  const until = need ? history.length : Math.min(unseen, history.length - RECENT)
  const candidates = history.slice(0, Math.max(0, until)).flatMap(message => {
    if (message.role !== 'tool' || fit.trimmed.has(message.id) || !isLong(message)) return []
    const path = calls.get(message.tool_call_id)?.params['path']
    return [{ message, matters: typeof path === 'string' && changed.has(path) }]
  })
  for (const pass of [false, true])
    for (const { message, matters } of candidates) {
      if (tokens <= goal) return
      if (matters !== pass) continue
      fit.trimmed.add(message.id)
      tokens -= weigh(message) - weigh(shorten(message))
    }
}

type Result = Extract<HistoryMessage, { role: 'tool' }>

const isLong = ({ content, images = [] }: Result) => images.length > 0 || content.length > TRIMMED_CHARS * 2.5

/** The same object each time, so that requests repeat it. */
const shorten = once(({ images = [], ...message }: Result): HistoryMessage => {
  const text = message.content
  const short =
    text.length > TRIMMED_CHARS * 2.5
      ? `${head(text, TRIMMED_CHARS)}\n[${text.length - 2 * TRIMMED_CHARS} characters trimmed to save room; call the tool again if they matter]\n${tail(text, TRIMMED_CHARS)}`
      : text
  const note = images.length > 0 ? '\n[The image was left out to save room; call the tool again if it matters]' : ''
  return { ...message, content: short + note }
})

/**
 * From which message on the history is kept word for word: as much as fits into its share, and at least what the model did
 * last. 0 when there is nothing before it. A result is never parted from its call, nor a note from what it is about.
 */
export function keptFrom(history: readonly HistoryMessage[], room: number): number {
  let tokens = 0
  let kept = 0
  for (let i = history.length - 1; i > 0; i--) {
    const message = history[i]!
    tokens += weigh(message)
    if (tokens > room * KEPT && kept > 0) break
    if (message.role !== 'tool' && message.id !== history[i - 1]!.id) kept = i
  }
  return kept
}

export const tooLong = () =>
  new AppError(
    'LLM_CONTEXT_LENGTH',
    'The conversation does not fit into the window of the model, even summarised. Attach or quote less, choose a model with a larger window, or start a new session.',
  )
