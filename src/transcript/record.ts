import { basename } from 'node:path'
import type { Approval, FileChanged, Params, PlanItem, ToolError, ToolResult, Usage } from '../event.ts'
import type { Summary } from './summary.ts'

/** An attachment as transcripts tell of it: a path, or what was inline and how long. The data stays in the log. */
export type AttachmentNote = { path: string } | { media_type: string; bytes: number }

export type MessageRecord = {
  role: 'user' | 'assistant'
  content: string
  timestamp: string
  turn_id: string
  source?: 'user' | 'steer' | 'agent'
  attachments?: AttachmentNote[]
  thinking?: string
  model?: string
  stop_reason?: string
  agent?: string
  parent_tool_call_id?: string
}

export type CallRecord = {
  tool_call_id: string
  tool: string
  params: Params
  /** null when the log ends before the result. */
  result: { status: ToolResult['status']; content: string } | null
  timestamp: string
  turn_id: string
  category?: string
  error?: ToolError
  approval?: Pick<Approval, 'decision' | 'by' | 'reason' | 'edited'>
  execution_time_ms?: number
  agent?: string
  parent_tool_call_id?: string
}

export type FileChangeRecord = {
  path: string
  operation: FileChanged['operation']
  change: FileChanged['change']
  timestamp: string
  tool_call_id: string
  from?: string
  diff?: string
}

/** What happened between messages and calls. `text` is someone's words (model, server, user), `label` ours. */
export type Note = { kind: 'note'; at: string; label: string } & (
  | { text: string; format: 'line' | 'markdown' }
  | { items: readonly PlanItem[]; format: 'plan' }
)

/** The conversation in reading order. A call holds its changes and, for a delegated agent, all that agent did. */
export type Entry =
  | { kind: 'message'; at: string; message: MessageRecord }
  | { kind: 'call'; at: string; call: CallRecord; changes: FileChangeRecord[]; children: Entry[] }
  | Note

export type SessionRecord = {
  session_id: string
  project_path: string
  project_name: string
  started_at: string
  ended_at: string | null
  model: string
  message_count: number
  messages: MessageRecord[]
  tool_calls: CallRecord[]
  file_changes: FileChangeRecord[]
  metadata: {
    total_tokens: number
    total_tool_calls: number
    files_modified: number
    cost_usd?: number
    usage: Usage
    turns: number
    title: string
    agent: string
    status: Summary['status']
    duration_ms: number
    files: string[]
    errors: { code: string; message: string; timestamp: string }[]
    dropped_prompts: { turn_id: string; text: string; timestamp: string }[]
  }
}

export type Session = { record: SessionRecord; conversation: Entry[] }

/** `/home/me/my app` → `my-app`: the directory name of a project, also its name in titles. */
export const projectName = (path: string): string =>
  basename(path.replace(/[/\\]+$/, '')).replace(/[^\p{L}\p{N}_-]/gu, '-') || 'root'
