import { seal } from '../base/controls.ts'
import type { Stored } from '../event.ts'
import { codeBlock, formatTable } from '../org/blocks.ts'
import { convertToOrg, promptToOrg } from '../org/convert.ts'
import { orgFileLink } from '../org/inlines.ts'
import { orgBlock, orgCell, orgLine, orgText } from '../org/text.ts'
import { pausing } from './cooperative.ts'
import { foldSession } from './fold.ts'
import { capitalize, excerpt, formatCost, formatCount, formatDuration, shortJson, timeParts } from './format.ts'
import { planOrg } from './plan.ts'
import type {
  AttachmentNote,
  CallRecord,
  Entry,
  FileChangeRecord,
  MessageRecord,
  Note,
  SessionRecord,
} from './record.ts'

/** Headings of a delegated agent go no deeper than this. */
const MAX_LEVEL = 8

/**
 * The transcript as an Org file: the contract, "Transcripts". All structure is ours; text from users, models and tools is
 * inert. It comes in pieces, with a pause for the event loop now and then: a long session renders beside live ones.
 */
export async function* orgPieces(events: readonly Stored[]): AsyncGenerator<string> {
  const { record, conversation } = foldSession(events)
  yield seal(`${head(record)}\n\n* Conversation`)
  for await (const entry of pausing(linear(conversation, 2))) yield seal(`\n\n${section(entry, record.project_path)}`)
  yield seal(`\n\n${metadata(record)}\n`)
}

function head(record: SessionRecord): string {
  return [
    `#+TITLE: Agent Session - ${orgLine(record.project_name)}`,
    `#+DATE: ${timeParts(record.started_at).day}`,
    `#+SESSION_ID: ${orgLine(record.session_id)}`,
    `#+MODEL: ${orgLine(record.model)}`,
    `#+PROJECT: ${orgLine(record.project_path)}`,
    // Org looks for a line of a linked file as if it were a heading, and would give up the export.
    '#+OPTIONS: ^:nil broken-links:mark',
    '#+PROPERTY: header-args :eval never :noweb no',
  ].join('\n')
}

type Section = { level: number; entry: Entry; heading: boolean }

/**
 * The conversation as sections with their levels. A message without text has a heading only where the calls it made would
 * otherwise stand under the user's.
 */
function* linear(entries: readonly Entry[], level: number): Generator<Section> {
  let speaker = ''
  for (const entry of entries) {
    const { role, turn_id, content, thinking } = entry.kind === 'message' ? entry.message : NOBODY
    const next = `${role} ${turn_id}`
    if (entry.kind === 'message') {
      const silent = content.trim() === '' && !thinking && role === 'assistant'
      if (!(silent && speaker === next)) yield { level, entry, heading: true }
      speaker = next
    } else yield { level, entry, heading: false }
    if (entry.kind === 'call') yield* linear(entry.children, Math.min(level + 2, MAX_LEVEL))
  }
}

const NOBODY = { role: '', turn_id: '', content: '', thinking: undefined }

function section({ level, entry }: Section, project: string): string {
  if (entry.kind === 'message') return message(entry.message, level, project)
  if (entry.kind === 'call') return call(entry.call, entry.changes, level + 1, project)
  return note(entry, level + 1, project)
}

const joined = (...parts: (string | false | null | undefined)[]): string => parts.filter(Boolean).join('\n\n')
const stars = (level: number): string => '*'.repeat(level)

function drawer(properties: Record<string, string | undefined>): string {
  const lines = Object.entries(properties).flatMap(([key, value]) => (value === undefined ? [] : [`:${key}: ${value}`]))
  return [':PROPERTIES:', ...lines, ':END:'].join('\n')
}

/** Inactive, so that the agenda shows it only when asked to; Org knows no seconds. */
function created(at: string): string {
  const { day, weekday, clock } = timeParts(at)
  return `[${day} ${weekday} ${clock.slice(0, 5)}]`
}

const stamp = (at: string): string => `[${timeParts(at).day} ${timeParts(at).clock}]`

