import { isAbsolute, resolve } from 'node:path'
import * as v from 'valibot'

import { readRemoteName } from '../base/remote-name.ts'
import { EFFORTS, MODES } from '../event/parts.ts'
import { GROUPS } from '../session/spending.ts'
import { FORMAT_NAMES } from '../transcript/formats.ts'
import { MOST_STEPS } from '../transcript/plan.ts'
import { present } from './present.ts'

/** The request bodies and queries of the contract. Each is validated with, and documented from, the same schema. */

/** The same schema, but for arrays: valibot takes one for an object. */
const noArray = <S extends v.GenericSchema>(schema: S): S => ({
  ...schema,
  '~run': (dataset, config) =>
    schema['~run'](Array.isArray(dataset.value) ? { ...dataset, value: 'an array' } : dataset, config),
})
/** Optional fields may be sent as null, which is as good as not at all. */
const object = <const E extends v.ObjectEntries>(entries: E) =>
  v.pipe(
    noArray(v.object(entries)),
    v.transform(value => present(value)),
  )
const maybe = v.nullish

const text = v.string()
const name = v.pipe(text, v.nonEmpty(), v.maxLength(200))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const line = v.pipe(v.number(), v.integer(), v.minValue(1))
const Params = noArray(v.record(text, v.unknown()))

const isVariable = ([name, value]: [string, unknown]) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && typeof value === 'string' && !value.includes('\0')
/** Checked as a whole, so that the answer names no variable. */
const Variables = v.pipe(
  Params,
  v.check(
    env => Object.entries(env).every(isVariable),
    'names of letters, digits and _ with values that are strings without NUL',
  ),
  v.transform(env => env as Record<string, string>),
)

const Settings = {
  auto_approve_readonly: maybe(v.boolean()),
  auto_approve_tools: maybe(v.array(v.pipe(text, v.nonEmpty(), v.maxLength(1000)))),
  mode: maybe(v.picklist(MODES)),
  review_edits: maybe(v.boolean()),
}

export const CreateSession = object({
  project_path: v.pipe(
    text,
    v.nonEmpty(),
    v.maxLength(4096),
    v.description('An absolute path, or a directory on another machine as Emacs names it: /ssh:user@host:/directory'),
  ),
  model: maybe(name),
  agent: maybe(name),
  title: maybe(v.pipe(text, v.maxLength(500))),
  env: maybe(Variables),
  config: maybe(object({ ...Settings, save_transcript: maybe(v.boolean()) })),
})

/** Refused rather than ignored: who sends it believes that it does something. */
const Unchangeable = maybe(
  v.pipe(
    v.unknown(),
    v.check(() => false, 'it to be left out: whether a session is saved is settled when it begins'),
    v.transform((): undefined => undefined),
  ),
)

export const UpdateSession = object({
  model: maybe(name),
  agent: maybe(name),
  title: maybe(v.pipe(text, v.maxLength(500))),
  config: maybe(object({ ...Settings, save_transcript: Unchangeable })),
})

/** `col` is what older clients send. */
const Position = v.pipe(
  object({ line, column: maybe(count), col: maybe(count) }),
  v.transform(({ line, column, col }) => ({ line, column: column ?? col ?? 0 })),
)

const Context = object({
  current_file: maybe(text),
  cursor_position: maybe(Position),
  visible_region: maybe(object({ start: count, end: count })),
  region: maybe(object({ path: maybe(text), start: count, end: count, text })),
  files: maybe(v.array(text)),
  buffers: maybe(v.array(object({ path: text, text }))),
  diagnostics: maybe(v.array(object({ path: text, line: count, column: maybe(count), severity: text, message: text }))),
})

const Attachment = v.union(
  [
    object({ path: v.pipe(text, v.nonEmpty(), v.maxLength(4096)) }),
    object({ media_type: v.pipe(text, v.regex(/^[\w.+-]+\/[\w.+-]+$/)), data: v.pipe(text, v.base64()) }),
  ],
  'a `path`, or a `media_type` with `data` in base64',
)

