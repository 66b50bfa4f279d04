import { defined } from '../base/defined.ts'
import { totalTokens } from '../base/usage.ts'
import type { Attachment, ContextCompacted, FileChanged, Stored } from '../event.ts'
import { countingEvents } from './counting.ts'
import { formatCount, hookLine } from './format.ts'
import {
  type AttachmentNote,
  type CallRecord,
  type Entry,
  type FileChangeRecord,
  type MessageRecord,
  projectName,
  type Session,
  type SessionRecord,
} from './record.ts'
import { isMessage, type Summary, summaryOf } from './summary.ts'

/*
 * Transcripts: `fold` turns a log into the record of a conversation; `json`, `markdown` and `org` write it down. Text of models
 * and users is read by markdown/ and written by org/, so that none of it acts in Emacs.
 */

/** The session record of a log: what the JSON transcript holds. Linear in the number of events. */
export const fold = (events: readonly Stored[]): SessionRecord => foldSession(events).record

/** The record together with the conversation in reading order, for the transcripts that people read. */
export function foldSession(events: readonly Stored[]): Session {
  const folding = new Folding(summaryOf(events))
  for (const event of countingEvents(events)) folding.add(event)
  return folding.end()
}

type CallEntry = Extract<Entry, { kind: 'call' }>

/** One pass over the events that count. Calls are found again by id: results of a batch come in any order, and agents interleave. */
class Folding {
  private readonly summary: Summary
  private agent = ''
  private turns = 0
  private last = ''
  private readonly conversation: Entry[] = []
  private readonly messages: MessageRecord[] = []
  private readonly calls = new Map<string, CallEntry>()
  private readonly changes: FileChangeRecord[] = []
  private readonly errors: SessionRecord['metadata']['errors'] = []
  private readonly dropped: SessionRecord['metadata']['dropped_prompts'] = []

  constructor(summary: Summary) {
    this.summary = summary
  }

  add(event: Stored): void {
    this.last = event.at
    switch (event.type) {
      case 'session.created':
        this.agent = event.agent
        break
      case 'session.updated':
        if (event.agent) this.agent = event.agent
        if (event.model && !event.usage) this.note(event, 'Model', event.model)
        if (event.rule) this.note(event, 'Rule remembered', event.action === 'deny' ? `deny ${event.rule}` : event.rule)
        break
      case 'session.resumed':
        this.note(event, 'Session resumed', '')
        break
      case 'session.rewound':
        this.note(event, 'Conversation rewound', '')
        break
      case 'prompt.dropped':
        this.dropped.push({ turn_id: event.turn_id, text: event.text, timestamp: event.at })
        this.note(event, 'Prompt dropped, never sent', event.text)
        break
      case 'prompt':
      case 'message':
        this.addMessage(event)
        break
      case 'tool.call': {
        const { call } = this.call(event, event.tool)
        call.tool = event.tool
        call.params = event.params
        call.category = event.category
        call.timestamp = event.at
        break
      }
      case 'approval': {
        const { decision, by, reason, edited, params } = event
        const { call } = this.call(event, '')
        call.approval = defined({ decision, by, reason, edited })
        if (params) call.params = params
        break
      }
      case 'tool.result': {
        const { call } = this.call(event, event.tool)
        call.result = { status: event.status, content: event.result?.content ?? event.error?.message ?? event.message }
        if (event.error) call.error = event.error
        call.execution_time_ms = event.execution_time_ms
        break
      }
      case 'file.changed':
        this.addChange(event)
        break
      case 'error':
        this.errors.push({ code: event.code, message: event.message, timestamp: event.at })
        this.note(event, `Error ${event.code}`, event.message)
        break
      case 'notice':
        this.note(event, 'Notice', event.message)
        break
      case 'hook': // one that did its work is no part of the conversation
        if (event.outcome !== 'ok') this.note(event, `Hook ${event.outcome}`, hookLine(event))
        break
      case 'context.compacted':
        this.note(event, compacted(event), event.summary, true)
        break
      case 'delegate.start': // its call has the task
        break
      case 'delegate.end':
        if (event.outcome !== 'completed') this.note(event, `Agent ${event.agent}: ${event.outcome}`, '')
        break
      case 'plan':
        this.siblings(event).push({ kind: 'note', at: event.at, label: 'Plan', items: event.items, format: 'plan' })
        break
      case 'undo':
        this.note(event, UNDONE[event.kind] ?? event.kind, event.files.map(file => file.path).join(', '))
        break
      case 'question':
        this.note(event, `Question from ${event.server}`, event.message)
        break
      case 'answer': // what was answered may be a secret: the log alone has it
        this.note(event, 'Answer', event.action)
        break
      case 'turn.end':
        if (!event.parent_tool_call_id) this.turns += 1
        if (event.outcome === 'interrupted') this.note(event, 'Interrupted', '')
        if (event.outcome === 'limit') this.note(event, 'Round limit reached', '')
        break
      case 'session.mode': // what a person is asked, not what is said
      case 'session.closed': // part of the summary
      case 'prompt.queued': // shown once it is sent or dropped
        break
      default: // an event of a newer version is not shown
        event satisfies never
    }
  }

