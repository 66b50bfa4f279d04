import { basename } from 'node:path'
import { REVIEW } from '../agent/proposals.ts'
import { head } from '../base/text.ts'
import { addUsage, noUsage, usageIn } from '../base/usage.ts'
import { MODES } from '../event/parts.ts'
import type {
  Definition,
  Delegated,
  DelegateEnd,
  DelegateStart,
  ForkedFrom,
  Mode,
  Prompt,
  PromptQueued,
  Question,
  SessionConfig,
  SessionCreated,
  SessionRewound,
  Stored,
  ToolCall,
  ToolCallAnnounced,
  Usage,
} from '../event.ts'
import { type Counting, createCounting } from '../transcript/counting.ts'
import { type Conversation, emptyConversation, include } from './conversation.ts'
import { promptOf } from './rewind.ts'

/** What a session knows of itself: nothing but a fold of its log, so that resuming restores exactly what there was. */
export type SessionState = {
  session_id: string
  project_path: string
  created_at: string
  forked_from?: ForkedFrom
  /** The last event that was copied from there; 0 for a session that is no fork. */
  inherited_to: number
  title: string
  model: string
  agent: string
  config: SessionConfig & { mode: Mode }
  counting: Counting
  conversation: Conversation
  usage: Usage
  /** Dollars for what has a price, also where `usage` names none because something has none. */
  spent_usd: number
  queued: Map<string, Stored<PromptQueued>>
  open_turn: Stored<Prompt> | null
  open_calls: Map<string, ToolCall & Delegated & { turn_id: string }>
  /** Calls whose edits wait for a review. */
  proposed: Map<string, Delegated & { turn_id: string }>
  /** Agents at work for others, by the call that started them. */
  delegated: Map<string, Stored<DelegateStart>>
  /** Background agents whose report did not enter the conversation yet. */
  reports: Map<string, Stored<DelegateEnd>>
  approvals: Map<string, Stored<ToolCallAnnounced>>
  decided: Set<string>
  questions: Map<string, Stored<Question>>
  /** `prompt_id` → `turn_id`, so that a prompt sent twice counts once. */
  prompt_ids: Map<string, string>
  /** Rules remembered for this session only. */
  rules: { rule: string; action: 'allow' | 'deny'; definition: Definition | null }[]
  closed: boolean
}

export function createState(created: Stored<SessionCreated>): SessionState {
  return {
    session_id: created.session_id,
    project_path: created.project_path,
    created_at: created.at,
    ...(created.forked_from && { forked_from: created.forked_from }),
    inherited_to: created.inherited_to ?? 0,
    title: created.title,
    model: created.model,
    agent: created.agent,
    config: { ...created.config, mode: modeOf(created.config.mode) },
    counting: createCounting([created]),
    conversation: emptyConversation(),
    usage: noUsage(),
    spent_usd: 0,
    queued: new Map(),
    open_turn: null,
    open_calls: new Map(),
    proposed: new Map(),
    delegated: new Map(),
    reports: new Map(),
    approvals: new Map(),
    decided: new Set(),
    questions: new Map(),
    prompt_ids: new Map(),
    rules: [],
    closed: false,
  }
}

