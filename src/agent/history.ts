import { fenced } from '../base/fence.ts'
import type {
  Attachment,
  ContextCompacted,
  EditorContext,
  Message,
  Plan,
  Prompt,
  Stored,
  ToolResult,
  Undo,
} from '../event.ts'
import type { ModelMessage } from '../llm/provider.ts'
import { planText } from '../transcript/plan.ts'
import { REVIEW } from './proposals.ts'

/** What belongs to a message but is no text in the log: loaded by `attachments.ts` when the request is made. */
export type Enclosed = { attachments: Attachment[]; turn_id: string } | { images: number; tool_call_id: string }
/** `id` is that of the event it was read off; 0 for a summary, which stands before everything. */
export type HistoryMessage = ModelMessage & { id: number; enclosed?: Enclosed }

/** What the loop needs to know of a log for each request. */
export type Derived = {
  /**
   * What the model is sent. Every call has its result directly after it, in call order, and a call that has none gets one, so
   * the history is one all providers accept. A message that did not change since an earlier request is the same object.
   */
  history: HistoryMessage[]
  /** False when no message encloses anything. */
  encloses: boolean
  /** Images that providers refused so far, by their contents (`images.ts`). */
  refused: ReadonlySet<string>
  /** Paths of files that were changed so far. */
  changed: ReadonlySet<string>
}

/**
 * Reads one log as it grows: each call reads only what was appended since the call before. Pure: the answer is the same as that
 * of a reader that begins now. Another array (a session that was resumed or rewound) and a compaction are read from the start.
 */
export function createReader(): (log: readonly Stored[]) => Derived {
  let reading: Reading | undefined
  return log => {
    if (!reading?.follows(log)) reading = new Reading(log)
    reading.catchUp()
    const { history, encloses, refused, changed } = reading
    return { history: history.slice(), encloses, refused, changed }
  }
}

/** The last result of each call, by `tool_call_id`. */
type Results = Map<string, Stored<ToolResult>>

class Reading {
  readonly history: HistoryMessage[] = []
  encloses = false
  readonly refused = new Set<string>()
  readonly changed = new Set<string>()
  readonly #log: readonly Stored[]
  readonly #owner: string | undefined
  /** The id from which on events are in the history: a summary stands for what was before. */
  readonly #from: number = 0
  readonly #results: Results = new Map()
  /** Where in the history the results of each call stand. */
  readonly #places = new Map<string, number[]>()
  #length = 0

