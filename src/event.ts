/**
 * The vocabulary. A session is an append-only log of these events; the log file, the SSE stream, the model's history,
 * the summaries and the transcripts are all read off it. Types only: this file imports nothing.
 */

/** Tokens of a model call, a turn or a session; `input_tokens` excludes cached ones. Dollars only where prices are known. */
export type Usage = {
  input_tokens: number
  output_tokens: number
  cache_read_tokens: number
  cache_write_tokens: number
  cost_usd?: number
}

export type AgentState = 'idle' | 'thinking' | 'tool_execution' | 'waiting_approval' | 'error'
export type Effort = 'low' | 'medium' | 'high'
export type Params = Record<string, unknown>

/** A file attached to a prompt: by project path, or inline as base64. */
export type Attachment = { path: string } | { media_type: string; data: string }

/** What the editor shows. Lines are 1-based, columns 0-based characters; every field may be null. */
export type EditorContext = {
  current_file?: string | null
  cursor_position?: { line: number; column: number } | null
  visible_region?: { start: number; end: number } | null
  region?: { path?: string | null; start: number; end: number; text: string } | null
  files?: string[] | null
  buffers?: { path: string; text: string }[] | null
  diagnostics?: { path: string; line: number; column?: number | null; severity: string; message: string }[] | null
}

export type SessionConfig = { auto_approve_readonly: boolean; auto_approve_tools: string[]; save_transcript: boolean }

/** One call as the model made it. `tool_call_id` is ours (`tc_…`); the provider's own id lives in `provider_data`. */
export type ToolCall = { tool_call_id: string; tool: string; params: Params }

export type FileDiff = { path: string; before_hash: string | null; diff: string }
/** What an approval showed. `hash` binds the decision to it. */
export type Preview = { hash: string; files: FileDiff[] }
/** The rule that each kind of `remember` would save. */
export type Remember = { session: string; project: string }
export type Location = { path: string; line?: number }

export type ErrorCode =
  | 'INVALID_REQUEST'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'SESSION_NOT_FOUND'
  | 'INVALID_TOOL_CALL'
  | 'NOT_FOUND'
  | 'SESSION_BUSY'
  | 'ALREADY_DECIDED'
  | 'SESSION_LOCKED'
  | 'STALE_PREVIEW'
  | 'NOTHING_TO_DO'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'TOO_MANY'
  | 'INTERNAL'
  | 'TRANSCRIPT_ERROR'
  | 'SHUTTING_DOWN'
  | 'LLM_AUTH'
  | 'LLM_RATE_LIMIT'
  | 'LLM_OVERLOADED'
  | 'LLM_CONTEXT_LENGTH'
  | 'LLM_INVALID_REQUEST'
  | 'LLM_UNREACHABLE'
  | 'LLM_STREAM'
  | 'MCP_SERVER_ERROR'
  | 'PERMISSION_DENIED'
  | 'UNKNOWN_TOOL'
  | 'INVALID_PARAMS'
  | 'TOOL_FAILED'
  | 'TIMEOUT'
  | 'STALE_FILE'
  | 'INTERRUPTED'

export type StopReason = 'end_turn' | 'tool_use' | 'max_tokens' | 'cut' | 'interrupted' | 'refusal'
export type ToolResultBody = { content: string; metadata: Record<string, unknown> }
export type ToolError = { code: ErrorCode; message: string; recoverable: boolean }
export type FileOperation = 'write' | 'edit' | 'delete' | 'create' | 'copy' | 'move' | 'shell'

/** Present on every event of a delegated agent. */
type Delegated = { agent?: string; parent_tool_call_id?: string }

export type SessionCreated = {
  type: 'session.created'
  format: 1
  session_id: string
  project_path: string
  title: string
  model: string
  agent: string
  config: SessionConfig
  /** The session that this one was forked from, and the last of its events that was copied. */
  forked_from?: ForkedFrom
  /** The last event here that is a copy of one there: what it cost and changed is counted there. */
  inherited_to?: number
}
export type ForkedFrom = { session_id: string; event_id: number }
export type SessionUpdated = {
  type: 'session.updated'
  model?: string
  agent?: string
  title?: string
  config?: SessionConfig
  rule?: string
}
export type SessionResumed = { type: 'session.resumed' }
/**
 * The conversation goes back to before the prompt of `turn_id`. Readers skip what lies between `to_event_id`, the last event
 * that still counts, and this one, but for what is about the session itself (see `transcript/counting.ts`).
 */
export type SessionRewound = {
  type: 'session.rewound'
  to_event_id: number
  turn_id: string
  /** The same prompt is sent again, under this id: from here on it waits for its turn. */
  retry_turn_id?: string
}
export type SessionClosed = { type: 'session.closed'; transcript_path: string | null }

type PromptBody = {
  turn_id: string
  prompt_id?: string
  text: string
  context?: EditorContext
  attachments?: Attachment[]
  agent?: string
  effort?: Effort
}
export type PromptQueued = PromptBody & { type: 'prompt.queued'; when_busy: 'queue' | 'steer' }
export type PromptDropped = { type: 'prompt.dropped'; turn_id: string; text: string }
export type Prompt = PromptBody & { type: 'prompt'; source: 'user' | 'steer' | 'agent'; parent_tool_call_id?: string }

