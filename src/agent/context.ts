import { AppError } from '../errors.ts'
import type { ModelInfo, ModelMessage, ModelRequest, Stream } from '../llm/provider.ts'
import type { HistoryMessage } from './history.ts'

/**
 * What fits into a model's window. First old tool results are trimmed, oldest first; past that the older part of the
 * conversation is summarised by the model. The log is never touched: both only change what is sent.
 */

/** Characters a token stands for, on the careful side for code (o200k on real sessions: 3.3 to 4.2). */
const CHARS_PER_TOKEN = 3.2
const TOKENS_PER_IMAGE = 1_600
const DEFAULT_WINDOW = 32_768
const DEFAULT_OUTPUT = 8_192
/** Shares of the room: beyond `FULL` something must go, and what is kept word for word is then at most `KEPT`. */
const FULL = 0.8
const KEPT = 0.3
/** Results in the last messages stay whole: they are what the model is working on. */
const RECENT = 8
const TRIMMED_CHARS = 600

export function tokensOf(messages: readonly ModelMessage[]): number {
  let chars = 0
  let images = 0
  for (const message of messages) {
    if (message.role === 'tool') chars += message.content.length
    else chars += message.text.length
    if (message.role === 'assistant')
      chars += JSON.stringify(message.tool_calls).length + JSON.stringify(message.provider_data ?? '').length
    else images += message.images?.length ?? 0
  }
  return Math.ceil(chars / CHARS_PER_TOKEN) + images * TOKENS_PER_IMAGE
}

/** Tokens that the history may take: the window without the answer and the frozen prefix. The offline guide has no limit. */
export function roomFor(info: ModelInfo, prefix_chars: number, max_output_tokens: number | undefined): number {
  if (info.provider === 'offline') return Number.POSITIVE_INFINITY
  const window = info.context_window ?? DEFAULT_WINDOW
  const output = Math.min(max_output_tokens ?? info.max_output ?? DEFAULT_OUTPUT, window / 4)
  return Math.max(1_000, window - output - prefix_chars / CHARS_PER_TOKEN)
}

export const isFull = (tokens: number, room: number): boolean => tokens > room * FULL

/** Before which event results are to be trimmed, so that only recent ones stay whole. */
export const trimPoint = (history: readonly HistoryMessage[]): number => history.at(-RECENT)?.id ?? 0

/** The history with long results before `point` cut to their beginning and end. Same point, same bytes: caches hold. */
export const trimResults = (history: HistoryMessage[], point: number): HistoryMessage[] =>
  history.map(message =>
    message.role === 'tool' && message.id < point && message.content.length > TRIMMED_CHARS * 2
      ? { ...message, content: shorten(message.content), enclosed: undefined }
      : message,
  )

const shorten = (text: string) =>
  `${text.slice(0, TRIMMED_CHARS)}\n[${text.length - 2 * TRIMMED_CHARS} characters trimmed to save room; call the tool again if they matter]\n${text.slice(-TRIMMED_CHARS)}`

/** From which event on the history is kept word for word: as much as fits into its share, starting at a message or prompt. */
export function firstKept(history: readonly HistoryMessage[], room: number): number | null {
  let tokens = 0
  let kept: number | null = null
  for (let i = history.length - 1; i > 0; i--) {
    const message = history[i]!
    tokens += tokensOf([message])
    if (tokens > room * KEPT && kept !== null) break
    // A result belongs to the message before it; the two may not be parted.
    if (message.role !== 'tool') kept = message.id
  }
  return kept
}

const SUMMARISE = `Summarise the conversation below for the assistant that continues it and sees nothing else of it. Keep, in this order: every request of the user and what became of it, in their own words where that matters; decisions and why; the state of the work, with the files that were read or changed and what is in them that matters; errors met and how they were solved; what is to be done next. Be complete and terse. Answer with the summary alone.`

/** Asks the model for the summary of what came before `kept`. Throws what the call throws, and LLM_CONTEXT_LENGTH for an empty one. */
export async function summarise(
  request: Pick<ModelRequest, 'model' | 'session_id'>,
  older: readonly ModelMessage[],
  room: number,
  stream: Stream,
  signal: AbortSignal,
) {
  const text = clip(older.map(asText).join('\n\n'), Math.floor(room * FULL * CHARS_PER_TOKEN))
  const call = stream({ ...request, system: SUMMARISE, messages: [{ role: 'user', text }], tools: [] }, signal)
  for (;;) {
    const step = await call.next()
    if (!step.done) continue
    const { text: summary, usage } = step.value
    if (!summary.trim()) throw tooLong()
    return { summary: summary.trim(), usage }
  }
}

export const tooLong = () =>
  new AppError(
    'LLM_CONTEXT_LENGTH',
    'The conversation does not fit into the window of the model, even summarised. Choose a model with a larger window, or start a new session.',
  )

function asText(message: ModelMessage): string {
  if (message.role === 'user') return `USER: ${message.text}`
  if (message.role === 'tool') return `RESULT of ${message.tool}: ${message.content}`
  const calls = message.tool_calls.map(call => `CALL ${call.tool} ${JSON.stringify(call.params)}`)
  return [`ASSISTANT: ${message.text}`, ...calls].join('\n')
}

/** Cut in the middle: the first request and the latest work matter most. */
function clip(text: string, limit: number): string {
  if (text.length <= limit) return text
  const half = Math.floor(limit / 2)
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`
}

/** A server that cuts long prompts silently (Ollama with a small num_ctx) counts far fewer tokens than it was sent. */
export const looksCut = (estimated: number, counted: number): boolean =>
  counted > 0 && estimated > 3_000 && counted < estimated / 2