function message(message: MessageRecord, level: number, project: string): string {
  const agent = message.agent ? ` (${orgLine(message.agent)})` : ''
  const speaker = message.role === 'assistant' ? 'Assistant' : message.source === 'agent' ? 'Task' : 'User'
  const heading = `${stars(level)} ${speaker}${agent} ${stamp(message.timestamp)}`
  const properties = drawer({
    CREATED: created(message.timestamp),
    STEERED: message.source === 'steer' ? 't' : undefined,
    STOPPED:
      message.role === 'assistant' && !/^(end_turn|tool_use)$/.test(message.stop_reason ?? '')
        ? orgLine(message.stop_reason ?? '')
        : undefined,
  })
  return joined(
    `${heading}\n${properties}`,
    message.thinking && `:THINKING:\n${convertToOrg(excerpt(message.thinking).text, project)}\n:END:`,
    message.role === 'assistant' ? convertToOrg(message.content, project) : promptToOrg(message.content.trim()),
    message.attachments?.map(attachment => attached(attachment, project)).join('\n'),
  )
}

const attached = (attachment: AttachmentNote, project: string): string =>
  'path' in attachment
    ? `- Attached: ${orgFileLink(attachment.path, project)}`
    : `- Attached: ${orgLine(attachment.media_type)}, ${formatCount(attachment.bytes)} bytes`

function call(call: CallRecord, changes: readonly FileChangeRecord[], level: number, project: string): string {
  const { approval, error, result } = call
  const properties = drawer({
    TOOL_CALL_ID: orgLine(call.tool_call_id),
    STATUS: result?.status ?? 'pending',
    CREATED: created(call.timestamp),
    APPROVAL: approval && `${approval.decision} by ${approval.by}${approval.edited ? ', edited' : ''}`,
    ERROR: error && orgLine(error.code),
    DURATION: call.execution_time_ms === undefined ? undefined : `${call.execution_time_ms} ms`,
  })
  return joined(
    `${stars(level)} Tool Call: ${orgLine(call.tool)}\n${properties}`,
    codeBlock('json', shortJson(call.params)),
    `${stars(level)} Result: ${capitalize(result?.status ?? 'pending')}`,
    approval?.reason && `Reason: ${orgLine(approval.reason)}`,
    result && result.content !== '' && bounded(result.content, text => orgBlock('EXAMPLE', text)),
    ...changes.map(change => changed(change, project)),
  )
}

function bounded(text: string, write: (text: string) => string): string {
  const { text: short, note } = excerpt(text)
  return joined(write(short), note && `/${note}/`)
}

const changed = (change: FileChangeRecord, project: string): string =>
  joined(
    `File ${change.change}: ${orgFileLink(change.path, project)}`,
    change.from && `From: ${orgFileLink(change.from, project)}`,
    change.diff && bounded(change.diff, text => codeBlock('diff', text)),
  )

function note(note: Note, level: number, project: string): string {
  const heading = `${stars(level)} ${orgLine(note.label)} ${stamp(note.at)}`
  if (note.format === 'plan') return joined(heading, planOrg(note.items))
  const text = note.text.trim() // before it is made inert: a trimmed line may start anew
  return joined(heading, note.format === 'line' ? orgText(excerpt(text).text) : convertToOrg(text, project))
}

function metadata(record: SessionRecord): string {
  const { metadata: counts, tool_calls } = record
  const bullets = [
    ['Messages', formatCount(record.message_count)],
    ['Tool Calls', formatCount(counts.total_tool_calls)],
    ['Files Modified', formatCount(counts.files_modified)],
    ['Total Tokens', formatCount(counts.total_tokens)],
    ['Cost', counts.cost_usd === undefined ? undefined : formatCost(counts.cost_usd)],
    ['Duration', formatDuration(counts.duration_ms)],
    ['Title', orgLine(counts.title) || undefined],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`- ${name}: ${value}`]))
  const files = record.file_changes.map(change => [
    orgCell(change.path),
    `${change.change}`,
    timeParts(change.timestamp).clock,
  ])
  const calls = tool_calls.map(call => [
    orgCell(call.tool),
    call.result?.status ?? 'pending',
    timeParts(call.timestamp).clock,
  ])
  return [
    '* Metadata',
    bullets.join('\n'),
    '** Files Changed',
    formatTable([['File', 'Operation', 'Timestamp'], ...files]),
    '** Tool Calls',
    formatTable([['Tool', 'Status', 'Timestamp'], ...calls]),
  ].join('\n\n')
}
