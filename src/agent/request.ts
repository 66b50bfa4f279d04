import { BYTES_PER_TOKEN } from '../base/tokens.ts'
import type { Effort, Event, Stored, Usage } from '../event.ts'
import type { ModelInfo, ModelRequest, Stream, ToolDefinition } from '../llm/provider.ts'
import type { Agent } from './agents.ts'
import type { createAttachments } from './attachments.ts'
import { essentials, isWorthwhile, summarise } from './compaction.ts'
import { applyTrims, type Fit, isFull, keptFrom, markTrims, roomFor, tokensOf, tooLong, weigh } from './context.ts'
import type { Derived, HistoryMessage } from './history.ts'
import { sendable } from './images.ts'
import { state } from './turn.ts'

/** What stays the same for all requests of an agent in a session: the prefix that provider caches live on. */
export type Frozen = { system: string; tools: ToolDefinition[] }

const MOST_SUMMARIES = 3

export type RequestOptions = {
  session_id: string
  turn_id: string
  model: string
  info: ModelInfo
  agent: Agent
  effort?: Effort
  frozen: Frozen
  fit: Fit
  shrink: number
  /** Images to leave out of this request, beside those that were refused before. */
  without?: ReadonlySet<string>
  log(): readonly Stored[]
  /** Reads the log of the session (`createReader`). */
  read(log: readonly Stored[]): Derived
  attachments: ReturnType<typeof createAttachments>
  stream: Stream
  price(model: string, usage: Usage): Usage
  /** The model that writes summaries for another. */
  summariser(model: string): Promise<string>
  signal: AbortSignal
}

/**
 * The request for the next model call: the frozen prefix, then the history as it follows from the log. What it has in common
 * with the request before is the same objects (`wire/` writes each of them once). What does not
 * fit is trimmed, then summarised (`context.compacted`), and at last trimmed where it hurts. `shrink` counts refusals by the
 * provider for this very request: each leaves half the room of what was sent. Throws LLM_CONTEXT_LENGTH when nothing helps,
 * or after three summaries.
 */
export async function* buildRequest(from: RequestOptions): AsyncGenerator<Event, ModelRequest> {
  const { agent, frozen, fit, info, shrink } = from
  if (shrink === 0) fit.summaries = 0
  else fit.limits.set(info.id, Math.min(fit.limits.get(info.id) ?? fit.sent, fit.sent) / 2)
  const room = roomFor(info, bytesOf(frozen), agent.max_tokens, fit)

  for (;;) {
    const derived = from.read(from.log())
    const whole = derived.encloses ? await withEnclosed(from, derived) : derived.history
    let history = applyTrims(whole, fit)
    let tokens = tokensOf(history)
    const trim = (need: boolean) => {
      markTrims(history, derived.changed, fit, room, need)
      history = applyTrims(whole, fit)
      tokens = tokensOf(history)
    }
    if (isFull(tokens, room)) trim(false)
    if (isFull(tokens, room)) {
      if (yield* compacted(from, history, room)) continue
      // What is left is what the model did last. It may fill the room to its end, and only then gets trimmed itself.
      if (tokens > room) trim(true)
    }
    fit.sent = tokens
    const isGuess = info.context_window === undefined && !fit.windows.has(info.id) && !fit.limits.has(info.id)
    if (fit.sent > room && !isGuess) throw tooLong()
    return toRequest(from, history)
  }
}

async function withEnclosed({ attachments, without, fit, info }: RequestOptions, { history, refused }: Derived) {
  const left = new Set([...refused, ...(without ?? [])])
  return sendable(await attachments.enclose(history), left, fit.most_images.get(info.id))
}

/** The prefix in bytes; measured once, since it never changes. */
const prefixes = new WeakMap<Frozen, number>()
function bytesOf(frozen: Frozen): number {
  const known = prefixes.get(frozen) ?? Buffer.byteLength(frozen.system + JSON.stringify(frozen.tools))
  prefixes.set(frozen, known)
  return known
}

function toRequest(
  { model, frozen, session_id, agent, effort = agent.effort }: RequestOptions,
  history: HistoryMessage[],
) {
  return {
    model,
    ...frozen,
    messages: history,
    session_id,
    ...(agent.max_tokens && { max_output_tokens: agent.max_tokens }),
    ...(effort && { effort }),
  }
}

/** Has the older part summarised, where that makes room: then the history is a shorter one. */
async function* compacted(
  from: RequestOptions,
  history: HistoryMessage[],
  room: number,
): AsyncGenerator<Event, boolean> {
  const { fit, agent, model, turn_id } = from
  const cut = keptFrom(history, room)
  const older = history.slice(0, cut)
  if (cut === 0 || fit.summaries >= MOST_SUMMARIES || !isWorthwhile(tokensOf(older), room)) return false
  fit.summaries++
  yield state({ agent }, 'thinking', { details: 'Summarising the conversation so far' })
  const summariser = await from.summariser(model)
  const { summary, usage } = yield* summarise({ ...from, model: summariser }, older, room)
  const first_kept_id = history[cut]!.id
  const prefix = Math.ceil(bytesOf(from.frozen) / BYTES_PER_TOKEN)
  const text = [summary, essentials(from.log(), { turn_id, from: first_kept_id }, room)].filter(Boolean).join('\n\n')
  yield {
    type: 'context.compacted',
    turn_id,
    summary: text,
    first_kept_id,
    usage: from.price(summariser, usage),
    ...(summariser !== model && { model: summariser }),
    tokens_before: prefix + tokensOf(history),
    tokens_after: prefix + tokensOf(history.slice(cut)) + weigh({ role: 'user', text }),
  }
  yield state({ agent }, 'thinking')
  return true
}
