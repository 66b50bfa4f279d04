import type * as v from 'valibot'
import type * as parts from './event/parts.ts'
import type { SHAPES } from './event/shapes.ts'

/**
 * The vocabulary. A session is an append-only log of these events; the log file, the SSE stream, the model's history,
 * the summaries and the transcripts are all read off it. Types only: the schemas of what is stored are in `event/`.
 */

type Part<K extends keyof typeof parts> = (typeof parts)[K] extends v.GenericSchema<infer _, infer O> ? O : never

export type Usage = Part<'usage'>
export type Effort = Part<'effort'>
export type Params = Part<'record'>
export type Attachment = Part<'attachment'>
export type EditorContext = Part<'editorContext'>
export type SessionConfig = Part<'sessionConfig'>
export type Mode = Part<'mode'>
export type ToolCall = Part<'toolCall'>
export type Preview = Part<'preview'>
export type FileDiff = Preview['files'][number]
export type Remember = Part<'remember'>
export type Definition = Part<'definition'>
export type PlanItem = Part<'planItem'>
export type Location = Part<'locations'>[number]
export type ErrorCode = Part<'errorCode'>
export type ToolError = Part<'toolError'>
export type ProviderData = Part<'providerData'>
export type AgentState = 'idle' | 'thinking' | 'tool_execution' | 'waiting_approval' | 'error'

type Of<T extends keyof typeof SHAPES> = { type: T } & v.InferOutput<(typeof SHAPES)[T]>

export type SessionCreated = Of<'session.created'>
export type SessionRewound = Of<'session.rewound'>
export type ForkedFrom = NonNullable<SessionCreated['forked_from']>
export type PromptQueued = Of<'prompt.queued'>
export type Prompt = Of<'prompt'>
/** Of a prompt, whether it waits or runs. `turn_id` is that of the turn which takes it. */
export type PromptBody = v.InferOutput<v.ObjectSchema<(typeof parts)['promptBody'], undefined>>
export type Message = Of<'message'>
export type StopReason = Message['stop_reason']
export type ToolCallAnnounced = Of<'tool.call'>
export type Approval = Of<'approval'>
export type ToolResult = Of<'tool.result'>
export type FileChanged = Of<'file.changed'>
export type FileOperation = FileChanged['operation']
export type Undo = Of<'undo'>
export type DelegateStart = Of<'delegate.start'>
export type DelegateEnd = Of<'delegate.end'>
export type Plan = Of<'plan'>
export type HookRun = Of<'hook'>
export type Question = Of<'question'>
export type Answer = Of<'answer'>
export type ErrorEvent = Of<'error'>
export type ContextCompacted = Of<'context.compacted'>
export type TurnEnd = Of<'turn.end'>

/** What is written to the log, before it has an id. */
export type Storable = { [T in keyof typeof SHAPES]: Of<T> }[keyof typeof SHAPES]

/** A line of the log. Ids start at 1 and increase by one; `at` is ISO-8601 UTC with milliseconds. */
export type Stored<E extends Storable = Storable> = E & { id: number; at: string }

/** Present on every event of a delegated agent. */
export type Delegated = { agent?: string; parent_tool_call_id?: string }

export type MessageDelta = Delegated & {
  type: 'message.delta'
  turn_id: string
  message_id: string
  role: 'assistant'
  content: string
  replace?: true
}
export type ThinkingDelta = Delegated & { type: 'thinking.delta'; turn_id: string; message_id: string; content: string }
type ToolDraft = Delegated & {
  type: 'tool.draft'
  turn_id: string
  tool_call_id: string
  tool: string
  chars: number
  path?: string
}
type ToolProgress = Delegated & {
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
  /** While it thinks: also on the `message` that comes of it. */
  model_call_id?: string
  last_event_id?: number
  parent_tool_call_id?: string
}
/** Asks the client for what only an editor knows: it answers `request_id` over HTTP, within `timeout_ms`. */
export type EditorRequest = {
  type: 'editor.request'
  request_id: string
  tool: string
  params: Params
  timeout_ms: number
}
type Reset = { type: 'reset' }

/** Live only: never stored, never given an id. */
export type Transient =
  | MessageDelta
  | ThinkingDelta
  | ToolDraft
  | ToolProgress
  | AgentStateChanged
  | EditorRequest
  | Reset

/** What the loop yields and the session appends. */
export type Event = Storable | Transient
