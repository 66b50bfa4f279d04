import * as v from 'valibot'

/** The request bodies and queries of the contract. Each is validated with, and documented from, the same schema. */

const text = v.string()
const name = v.pipe(text, v.nonEmpty(), v.maxLength(200))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const line = v.pipe(v.number(), v.integer(), v.minValue(1))
const Params = v.record(text, v.unknown())

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const Variables = v.record(
  v.pipe(text, v.regex(NAME)),
  v.pipe(
    text,
    v.check(value => !value.includes('\0'), 'no NUL bytes'),
  ),
)

const Settings = {
  auto_approve_readonly: v.optional(v.boolean()),
  auto_approve_tools: v.optional(v.array(text)),
}

export const CreateSession = v.object({
  project_path: v.pipe(text, v.nonEmpty(), v.maxLength(4096)),
  model: v.optional(v.nullable(name)),
  agent: v.optional(v.nullable(name)),
  title: v.optional(v.nullable(v.pipe(text, v.maxLength(500)))),
  env: v.optional(v.nullable(Variables)),
  config: v.optional(v.nullable(v.object({ ...Settings, save_transcript: v.optional(v.boolean()) }))),
})

export const UpdateSession = v.object({
  model: v.optional(name),
  agent: v.optional(name),
  title: v.optional(v.pipe(text, v.maxLength(500))),
  config: v.optional(v.object(Settings)),
})

/** `col` is what older clients send. */
const Position = v.pipe(
  v.object({ line, column: v.optional(count), col: v.optional(count) }),
  v.transform(({ line, column, col }) => ({ line, column: column ?? col ?? 0 })),
)

export const Context = v.object({
  current_file: v.nullish(text),
  cursor_position: v.nullish(Position),
  visible_region: v.nullish(v.object({ start: count, end: count })),
  region: v.nullish(v.object({ path: v.nullish(text), start: count, end: count, text })),
  files: v.nullish(v.array(text)),
  buffers: v.nullish(v.array(v.object({ path: text, text }))),
  diagnostics: v.nullish(
    v.array(v.object({ path: text, line: count, column: v.nullish(count), severity: text, message: text })),
  ),
})

const Attachment = v.union([
  v.object({ path: v.pipe(text, v.nonEmpty()) }),
  v.object({ media_type: v.pipe(text, v.regex(/^[\w.+-]+\/[\w.+-]+$/)), data: v.pipe(text, v.base64()) }),
])

export const SendPrompt = v.object({
  text,
  prompt_id: v.optional(name),
  context: v.nullish(Context),
  attachments: v.optional(v.pipe(v.array(Attachment), v.maxLength(50))),
  agent: v.nullish(name),
  effort: v.nullish(v.picklist(['low', 'medium', 'high'])),
  when_busy: v.optional(v.picklist(['queue', 'steer', 'reject'])),
  wait: v.optional(v.boolean()),
})

export const Approve = v.object({
  tool_call_id: name,
  preview_hash: v.nullish(text),
  params: v.nullish(Params),
  content: v.nullish(text),
  remember: v.nullish(v.picklist(['session', 'project'])),
})

export const Reject = v.object({ tool_call_id: name, reason: v.nullish(v.pipe(text, v.maxLength(10_000))) })

export const AnswerQuestion = v.object({
  question_id: name,
  action: v.picklist(['accept', 'decline', 'cancel']),
  content: v.optional(v.unknown()),
})

export const Buffers = v.object({
  unsaved: v.array(v.object({ path: v.pipe(text, v.nonEmpty()), text })),
})

export const ProviderKey = v.object({
  key: v.pipe(text, v.trim(), v.nonEmpty(), v.maxLength(4096), v.regex(/^[\x21-\x7e]+$/, 'printable characters')),
})

const number = (least: number, most: number) =>
  v.pipe(text, v.regex(/^\d{1,9}$/, 'a number'), v.transform(Number), v.minValue(least), v.maxValue(most))
const time = v.pipe(
  text,
  v.check(value => !Number.isNaN(Date.parse(value)), 'an ISO-8601 time'),
  v.transform(value => new Date(value).toISOString()),
)

export const OfProject = v.object({ project: v.optional(text) })
export const TranscriptFormat = v.object({ format: v.optional(v.picklist(['json', 'markdown', 'org']), 'json') })
export const ListTranscripts = v.object({
  project: v.optional(text),
  limit: v.optional(number(1, 1000), '50'),
  cursor: v.optional(text),
})
export const SearchTranscripts = v.object({
  q: v.pipe(text, v.nonEmpty(), v.maxLength(1000)),
  project: v.optional(text),
  since: v.optional(time),
  until: v.optional(time),
  limit: v.optional(number(1, 1000), '50'),
  cursor: v.optional(text),
})