export const SendPrompt = v.pipe(
  object({
    text: maybe(text),
    command: maybe(object({ name, arguments: maybe(v.pipe(text, v.maxLength(100_000))) })),
    prompt_id: maybe(name),
    context: maybe(Context),
    attachments: maybe(v.pipe(v.array(Attachment), v.maxLength(50))),
    agent: maybe(name),
    effort: maybe(v.picklist(EFFORTS)),
    until: maybe(v.pipe(text, v.trim(), v.nonEmpty(), v.maxLength(10_000))),
    when_busy: maybe(v.picklist(['queue', 'steer', 'reject'])),
    wait: maybe(v.boolean()),
  }),
  // Providers refuse a message that says nothing.
  v.forward(
    v.check(
      ({ text = '', attachments, command }) => text.trim() !== '' || Boolean(attachments?.length || command),
      'a text that says something, or a command',
    ),
    ['text'],
  ),
  v.forward(
    v.check(({ text, command }) => text === undefined || command === undefined, 'no text beside a command'),
    ['text'],
  ),
)

const step = object({
  id: maybe(v.pipe(text, v.regex(/^[\w.:-]{1,200}$/, 'letters, digits, and _.:-'))),
  title: v.pipe(text, v.trim(), v.nonEmpty(), v.maxLength(2000)),
  status: v.picklist(['pending', 'in_progress', 'done', 'dropped']),
  files: maybe(v.pipe(v.array(v.pipe(text, v.nonEmpty(), v.maxLength(4096))), v.maxLength(100))),
  check: maybe(v.pipe(text, v.maxLength(2000))),
})

export const SetPlan = object({ items: v.pipe(v.array(step), v.maxLength(MOST_STEPS)) })

/** `tool_call_id`: of the call that started a delegated agent, which is stopped alone. */
export const Interrupt = object({ tool_call_id: maybe(name) })

export const Rewind = object({ turn_id: name, files: maybe(v.boolean()) })

export const Fork = object({ turn_id: maybe(name), title: maybe(v.pipe(text, v.maxLength(500))) })

export const Compact = object({ instructions: maybe(v.pipe(text, v.maxLength(10_000))) })

export const Retry = object({ model: maybe(name), wait: maybe(v.boolean()) })

export const Approve = object({
  tool_call_id: name,
  preview_hash: maybe(text),
  params: maybe(Params),
  content: maybe(text),
  files: maybe(
    v.pipe(
      v.array(object({ path: v.pipe(text, v.nonEmpty(), v.maxLength(4096)), content: maybe(text) })),
      v.maxLength(10_000),
    ),
  ),
  remember: maybe(v.picklist(['session', 'project'])),
})

export const Reject = object({
  tool_call_id: name,
  reason: maybe(v.pipe(text, v.maxLength(10_000))),
  remember: maybe(v.picklist(['session'])),
})

export const AnswerQuestion = object({
  question_id: name,
  action: v.picklist(['accept', 'decline', 'cancel']),
  content: v.optional(v.unknown()),
})

export const FollowSession = v.object({ render: v.optional(v.picklist(['org'])) })

const path = v.pipe(text, v.nonEmpty(), v.maxLength(4096), v.excludes('\0'))

export const Undo = object({
  turn_id: maybe(name),
  tool_call_id: maybe(name),
  paths: maybe(v.pipe(v.array(path), v.minLength(1, 'at least one path'), v.maxLength(10_000))),
  hunks: maybe(
    v.pipe(v.array(object({ path, diff: v.pipe(text, v.nonEmpty()) })), v.minLength(1), v.maxLength(10_000)),
  ),
  dry_run: maybe(v.boolean()),
})

export const Redo = object({ undo_id: maybe(name) })

