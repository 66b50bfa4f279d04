import * as v from 'valibot'
import {
  amount,
  definition,
  directory,
  errorCode,
  flag,
  id,
  line,
  locations,
  maybe,
  mode,
  open,
  planItem,
  preview,
  promptBody,
  providerData,
  record,
  remember,
  sandbox,
  sessionConfig,
  text,
  toolCall,
  toolError,
  toolResultBody,
  usage,
  word,
} from './parts.ts'

/** Present on every event of a delegated agent. */
const delegated = { agent: maybe(text), parent_tool_call_id: maybe(id) }
const ofCall = { turn_id: id, tool_call_id: id, ...delegated }

/**
 * Every event that is stored, by its type: what a line of a log must have to be one. A line that does not fit is a bad line.
 * The types of `event.ts` come from here.
 */
export const SHAPES = {
  // Without these it is no session; the rest has an answer of its own (the id is the name of the file).
  'session.created': open({
    format: v.fallback(
      v.custom<1>(value => value === 1),
      1,
    ),
    session_id: v.fallback(text, ''),
    project_path: directory,
    title: v.fallback(text, ''),
    model: v.pipe(text, v.nonEmpty()),
    agent: v.pipe(text, v.nonEmpty()),
    config: v.fallback(sessionConfig, { auto_approve_readonly: true, auto_approve_tools: [], save_transcript: true }),
    /** The session that this one was forked from, and the last event there that came before the fork. */
    forked_from: maybe(open({ session_id: text, event_id: amount })),
    /** The last event here that is a copy of one there: what it cost and changed is counted there. */
    inherited_to: maybe(amount),
  }),
  'session.updated': open({
    /** With `usage`: the model that wrote the title. */
    model: maybe(text),
    usage: maybe(usage),
    agent: maybe(text),
    title: maybe(text),
    config: maybe(sessionConfig),
    rule: maybe(text),
    /** What the rule does with the calls it is about; absent where it allows them. */
    action: maybe(word('allow', 'deny')),
    /** Of a rule for a tool of an MCP server: what it was approved by. */
    definition: maybe(definition),
  }),
  /** `by` config: the mode that was set is not available any more. */
  'session.mode': open({ mode, by: word('user', 'config') }),
  'session.resumed': open({}),
  /**
   * The conversation goes back to before the prompt of `turn_id`. Readers skip what lies between `to_event_id`, the last event
   * that still counts, and this one, but for what is about the session itself (`transcript/counting.ts`).
   */
  'session.rewound': open({
    to_event_id: amount,
    turn_id: id,
    /** The same prompt is sent again, as this turn: from here on it waits. */
    retry_turn_id: maybe(id),
  }),
  'session.closed': open({ transcript_path: v.nullable(text) }),
  'prompt.queued': open({ ...promptBody, when_busy: v.picklist(['queue', 'steer']) }),
  'prompt.dropped': open({ turn_id: id, text }),
  prompt: open({
    ...promptBody,
    source: v.picklist(['user', 'steer', 'agent']),
    /** The call that started the background agent whose report this is. */
    report_of: maybe(id),
    /** Why `auto` chose the agent. */
    agent_reason: maybe(text),
    parent_tool_call_id: maybe(id),
    /** Files of instructions that the model knows from here on, by real path, with the hash of what it was told; '' when gone. */
    instructions: maybe(v.array(open({ path: text, hash: text }))),
  }),
  message: open({
    turn_id: id,
    ...delegated,
    message_id: id,
    /** Of the states while the model thought. */
    model_call_id: maybe(id),
    role: v.literal('assistant'),
    content: text,
    thinking: maybe(text),
    tool_calls: v.array(toolCall),
    model: text,
    usage,
    stop_reason: word('end_turn', 'tool_use', 'max_tokens', 'cut', 'interrupted', 'refusal'),
    provider_data: maybe(providerData),
  }),
  'tool.call': open({
    ...ofCall,
    tool: text,
    category: text,
    params: record,
    requires_approval: flag,
    danger: maybe(text),
    reason: text,
    preview: maybe(preview),
    remember: maybe(remember),
    locations: maybe(locations),
    /** Nothing, or not all, of what it may change can be undone. */
    undo: maybe(word('none', 'partial')),
    /** What the command is isolated from; absent: it is not. */
    sandbox: maybe(sandbox),
    expires_at: maybe(text),
  }),
  approval: open({
    ...ofCall,
    decision: word('approved', 'rejected', 'timeout', 'cancelled'),
    by: word('user', 'rule', 'config'),
    reason: maybe(text),
    params: maybe(record),
    edited: maybe(flag),
  }),
  'tool.result': open({
    ...ofCall,
    tool: text,
    status: word('success', 'error', 'rejected'),
    result: maybe(toolResultBody),
    error: maybe(toolError),
    /** Why the person rejected the call, in their words. */
    reason: maybe(text),
    /** The person changed the call before approving it. */
    edited: maybe(flag),
    message: text,
    execution_time_ms: amount,
    locations: maybe(locations),
  }),
  'file.changed': open({
    ...ofCall,
    path: text,
    from: maybe(text),
    operation: word('write', 'edit', 'delete', 'create', 'copy', 'move', 'shell'),
    change: word('created', 'modified', 'deleted'),
    before_hash: maybe(text),
    after_hash: maybe(text),
    diff: maybe(text),
  }),
  /** The whole list of steps, each time it changes. */
  plan: open({
    turn_id: maybe(id),
    /** Whose list it is. */
    agent: text,
    parent_tool_call_id: maybe(id),
    items: v.array(planItem),
    /** A person changed it. */
    by: maybe(word('user')),
  }),
  /** An agent begins to work for another one: it is the result of the call `parent_tool_call_id`. */
  'delegate.start': open({
    turn_id: id,
    agent: text,
    parent_tool_call_id: id,
    task: text,
    context: maybe(text),
    background: maybe(flag),
    /** The whole of what it was told. */
    told: maybe(text),
  }),
  'delegate.end': open({
    turn_id: id,
    agent: text,
    parent_tool_call_id: id,
    outcome: word('completed', 'interrupted', 'error', 'limit'),
    report: text,
    usage,
    duration_ms: amount,
    /** Why it failed. */
    reason: maybe(text),
    background: maybe(flag),
  }),
  /** Changes of calls were taken back (`undo`, `rewind`) or made again (`redo`). A hash is null where there is nothing. */
  undo: open({
    undo_id: id,
    kind: word('undo', 'redo', 'rewind'),
    turn_id: maybe(id),
    tool_call_ids: v.array(id),
    files: v.array(open({ path: text, before_hash: v.nullable(text), after_hash: v.nullable(text) })),
    refused: v.array(open({ path: text, reason: text, diff: maybe(text) })),
  }),
  /** A hook of the configuration ran. `command` as it is written there; `ms` are milliseconds. */
  hook: open({
    turn_id: maybe(id),
    tool_call_id: maybe(id),
    on: text,
    command: text,
    outcome: word('ok', 'blocked', 'failed', 'timeout'),
    reason: maybe(text),
    ms: amount,
  }),
  question: open({
    ...delegated,
    question_id: id,
    kind: word('elicitation', 'auth', 'ask', 'plan'),
    server: text,
    message: text,
    schema: maybe(v.unknown()),
    url: maybe(text),
  }),
  answer: open({
    question_id: id,
    action: word('accept', 'decline', 'cancel'),
    content: maybe(v.unknown()),
  }),
  error: open({
    ...delegated,
    turn_id: maybe(id),
    code: errorCode,
    message: text,
    recoverable: flag,
    retry_in_ms: maybe(amount),
  }),
  /** What a person should know and no error is. */
  notice: open({
    ...delegated,
    turn_id: maybe(id),
    code: word<string>(),
    message: text,
    path: maybe(text),
    line: maybe(line),
    /** IMAGE_REFUSED: the images that are not sent any more, by their contents (the first 16 hex digits of the SHA-256 of their base64). */
    images: maybe(v.array(text)),
  }),
  'context.compacted': open({
    /** That wrote the summary, where it is not the turn's. */
    model: maybe(text),
    ...delegated,
    /** Absent when a person asked for it, between turns. */
    turn_id: maybe(id),
    summary: text,
    /** The summary stands for everything before this event; from it on, the history is as it was. Absent: nothing is kept. */
    first_kept_id: maybe(amount),
    /** Of the call that made the summary. */
    usage: maybe(usage),
    tokens_before: amount,
    tokens_after: amount,
  }),
  'turn.end': open({
    turn_id: id,
    ...delegated,
    outcome: word('completed', 'interrupted', 'error', 'limit'),
    usage,
    duration_ms: amount,
  }),
}

/** The event, when it has the shape of its type; one of a type that we do not know has any. Null for what does not fit. */
export function shaped<E extends { type: string }>(event: E): E | null {
  if (!Object.hasOwn(SHAPES, event.type)) return event
  const shape = SHAPES[event.type as keyof typeof SHAPES]
  if (event.type !== 'session.created') return v.is(shape, event) ? event : null
  const created = v.safeParse(shape, event)
  return created.success ? (created.output as unknown as E) : null
}
