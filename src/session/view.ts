import type { AgentState, ForkedFrom, Question, SessionConfig, Stored, ToolCallAnnounced, Usage } from '../event.ts'
import type { ModelInfo } from '../llm/provider.ts'
import type { Session } from './session.ts'
import { type SessionState, titleOf } from './state.ts'

/** A live session as `GET /api/sessions/:id` shows it: enough for a client that comes back to rebuild its buffer. */
export type SessionView = {
  session_id: string
  status: 'active'
  created_at: string
  forked_from?: ForkedFrom
  started_at: string
  project_path: string
  /** Where a project on another machine is. */
  remote?: { machine: string; path: string }
  title: string
  model: string
  /** About the model, for the person who chose it: that it ends soon, or that its successor answers. */
  notice?: string
  agent: string
  config: SessionConfig
  agent_state: AgentState
  /** Of the turn that runs, while one does. */
  turn_started_at?: string
  /** Delegated agents at work, by the call that started each. */
  children?: { parent_tool_call_id: string; agent: string; task: string; started_at: string }[]
  message_count: number
  last_event_id: number
  pending_approvals: Stored<ToolCallAnnounced>[]
  pending_questions: Stored<Question>[]
  queued: { turn_id: string; text: string; agent?: string }[]
  usage: Usage
  context_tokens: number
  context_window: number | null
}

export function viewOf(
  session: Session,
  { context_window, notice }: Pick<ModelInfo, 'context_window' | 'notice'>,
): SessionView {
  const { state } = session
  return {
    session_id: state.session_id,
    status: 'active',
    created_at: state.created_at,
    ...(state.forked_from && { forked_from: state.forked_from }),
    started_at: state.created_at,
    project_path: state.project_path,
    ...remoteOf(session),
    title: titleOf(state),
    model: state.model,
    ...(notice && { notice }),
    agent: state.agent,
    config: state.config,
    agent_state: session.agent_state.state,
    ...(state.open_turn && { turn_started_at: state.open_turn.at }),
    ...(state.delegated.size > 0 && { children: childrenOf(state) }),
    message_count: state.conversation.message_count,
    last_event_id: session.last_event_id,
    pending_approvals: [...state.approvals.values()],
    pending_questions: [...state.questions.values()],
    queued: [...state.queued.values()].map(({ turn_id, text, agent }) => ({ turn_id, text, ...(agent && { agent }) })),
    usage: state.usage,
    context_tokens: state.conversation.context_tokens,
    context_window: context_window ?? null,
  }
}

function remoteOf({ place: { remote, roots } }: Session): Pick<SessionView, 'remote'> {
  return remote ? { remote: { machine: remote.machine, path: roots.project } } : {}
}

const childrenOf = ({ delegated }: SessionState): SessionView['children'] =>
  [...delegated.values()].map(({ parent_tool_call_id, agent, task, at }) => ({
    parent_tool_call_id,
    agent,
    task,
    started_at: at,
  }))

/** The line of one session on the stream of all sessions. */
export type SessionSummary = {
  type: 'session.summary'
  session_id: string
  title: string
  project_path: string
  agent_state: AgentState
  pending_approvals: number
  pending_questions: number
  closed?: true
}

export const summaryOf = (session: Session): SessionSummary => ({
  type: 'session.summary',
  session_id: session.id,
  title: titleOf(session.state),
  project_path: session.state.project_path,
  agent_state: session.agent_state.state,
  pending_approvals: session.state.approvals.size,
  pending_questions: session.state.questions.size,
})
