import { isAbsolute } from 'node:path'
import * as v from 'valibot'

/**
 * What events are made of. Readers may count on types and ranges, no more: further fields are carried along, and words that
 * a newer version may know (a stop reason, an error code) are any word. The types name the words that this version writes.
 */

export const maybe = v.optional
export const text = v.string()
export const flag = v.boolean()
/** Part of the name of a file, for some. */
export const id = v.pipe(text, v.regex(/^[\w.:-]{1,200}$/))
/** A line of a file, from 1. */
export const line = v.number()
export const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
/** One word of a vocabulary, known or not: it may stand unquoted in a transcript. The words are those that this version writes. */
export const word = <const T extends string>(...words: readonly T[]) =>
  Object.assign(
    v.custom<T>(value => typeof value === 'string' && /^[\w.-]{1,64}$/.test(value)),
    { words },
  )
/** A JSON object of any kind. */
export const record = v.custom<Record<string, unknown>>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
)
export const directory = v.pipe(text, v.maxLength(4096), v.check(isAbsolute), v.excludes('\0'))

type Exact<E extends v.ObjectEntries> = v.ObjectSchema<E, undefined>
/** An object with these entries. Others are carried along, and are in no type. */
export const open = <const E extends v.ObjectEntries>(entries: E) =>
  v.looseObject(entries) as unknown as v.GenericSchema<v.InferInput<Exact<E>>, v.InferOutput<Exact<E>>>

/** Tokens of a model call, a turn or a session; `input_tokens` excludes cached ones. Dollars only where prices are known. */
export const usage = open({
  input_tokens: amount,
  output_tokens: amount,
  cache_read_tokens: amount,
  cache_write_tokens: amount,
  cost_usd: maybe(amount),
})

/** What a person lets a session do without being asked, where no rule speaks. */
export const MODES = ['ask', 'accept-edits', 'sandboxed', 'plan'] as const
export const mode = word(...MODES)

export const sessionConfig = open({
  auto_approve_readonly: flag,
  auto_approve_tools: v.array(text),
  save_transcript: flag,
  /** Absent in logs of versions that had none: `ask`. */
  mode: maybe(mode),
  /** Edits of a turn wait for one review of them all; absent: they do not. */
  review_edits: maybe(flag),
})

const range = { start: line, end: line }
/** What the editor shows. Lines are 1-based, columns 0-based characters; every field may be null. */
export const editorContext = open({
  current_file: v.nullish(text),
  cursor_position: v.nullish(open({ line, column: v.number() })),
  visible_region: v.nullish(open(range)),
  region: v.nullish(open({ path: v.nullish(text), ...range, text })),
  files: v.nullish(v.array(text)),
  buffers: v.nullish(v.array(open({ path: text, text }))),
  diagnostics: v.nullish(
    v.array(open({ path: text, line, column: v.nullish(v.number()), severity: text, message: text })),
  ),
})

/** A file attached to a prompt: by project path, or inline as base64. */
export const attachment = v.union([open({ media_type: text, data: text }), open({ path: text })])

/** How much a model is to think, from not at all to as much as it can. */
export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export const effort = word(...EFFORTS)

/** Where a prompt goes from the request over the queue to the turn: `turn_id` is that of the turn which takes it. */
export const promptBody = {
  turn_id: id,
  prompt_id: maybe(text),
  text,
  context: maybe(editorContext),
  attachments: maybe(v.array(attachment)),
  agent: maybe(text),
  effort: maybe(effort),
  /** A command that has to succeed before the turn is done. */
  until: maybe(text),
  /** For this prompt alone. */
  model: maybe(text),
  /** The command that the text was made of. `allowed_tools` restricts its turn. */
  command: maybe(open({ name: text, arguments: maybe(text), allowed_tools: maybe(v.array(text)) })),
}

/** One call as the model made it. `tool_call_id` is ours (`tc_…`); the provider's own id lives in `provider_data`. */
export const toolCall = open({ tool_call_id: id, tool: text, params: record })

/** One step of a list. `id` is unique in it, and stays while the step does; `check` is how to see that it is done. */
export const planItem = open({
  id,
  title: text,
  status: word('pending', 'in_progress', 'done', 'dropped'),
  files: maybe(v.array(text)),
  check: maybe(text),
})

export const locations = v.array(open({ path: text, line: maybe(line) }))

/** What an approval showed. `hash` binds the decision to it. */
export const preview = open({
  hash: text,
  files: v.array(open({ path: text, before_hash: v.nullable(text), diff: text })),
})

/** The rule that each kind of `remember` would save. */
export const remember = open({ session: text, project: text })

/** What an MCP server says of a tool, as canonical JSON; too long a text is known by its hash alone. */
export const definition = open({ hash: text, text: maybe(text) })

/** What a provider needs back unchanged (its ids, signatures, encrypted reasoning). Never leaves the log. */
export const providerData = v.custom<{ provider: string } & Record<string, unknown>>(
  value => v.is(record, value) && typeof value['provider'] === 'string',
)

export const toolResultBody = open({ content: text, metadata: record })

export const errorCode = word(
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'SESSION_NOT_FOUND',
  'INVALID_TOOL_CALL',
  'NOT_FOUND',
  'SESSION_BUSY',
  'ALREADY_DECIDED',
  'SESSION_LOCKED',
  'STALE_PREVIEW',
  'NOTHING_TO_DO',
  'NOTHING_TO_UNDO',
  'TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'TOO_MANY',
  'INTERNAL',
  'TRANSCRIPT_ERROR',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'LLM_AUTH',
  'LLM_RATE_LIMIT',
  'LLM_OVERLOADED',
  'LLM_CONTEXT_LENGTH',
  'LLM_INVALID_REQUEST',
  'LLM_UNREACHABLE',
  'LLM_STREAM',
  'MCP_SERVER_ERROR',
  'PERMISSION_DENIED',
  'UNKNOWN_TOOL',
  'INVALID_PARAMS',
  'TOOL_FAILED',
  'TIMEOUT',
  'STALE_FILE',
  'INTERRUPTED',
)
export const toolError = open({ code: errorCode, message: text, recoverable: flag, details: maybe(record) })

/** What a command is isolated from: by what, the network that it reaches, and the directories that it may write to. */
export const sandbox = open({
  by: text,
  network: v.union([text, v.array(text)]),
  write: v.array(text),
})