export type Message = Delegated & {
  type: 'message'
  turn_id: string
  message_id: string
  role: 'assistant'
  content: string
  thinking?: string
  tool_calls: ToolCall[]
  model: string
  usage: Usage
  stop_reason: StopReason
  /** What the provider needs back unchanged (its ids, signatures, encrypted reasoning). Never leaves the log. */
  provider_data?: ProviderData
}
export type ProviderData = { provider: string } & Record<string, unknown>

export type ToolCallAnnounced = Delegated & {
  type: 'tool.call'
  turn_id: string
  tool_call_id: string
  tool: string
  category: string
  params: Params
  requires_approval: boolean
  danger?: string
  reason: string
  preview?: Preview
  remember?: Remember
  locations?: Location[]
  expires_at?: string
}
export type Approval = Delegated & {
  type: 'approval'
  turn_id: string
  tool_call_id: string
  decision: 'approved' | 'rejected' | 'timeout' | 'cancelled'
  by: 'user' | 'rule' | 'config'
  reason?: string
  params?: Params
  edited?: boolean
}
export type ToolResult = Delegated & {
  type: 'tool.result'
  turn_id: string
  tool_call_id: string
  tool: string
  status: 'success' | 'error' | 'rejected'
  result?: ToolResultBody
  error?: ToolError
  message: string
  execution_time_ms: number
  locations?: Location[]
}
export type FileChanged = Delegated & {
  type: 'file.changed'
  turn_id: string
  tool_call_id: string
  path: string
  from?: string
  operation: FileOperation
  change: 'created' | 'modified' | 'deleted'
  before_hash?: string
  after_hash?: string
  diff?: string
}
export type Question = Delegated & {
  type: 'question'
  question_id: string
  kind: 'elicitation' | 'auth'
  server: string
  message: string
  schema?: unknown
  url?: string
}
export type Answer = { type: 'answer'; question_id: string; action: 'accept' | 'decline' | 'cancel'; content?: unknown }
export type ErrorEvent = Delegated & {
  type: 'error'
  turn_id?: string
  code: ErrorCode
  message: string
  recoverable: boolean
  retry_in_ms?: number
}
/** What a person should know and no error is. */
export type Notice = Delegated & {
  type: 'notice'
  turn_id?: string
  code: string
  message: string
  path?: string
  line?: number
  /** IMAGE_REFUSED: the images that are not sent any more, by their contents (the first 16 hex digits of the SHA-256 of their base64). */
  images?: string[]
}
export type ContextCompacted = Delegated & {
  type: 'context.compacted'
  /** Absent when a person asked for it, between turns. */
  turn_id?: string
  summary: string
  /** The summary stands for everything before this event; from it on, the history is as it was. Absent: nothing is kept. */
  first_kept_id?: number
  /** Of the call that made the summary. */
  usage?: Usage
  tokens_before: number
  tokens_after: number
}
export type TurnEnd = Delegated & {
  type: 'turn.end'
  turn_id: string
  outcome: 'completed' | 'interrupted' | 'error' | 'limit'
  usage: Usage
  duration_ms: number
}

/** What is written to the log, before it has an id. */
export type Storable =
  | SessionCreated
  | SessionUpdated
  | SessionResumed
  | SessionRewound
  | SessionClosed
  | PromptQueued
  | PromptDropped
  | Prompt
  | Message
  | ToolCallAnnounced
  | Approval
  | ToolResult
  | FileChanged
  | Question
  | Answer
  | ErrorEvent
  | Notice
  | ContextCompacted
  | TurnEnd

/** A line of the log. Ids start at 1 and increase by one; `at` is ISO-8601 UTC with milliseconds. */
export type Stored<E extends Storable = Storable> = E & { id: number; at: string }

export type MessageDelta = Delegated & {
  type: 'message.delta'
  turn_id: string
  message_id: string
  role: 'assistant'
  content: string
  replace?: true
}
export type ThinkingDelta = Delegated & { type: 'thinking.delta'; turn_id: string; message_id: string; content: string }
export type ToolDraft = Delegated & {
  type: 'tool.draft'
  turn_id: string
  tool_call_id: string
  tool: string
  chars: number
  path?: string
}
export type ToolProgress = Delegated & {
  type: 'tool.progress'
  tool_call_id: string
  message: string
  progress?: number
  output?: string
}
export type AgentStateChanged = {
  type: 'agent.state'
  state: AgentState
  agent: string
  details?: string
  tool_call_id?: string
  last_event_id?: number
  parent_tool_call_id?: string
}
export type Reset = { type: 'reset' }

/** Live only: never stored, never given an id. */
export type Transient = MessageDelta | ThinkingDelta | ToolDraft | ToolProgress | AgentStateChanged | Reset

/** What the loop yields and the session appends. */
export type Event = Storable | Transient