  constructor(log: readonly Stored[]) {
    this.#log = log
    this.#owner = ownerOf(log)
    const compaction = log.findLast((event): event is Stored<ContextCompacted> => this.#isCompaction(event))
    if (!compaction) return
    this.#from = compaction.first_kept_id ?? compaction.id
    this.history.push(fromSummary(compaction.summary))
  }

  /** Whether `log` is the one that was read so far, with nothing but more events, none of which is a compaction. */
  follows(log: readonly Stored[]): boolean {
    if (log !== this.#log || log.length < this.#length) return false
    for (let i = this.#length; i < log.length; i++) if (this.#isCompaction(log[i]!)) return false
    return true
  }

  catchUp(): void {
    while (this.#length < this.#log.length) this.#add(this.#log[this.#length++]!)
  }

  #add(event: Stored): void {
    if (event.type === 'notice') for (const image of event.images ?? []) this.refused.add(image)
    if (event.type === 'file.changed') this.changed.add(event.path)
    if (event.id < this.#from || callerOf(event) !== this.#owner) return
    if (event.type === 'tool.result') this.#takeResult(event)
    for (const message of messagesOf(event, this.#results)) {
      const place = this.history.push(message) - 1
      this.encloses ||= message.enclosed !== undefined
      if (message.role !== 'tool') continue
      const { tool_call_id } = message
      this.#places.set(tool_call_id, [...(this.#places.get(tool_call_id) ?? []), place])
    }
  }

  #isCompaction(event: Stored): boolean {
    return event.type === 'context.compacted' && callerOf(event) === this.#owner
  }

  #takeResult(result: Stored<ToolResult>): void {
    const { tool_call_id } = result
    this.#results.set(tool_call_id, result)
    for (const place of this.#places.get(tool_call_id) ?? []) {
      const { id, tool } = this.history[place] as HistoryMessage & { role: 'tool' }
      const message = fromResult(id, tool_call_id, tool, result)
      this.history[place] = message
      this.encloses ||= message.enclosed !== undefined
    }
  }
}

/** The call whose agent an event belongs to; undefined for the session's own. */
const callerOf = (event: Stored): string | undefined =>
  'parent_tool_call_id' in event ? event.parent_tool_call_id : undefined

/**
 * Whose log it is. Of a delegated agent's work another one sees the result of the call that started it alone; its own log begins
 * with its task.
 */
export const ownerOf = ([first]: readonly Stored[]): string | undefined =>
  first?.type === 'delegate.start' ? first.parent_tool_call_id : undefined

/** The messages of one event; those of a message with calls hold the results of these as well. */
function messagesOf(event: Stored, results: Results): HistoryMessage[] {
  switch (event.type) {
    case 'prompt':
      return [fromPrompt(event)]
    case 'message':
      return fromMessage(event, results)
    case 'undo':
      return event.kind === 'rewind' ? [] : [fromUndo(event)]
    case 'delegate.start':
      return [{ id: event.id, role: 'user', text: event.told ?? event.task }]
    case 'delegate.end': // its call has the report
      return []
    case 'plan': // of an agent's own list, its call tells
      return event.by === 'user' ? [fromPlan(event)] : []
    case 'tool.result': // stands after its call, if it has one
      return event.tool === REVIEW ? [fromReview(event)] : []
    case 'context.compacted': // the last one stands first
    case 'session.created':
    case 'session.updated':
    case 'session.mode':
    case 'session.resumed':
    case 'session.rewound': // what it took back is not here
    case 'session.closed':
    case 'prompt.queued':
    case 'prompt.dropped':
    case 'tool.call':
    case 'approval':
    case 'file.changed':
    case 'question':
    case 'answer':
    case 'error':
    case 'hook':
    case 'notice':
    case 'turn.end':
      return []
    default: // the model does not see an event of a newer version
      event satisfies never
      return []
  }
}

const fromSummary = (summary: string): HistoryMessage => ({
  id: 0,
  role: 'user',
  text: `<summary>\nThe conversation so far was summarised to save room:\n\n${summary}\n</summary>`,
})

/** Appended after a message that a broken connection cut off, so that the model goes on instead of starting over. */
const CONTINUE =
  'The connection broke off there. Continue exactly where your last message stops, without repeating any of it.'

function fromMessage(event: Stored<Message>, results: Results): HistoryMessage[] {
  if (!event.content && event.tool_calls.length === 0) return []
  const { id, content: text, thinking, tool_calls, model, provider_data } = event
  return [
    { id, role: 'assistant', text, thinking, tool_calls, model, provider_data },
    ...tool_calls.map(call => fromResult(id, call.tool_call_id, call.tool, results.get(call.tool_call_id))),
    ...(event.stop_reason === 'cut' ? [{ id, role: 'user' as const, text: CONTINUE }] : []),
  ]
}

function fromResult(
  message_id: number,
  tool_call_id: string,
  tool: string,
  result: Stored<ToolResult> | undefined,
): HistoryMessage {
  if (!result)
    return {
      id: message_id,
      role: 'tool',
      tool_call_id,
      tool,
      content: 'Interrupted before a result was recorded; it is not known whether it ran.',
      is_error: true,
    }
  const count = Number(result.result?.metadata.images ?? 0)
  return {
    id: result.id,
    role: 'tool',
    tool_call_id,
    tool,
    content: result.result?.content ?? result.message,
    is_error: result.status !== 'success',
    facts: {
      status: result.status,
      error: result.error,
      reason: result.reason,
      edited: result.edited,
      metadata: result.result?.metadata,
    },
    ...(count > 0 && { enclosed: { images: count, tool_call_id } }),
  }
}

/** After a rewind there is nothing to say: the conversation goes back as the files do. */
function fromUndo({ id, kind, files, refused }: Stored<Undo>): HistoryMessage {
  const done = kind === 'redo' ? 'made these changes of yours again' : 'undid your changes to these files'
  const list = (paths: { path: string }[]) =>
    paths.length > SHOWN_PATHS
      ? `${pathList(paths.slice(0, SHOWN_PATHS))} and ${paths.length - SHOWN_PATHS} more`
      : pathList(paths)
  const text = [
    files.length > 0 && `The user ${done}: ${list(files)}. Read a file again before you change it.`,
    refused.length > 0 && `Left as they are: ${list(refused)}.`,
  ]
  return { id, role: 'user', text: `<note>\n${text.filter(Boolean).join('\n')}\n</note>` }
}
function fromPlan({ id, items }: Stored<Plan>): HistoryMessage {
  const text =
    items.length === 0 ? 'The user emptied your list of steps.' : `The user set your list of steps:\n${planText(items)}`
  return { id, role: 'user', text: `<note>\n${text}\n</note>` }
}

/** What became of edits that were proposed: no message of the model has this call. */
function fromReview({ id, status, result, message }: Stored<ToolResult>): HistoryMessage {
  const said = result?.content ?? message
  const then =
    status === 'rejected'
      ? '\nNone of them was written.'
      : status === 'error'
        ? '\nRead a file again before you change it.'
        : ''
  return { id, role: 'user', text: `<note>\nThe review of the edits that you proposed: ${said}${then}\n</note>` }
}

const SHOWN_PATHS = 50
const pathList = (paths: { path: string }[]) => paths.map(({ path }) => path).join(', ')

function fromPrompt(event: Stored<Prompt>): HistoryMessage {
  const attached = event.attachments ?? []
  const context = renderContext(event.at, event.context)
  const current_file = event.context?.current_file
  return {
    id: event.id,
    role: 'user',
    text: [event.text, context].filter(Boolean).join('\n\n'),
    asked: { prompt: event.text, ...(current_file && { current_file }) },
    ...(attached.length > 0 && { enclosed: { attachments: attached, turn_id: event.turn_id } }),
  }
}

/** What the editor shows, told at the end of the prompt: it varies, and so belongs to no stable prefix. */
function renderContext(at: string, context: EditorContext | undefined): string {
  const lines: string[] = []
  const { current_file, cursor_position, visible_region, region, files, buffers, diagnostics } = context ?? {}
  if (current_file) lines.push(`current_file: ${current_file}`)
  if (cursor_position) lines.push(`cursor: line ${cursor_position.line}, column ${cursor_position.column}`)
  if (visible_region) lines.push(`visible: lines ${visible_region.start} to ${visible_region.end}`)
  if (files?.length) lines.push(`files: ${files.join(', ')}`)
  if (region)
    lines.push(
      `selected in ${region.path ?? 'the buffer'} (lines ${region.start} to ${region.end}):\n${fenced(region.text)}`,
    )
  for (const buffer of buffers ?? []) lines.push(`buffer ${buffer.path}:\n${fenced(buffer.text)}`)
  for (const d of diagnostics ?? []) lines.push(`${d.severity} at ${d.path}:${d.line}: ${d.message}`)
  return lines.length === 0 ? '' : `<context>\ndate: ${at.slice(0, 10)}\n${lines.join('\n')}\n</context>`
}