/** Takes one event in. Changes the state in place: a session lives long, and every event passes here. */
export function apply(state: SessionState, event: Stored): void {
  if (event.type === 'session.rewound') {
    rewind(state, event)
    return
  }
  state.counting.add(event)
  include(state.conversation, event)
  const usage = usageIn(event)
  if (usage && event.id > state.inherited_to) {
    state.usage = addUsage([state.usage, usage])
    state.spent_usd += usage.cost_usd ?? 0
  }
  switch (event.type) {
    case 'session.updated':
      if (!event.usage) state.model = event.model ?? state.model
      state.agent = event.agent ?? state.agent
      state.title = event.title ?? state.title
      if (event.config) state.config = { ...event.config, mode: state.config.mode }
      if (event.rule)
        state.rules.push({
          rule: event.rule,
          action: event.action === 'deny' ? 'deny' : 'allow',
          definition: event.definition ?? null,
        })
      return
    case 'session.mode':
      state.config = { ...state.config, mode: modeOf(event.mode) }
      return
    case 'session.resumed':
      state.closed = false
      return
    case 'session.closed':
      state.closed = true
      return
    case 'prompt.queued':
      state.queued.set(event.turn_id, event)
      if (event.prompt_id) state.prompt_ids.set(event.prompt_id, event.turn_id)
      return
    case 'prompt.dropped':
      state.queued.delete(event.turn_id)
      return
    case 'prompt':
      state.queued.delete(event.turn_id)
      if (event.source === 'user' || (event.report_of && !state.open_turn)) state.open_turn = event
      if (event.report_of) state.reports.delete(event.report_of)
      if (event.prompt_id) state.prompt_ids.set(event.prompt_id, event.turn_id)
      return
    case 'message':
      for (const call of event.tool_calls)
        state.open_calls.set(call.tool_call_id, { ...call, ...tagsOf(event), turn_id: event.turn_id })
      return
    case 'tool.call':
      // The shell lines of a command are in no message; and of others the inner tool is known now.
      state.open_calls.set(event.tool_call_id, event)
      if (event.requires_approval) state.approvals.set(event.tool_call_id, event)
      return
    case 'approval':
      state.approvals.delete(event.tool_call_id)
      state.decided.add(event.tool_call_id)
      return
    case 'tool.result':
      state.open_calls.delete(event.tool_call_id)
      state.approvals.delete(event.tool_call_id)
      if (event.result?.metadata.proposed === true)
        state.proposed.set(event.tool_call_id, { turn_id: event.turn_id, ...tagsOf(event) })
      if (event.tool === REVIEW)
        for (const [call, { parent_tool_call_id }] of state.proposed)
          if (parent_tool_call_id === event.parent_tool_call_id) state.proposed.delete(call)
      return
    case 'question':
      state.questions.set(event.question_id, event)
      return
    case 'answer':
      state.questions.delete(event.question_id)
      return
    case 'turn.end':
      if (state.open_turn?.turn_id === event.turn_id) state.open_turn = null
      return
    case 'delegate.start':
      state.delegated.set(event.parent_tool_call_id, event)
      return
    case 'delegate.end':
      state.delegated.delete(event.parent_tool_call_id)
      if (event.background) state.reports.set(event.parent_tool_call_id, event)
      return
    case 'session.created': // the state is made from it
    case 'file.changed':
    case 'context.compacted':
    case 'undo':
    case 'plan':
    case 'error':
    case 'hook':
    case 'notice':
      return
    default: // an event of a newer version changes nothing
      event satisfies never
  }
}

/** No turn runs, and nothing is open. A prompt that is to be sent again waits as one that was sent while a turn ran. */
function rewind(state: SessionState, event: Stored<SessionRewound>): void {
  const { retry_turn_id, turn_id } = event
  const prompt = retry_turn_id && promptOf(state.counting.events, turn_id)
  state.counting.add(event)
  state.conversation = emptyConversation()
  state.title = ''
  for (const counts of state.counting.events) {
    include(state.conversation, counts)
    if (counts.type === 'session.created' || counts.type === 'session.updated')
      state.title = counts.title ?? state.title
  }
  if (!prompt) return
  const { source: _, prompt_id: __, ...body } = prompt
  // What was chosen for the session since then counts; what the prompt chose for itself stays else.
  for (const later of state.counting.events)
    if (later.id > prompt.id && later.type === 'session.updated') {
      if (later.agent) delete body.agent
      if (later.model) delete body.model
    }
  state.queued.set(retry_turn_id, { ...body, type: 'prompt.queued', turn_id: retry_turn_id, when_busy: 'queue' })
}

/** A mode of a newer version is not known to allow anything here. */
const modeOf = (mode: Mode | undefined): Mode => MODES.find(known => known === mode) ?? 'ask'

/** The title that was given, else the first line of the first prompt, else the project's name. */
export const titleOf = (state: SessionState): string =>
  state.title ||
  head(state.conversation.first_prompt?.trim().split('\n', 1)[0] ?? '', 80) ||
  basename(state.project_path) ||
  state.project_path

/** Whose event it is, for one that belongs with it. */
export const tagsOf = ({ agent, parent_tool_call_id }: Delegated): Delegated =>
  parent_tool_call_id ? { ...(agent && { agent }), parent_tool_call_id } : {}