  end(): Session {
    const { session_id, project_path, started_at, ended_at, model, usage, title, status, files_changed } = this.summary
    const record: SessionRecord = {
      session_id,
      project_path,
      project_name: projectName(project_path),
      started_at,
      ended_at,
      model,
      message_count: this.messages.length,
      messages: this.messages,
      tool_calls: Array.from(this.calls.values(), entry => entry.call),
      file_changes: this.changes,
      metadata: defined({
        total_tokens: totalTokens(usage),
        total_tool_calls: this.calls.size,
        files_modified: files_changed.length,
        cost_usd: usage.cost_usd,
        usage,
        turns: this.turns,
        title,
        agent: this.agent,
        status,
        duration_ms: Math.max(0, Date.parse(this.last) - Date.parse(started_at)) || 0,
        files: files_changed,
        errors: this.errors,
        dropped_prompts: this.dropped,
      }),
    }
    return { record, conversation: this.conversation }
  }

  private addMessage(event: Stored & { type: 'prompt' | 'message' }): void {
    const shared = { timestamp: event.at, turn_id: event.turn_id }
    const delegated = { agent: agentOf(event), parent_tool_call_id: event.parent_tool_call_id }
    const message: MessageRecord =
      event.type === 'prompt'
        ? defined({
            role: 'user',
            content: event.text,
            ...shared,
            source: event.source,
            attachments: event.attachments?.map(noteAttachment),
            ...delegated,
          })
        : defined({
            role: 'assistant',
            content: event.content,
            ...shared,
            thinking: event.thinking || undefined,
            model: event.model,
            stop_reason: event.stop_reason,
            ...delegated,
          })
    if (isMessage(event)) this.messages.push(message)
    this.siblings(event).push({ kind: 'message', at: event.at, message })
    if (event.type === 'prompt') return
    for (const made of event.tool_calls) {
      const { call } = this.call({ ...event, tool_call_id: made.tool_call_id }, made.tool)
      call.params = made.params
    }
  }

  private addChange(event: Stored<FileChanged>): void {
    const { path, operation, change, tool_call_id, from, diff } = event
    const record = defined({ path, operation, change, timestamp: event.at, tool_call_id, from, diff })
    this.changes.push(record)
    this.call(event, '').changes.push(record)
  }

  private note(event: Stored, label: string, text: string, markdown = false): void {
    this.siblings(event).push({ kind: 'note', at: event.at, label, text, format: markdown ? 'markdown' : 'line' })
  }

  /** The entry of a call, made on first mention. */
  private call(event: CallMention, tool: string): CallEntry {
    const known = this.calls.get(event.tool_call_id)
    if (known) return known
    const { tool_call_id, turn_id, parent_tool_call_id } = event
    const call: CallRecord = defined({
      tool_call_id,
      tool,
      params: {},
      result: null,
      timestamp: event.at,
      turn_id,
      agent: agentOf(event),
      parent_tool_call_id,
    })
    const entry: CallEntry = { kind: 'call', at: event.at, call, changes: [], children: [] }
    this.siblings(event).push(entry)
    this.calls.set(tool_call_id, entry)
    return entry
  }

  /** Where an event belongs: under the call that started its agent, else in the main conversation. */
  private siblings(event: object): Entry[] {
    const parent = 'parent_tool_call_id' in event ? this.calls.get(String(event.parent_tool_call_id)) : undefined
    return parent ? parent.children : this.conversation
  }
}

const compacted = ({ tokens_before, tokens_after }: ContextCompacted): string =>
  `Context compacted, ${formatCount(tokens_before)} → ${formatCount(tokens_after)} tokens`

const UNDONE = { undo: 'Undone', redo: 'Done again', rewind: 'Undone by a rewind' }

type CallMention = { at: string; turn_id: string; tool_call_id: string; agent?: string; parent_tool_call_id?: string }

/** Only delegated events name their agent in a transcript; a prompt of the user names one for the turn. */
const agentOf = (event: { agent?: string; parent_tool_call_id?: string }): string | undefined =>
  event.parent_tool_call_id ? event.agent : undefined

const noteAttachment = (attachment: Attachment): AttachmentNote =>
  'path' in attachment
    ? { path: attachment.path }
    : { media_type: attachment.media_type, bytes: Math.floor((attachment.data.length * 3) / 4) }
