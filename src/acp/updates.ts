import type { Cost, PlanEntry, SessionUpdate } from '@agentclientprotocol/sdk'
import type { FileChanged, Plan, Prompt, Stored, ToolCallAnnounced, ToolResult } from '../event.ts'
import type { Session } from '../session/session.ts'
import type { Broadcast } from '../session/subscribers.ts'
import { callOf, isShell, locationsOf, rawOutputOf, saidBy, text } from './call.ts'
import type { Abilities } from './client.ts'
import { diffsOf } from './diff.ts'

type Content = NonNullable<Extract<SessionUpdate, { sessionUpdate: 'tool_call' }>['content']>
type Call = { diffs: Content; terminal: boolean; ended?: true }

/** What the answer of a load has by itself. */
const SETTINGS = new Set<Stored['type']>(['session.updated', 'session.mode'])

/**
 * Turns the events of a session into ACP's updates. Live and replayed events take the same way; only what a person wrote is
 * shown in a replay alone, because the client has shown it itself.
 */
export function createUpdates(session: Session, client: Abilities, window: () => number | undefined) {
  const project = session.state.project_path
  /** Those of the turn under way, and of agents in the background that still work. */
  const calls = new Map<string, Call>()
  /** Messages that came in pieces. */
  const streamed = new Set<string>()

  const chunk = (kind: 'agent_message_chunk' | 'agent_thought_chunk', messageId: string, said: string) =>
    ({ sessionUpdate: kind, messageId, content: { type: 'text', text: said } }) satisfies SessionUpdate

  function announced(event: Stored<ToolCallAnnounced>): SessionUpdate {
    const known = calls.has(event.tool_call_id)
    const call = callOf(event, project)
    const terminal = client.terminal_output && isShell(event.tool)
    calls.set(event.tool_call_id, { diffs: call.content ?? [], terminal })
    if (known) return { sessionUpdate: 'tool_call_update', ...call }
    if (!terminal) return { sessionUpdate: 'tool_call', ...call }
    return {
      sessionUpdate: 'tool_call',
      ...call,
      content: [{ type: 'terminal', terminalId: call.toolCallId }],
      _meta: { terminal_info: { terminal_id: call.toolCallId, cwd: project } },
    }
  }

  function resulted(event: Stored<ToolResult>): SessionUpdate {
    const { tool_call_id: toolCallId } = event
    const call = calls.get(toolCallId)
    if (call) call.ended = true
    const failed = event.status !== 'success'
    const locations = locationsOf(event.locations, project)
    const shown: Content = call?.terminal || (call?.diffs.length && !failed) ? [] : [text(saidBy(event))]
    const rawOutput = rawOutputOf(event)
    return {
      sessionUpdate: 'tool_call_update',
      toolCallId,
      status: failed ? 'failed' : 'completed',
      // What was to be written stays in sight when it was refused.
      ...(shown.length > 0 && { content: [...(call?.diffs ?? []), ...shown] }),
      ...(locations && { locations }),
      ...(rawOutput && { rawOutput }),
      ...(call?.terminal && { _meta: { terminal_exit: exitOf(event) } }),
    }
  }

  /** The files of a call as they were changed, which may differ from what was proposed. */
  function changed(event: Stored<FileChanged>): SessionUpdate[] {
    const call = calls.get(event.tool_call_id)
    if (!event.diff || call?.terminal) return []
    const files = diffsOf({ path: event.path, diff: event.diff }, project)
    const others = (call?.diffs ?? []).filter(shown => shown.type === 'diff' && shown.path !== files[0]?.path)
    const diffs = [...others, ...files]
    const same = JSON.stringify(diffs) === JSON.stringify(call?.diffs)
    calls.set(event.tool_call_id, { ...call, diffs, terminal: false })
    if (same || files.length === 0) return []
    return [{ sessionUpdate: 'tool_call_update', toolCallId: event.tool_call_id, content: diffs }]
  }

  function of(event: Broadcast): SessionUpdate[] {
    switch (event.type) {
      case 'thinking.delta':
      case 'message.delta': {
        if (event.parent_tool_call_id) return []
        streamed.add(`${event.type} ${event.message_id}`)
        const kind = event.type === 'message.delta' ? 'agent_message_chunk' : 'agent_thought_chunk'
        return event.content === '' ? [] : [chunk(kind, event.message_id, event.content)]
      }
      case 'message': {
        const { message_id, thinking, content, parent_tool_call_id } = event
        if (parent_tool_call_id) return []
        const thought = thinking && !streamed.delete(`thinking.delta ${message_id}`)
        const said = content !== '' && !streamed.delete(`message.delta ${message_id}`)
        return [
          ...(thought ? [chunk('agent_thought_chunk', message_id, thinking)] : []),
          ...(said ? [chunk('agent_message_chunk', message_id, content)] : []),
        ]
      }
      case 'tool.call':
        return [announced(event)]
      case 'approval': {
        const { tool_call_id: toolCallId, decision } = event
        return decision === 'approved' ? [{ sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress' }] : []
      }
      case 'tool.progress': {
        const { tool_call_id, output } = event
        if (!output || !calls.get(tool_call_id)?.terminal) return []
        const _meta = { terminal_output: { terminal_id: tool_call_id, data: output } }
        return [{ sessionUpdate: 'tool_call_update', toolCallId: tool_call_id, _meta }]
      }
      case 'tool.result':
        return [resulted(event)]
      case 'file.changed':
        return changed(event)
      case 'plan':
        return event.parent_tool_call_id ? [] : [{ sessionUpdate: 'plan', entries: entriesOf(event) }]
      case 'turn.end':
        for (const [id, { ended }] of calls) if (ended) calls.delete(id)
        return []
      case 'session.updated':
        return event.title ? [{ sessionUpdate: 'session_info_update', title: event.title }] : []
      case 'session.mode':
        return [{ sessionUpdate: 'current_mode_update', currentModeId: event.mode }]
      case 'notice': {
        const severity = 'warning'
        return client.notices ? [{ sessionUpdate: 'notice', severity, title: event.message }] : []
      }
      case 'context.compacted': {
        if (!client.compaction || event.parent_tool_call_id) return []
        const summary = [{ type: 'text' as const, text: event.summary }]
        return [
          { sessionUpdate: 'compaction_update', compactionId: `compaction_${event.id}`, status: 'completed', summary },
        ]
      }
      default:
        return []
    }
  }

  /** How full the window is, and what the session has cost. Nothing where the window is not known. */
  function usage(): SessionUpdate[] {
    const size = window()
    if (size === undefined) return []
    const { conversation, usage } = session.state
    const cost: Cost | undefined =
      usage.cost_usd === undefined ? undefined : { amount: usage.cost_usd, currency: 'USD' }
    return [{ sessionUpdate: 'usage_update', used: conversation.context_tokens, size, ...(cost && { cost }) }]
  }

  return {
    live(event: Broadcast): SessionUpdate[] {
      const isAnswer = event.type === 'message' && !event.parent_tool_call_id
      return isAnswer ? [...of(event), ...usage()] : of(event)
    },
    /** Of an event that is long past. */
    replayed: (event: Stored): SessionUpdate[] =>
      event.type === 'prompt' ? promptOf(event) : SETTINGS.has(event.type) ? [] : of(event),
    usage,
  }
}

function promptOf({ turn_id, source, text, command, parent_tool_call_id }: Stored<Prompt>): SessionUpdate[] {
  if (source === 'agent' || parent_tool_call_id) return []
  const said = command ? `/${command.name} ${command.arguments ?? ''}`.trim() : text
  return [{ sessionUpdate: 'user_message_chunk', messageId: turn_id, content: { type: 'text', text: said } }]
}

const STATUS: Record<string, PlanEntry['status']> = {
  pending: 'pending',
  in_progress: 'in_progress',
  done: 'completed',
}

/** What was dropped is no step any more. */
const entriesOf = ({ items }: Plan): PlanEntry[] =>
  items
    .filter(({ status }) => status !== 'dropped')
    .map(({ title, status }) => ({ content: title, priority: 'medium', status: STATUS[status] ?? 'pending' }))

function exitOf({ tool_call_id, result }: ToolResult) {
  const { exit_code = null, signal = null } = (result?.metadata ?? {}) as { exit_code?: number; signal?: string }
  return { terminal_id: tool_call_id, exit_code, signal }
}