/** The id of an event is a number, that of a turn is not. */
export const Since = v.object({
  since: v.optional(
    v.pipe(
      text,
      v.nonEmpty(),
      v.maxLength(200),
      v.transform(since => (/^\d{1,15}$/.test(since) ? Number(since) : since)),
    ),
  ),
})

export const Buffers = object({
  unsaved: v.array(object({ path: v.pipe(text, v.nonEmpty(), v.maxLength(4096)), text })),
})

const NAMES_TOOLS = v.pipe(v.array(v.pipe(text, v.maxLength(200))), v.maxLength(32))

/** Tools that are not known are ignored: a newer client may register more. `tools` null, and nothing less, detaches. */
export const AttachEditor = noArray(
  v.object({
    tools: v.nullable(NAMES_TOOLS),
    name: v.pipe(
      v.nullish(v.pipe(text, v.maxLength(200)), ''),
      v.transform(name => name.trim() || 'the editor'),
    ),
  }),
)

export const AnswerEditor = object({
  result: v.optional(v.unknown()),
  error: maybe(object({ message: v.pipe(text, v.maxLength(10_000)) })),
  progress: maybe(
    object({ message: v.pipe(text, v.maxLength(1000)), output: maybe(v.pipe(text, v.maxLength(100_000))) }),
  ),
})

export const ProviderKey = object({
  key: v.pipe(text, v.trim(), v.nonEmpty(), v.maxLength(4096), v.regex(/^[\x21-\x7e]*$/, 'printable characters')),
})

const limit = v.optional(
  v.pipe(text, v.regex(/^\d{1,9}$/, 'a number'), v.transform(Number), v.minValue(1), v.maxValue(1000)),
  '50',
)
/** A time, or a date: from its beginning, or to its end. `Date.parse` alone takes much that is neither. */
const time = (hour: string) =>
  v.pipe(
    text,
    v.transform(value => (/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T${hour}Z` : value)),
    v.check(
      value => /^\d{4}-\d\d-\d\d[T ]\d[\d:.,+Z-]+$/i.test(value) && !Number.isNaN(Date.parse(value)),
      'an ISO-8601 time',
    ),
    v.transform(value => new Date(value).toISOString()),
  )
/** Written like the `project_path` of a session: without a slash at the end. */
const project = v.optional(
  v.pipe(
    text,
    v.maxLength(4096),
    v.check(path => isAbsolute(path) && !path.includes('\0'), 'an absolute path'),
    v.transform(path => {
      const remote = readRemoteName(path)
      return remote ? remote.prefix + remote.path : resolve(path)
    }),
  ),
)
const cursor = v.optional(v.pipe(text, v.maxLength(200)))

/** What is not a whole day is a time. `until` is exclusive, unlike in a search. */
export const UsageOf = v.object({
  since: v.optional(time('00:00:00.000')),
  until: v.optional(time('00:00:00.000')),
  by: v.optional(v.picklist(GROUPS), 'model'),
})
export const OfProject = v.object({ project })
export const RestartServer = v.object({
  project,
  session: v.pipe(
    v.optional(text),
    v.description('The session whose user is asked to sign in, where the server wants that'),
  ),
})
const argument = v.optional(v.pipe(text, v.maxLength(2000)))
export const CompleteArgument = v.pipe(
  v.object({
    project,
    prompt: argument,
    template: argument,
    argument: name,
    value: v.optional(v.pipe(text, v.maxLength(2000)), ''),
  }),
  v.check(
    ({ prompt, template }) => (prompt === undefined) !== (template === undefined),
    'either a prompt or a template',
  ),
)
export const TranscriptFormat = v.object({ format: v.optional(v.picklist(FORMAT_NAMES), 'json') })
export const ListTranscripts = v.object({ project, limit, cursor })
export const SearchTranscripts = v.object({
  q: v.pipe(text, v.nonEmpty(), v.maxLength(1000)),
  project,
  since: v.optional(time('00:00:00.000')),
  until: v.optional(time('23:59:59.999')),
  limit,
  cursor,
})
