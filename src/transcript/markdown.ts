import { isAbsolute } from 'node:path'
import { seal } from '../base/controls.ts'
import { head } from '../base/text.ts'
import type { Stored } from '../event.ts'
import { pausing } from './cooperative.ts'
import { foldSession } from './fold.ts'
import { capitalize, excerpt, formatCost, formatCount, formatDuration, shortJson, timeParts } from './format.ts'
import { cleanMarkdown, codeSpan, fence, markdownLine } from './markdown-text.ts'
import { planMarkdown } from './plan.ts'
import type {
  AttachmentNote,
  CallRecord,
  Entry,
  FileChangeRecord,
  MessageRecord,
  Note,
  SessionRecord,
} from './record.ts'

/**
 * The transcript as Markdown. The outline is ours: headings in messages become bold lines, raw HTML is text. Thinking is left
 * out. It comes in pieces, with a pause for the event loop now and then.
 */
export async function* markdownPieces(events: readonly Stored[]): AsyncGenerator<string> {
  const { record, conversation } = foldSession(events)
  yield seal(`${heading(record)}\n\n## Conversation`)
  for await (const entry of pausing(linear(conversation))) {
    const text = section(entry)
    if (text !== '') yield seal(`\n\n${text}`)
  }
  yield seal(`\n\n${joined(filesChanged(record), summary(record))}\n`)
}

function heading(record: SessionRecord): string {
  const { day, clock } = timeParts(record.started_at)
  return [
    `# Agent Session - ${markdownLine(record.project_name)}`,
    `**Date:** ${day} ${clock}`,
    `**Session ID:** ${markdownLine(record.session_id)}`,
    `**Model:** ${markdownLine(record.model)}`,
    `**Project:** ${codeSpan(record.project_path)}`,
    `**Duration:** ${formatDuration(record.metadata.duration_ms)}`,
  ].join('\n\n')
}

/** Delegated agents' work follows the call that started it; Markdown has no headings left to nest it under. */
function* linear(entries: readonly Entry[]): Generator<Entry> {
  for (const entry of entries) {
    yield entry
    if (entry.kind === 'call') yield* linear(entry.children)
  }
}

function section(entry: Entry): string {
  if (entry.kind === 'message') return message(entry.message)
  if (entry.kind === 'call') return call(entry.call, entry.changes)
  return note(entry)
}

const joined = (...parts: (string | false | null | undefined)[]): string => parts.filter(Boolean).join('\n\n')

function message(message: MessageRecord): string {
  if (message.role === 'assistant' && message.content.trim() === '') return ''
  const agent = message.agent ? ` (${markdownLine(message.agent)})` : ''
  const speaker = message.role === 'assistant' ? 'Assistant' : message.source === 'agent' ? 'Task' : 'User'
  const cut = message.role === 'assistant' && !/^(end_turn|tool_use)$/.test(message.stop_reason ?? '')
  return joined(
    `### ${speaker}${agent} [${timeParts(message.timestamp).clock}]`,
    cleanMarkdown(message.content),
    cut && `*(${markdownLine(message.stop_reason ?? '')})*`,
    message.attachments?.map(attached).join('\n'),
  )
}

const attached = (attachment: AttachmentNote): string =>
  'path' in attachment
    ? `- Attached: [${markdownLine(attachment.path)}](<${fileUrl(attachment.path)}>)`
    : `- Attached: ${markdownLine(attachment.media_type)}, ${formatCount(attachment.bytes)} bytes`

/** Percent-encoded, `/` apart: neither brackets nor schemes survive. */
const fileUrl = (path: string): string => {
  const encoded = path.toWellFormed().split('/').map(encodeURIComponent).join('/')
  return isAbsolute(path) ? `file://${encoded}` : `./${encoded}`
}

function call(call: CallRecord, changes: readonly FileChangeRecord[]): string {
  const { approval, result } = call
  const agent = call.agent ? ` (${markdownLine(call.agent)})` : ''
  return joined(
    `#### Tool Call: ${markdownLine(call.tool)}${agent}`,
    '**Parameters:**',
    fence('json', shortJson(call.params)),
    `**Result:** ${capitalize(result?.status ?? 'pending')}`,
    approval && `**Approval:** ${approval.decision} by ${approval.by}${approval.edited ? ', edited' : ''}`,
    approval?.reason && `**Reason:** ${markdownLine(approval.reason)}`,
    result && result.content !== '' && bounded('', result.content),
    ...changes.map(change =>
      joined(`**File ${change.change}:** ${codeSpan(change.path)}`, change.diff && bounded('diff', change.diff)),
    ),
    '---',
  )
}

function bounded(lang: string, text: string): string {
  const { text: short, note } = excerpt(text)
  return joined(fence(lang, short), note && `*${note}*`)
}

function note(note: Note): string {
  const label = `**${markdownLine(note.label)}** at ${timeParts(note.at).clock}`
  if (note.format === 'plan') return joined(`${label}.`, planMarkdown(note.items))
  if (note.text.trim() === '') return `${label}.`
  if (note.format === 'line') return `${label}: ${markdownLine(head(note.text, 2000))}`
  return joined(`${label}.`, cleanMarkdown(note.text))
}

/** Each path once, with what became of it over the whole session. */
function filesChanged({ file_changes }: SessionRecord): string {
  const outcome = new Map<string, string>()
  for (const { path, change } of file_changes) {
    const created = outcome.get(path) === 'created' && change === 'modified'
    outcome.set(path, created ? 'created' : change)
  }
  const bullets = Array.from(outcome, ([path, change]) => `- ${codeSpan(path)} (${change})`)
  return joined('## Files Changed', bullets.join('\n') || 'None.')
}

function summary({ message_count, metadata }: SessionRecord): string {
  return joined(
    '## Summary',
    `**Messages:** ${formatCount(message_count)}`,
    `**Tool Calls:** ${formatCount(metadata.total_tool_calls)}`,
    `**Files Modified:** ${formatCount(metadata.files_modified)}`,
    `**Total Tokens:** ${formatCount(metadata.total_tokens)}`,
    metadata.cost_usd !== undefined && `**Cost:** ${formatCost(metadata.cost_usd)}`,
  )
}
