import * as v from 'valibot'
import { EFFORTS } from '../event/parts.ts'
import {
  choice,
  flag,
  headers,
  integer,
  isTable,
  maybe,
  number,
  record,
  strings,
  table,
  text,
  texts,
  words,
} from './kinds.ts'
import { ownSandbox, sandbox } from './sandbox-schema.ts'
import { LONGEST_SECONDS, SCALARS, type ScalarKey, type Scalars, type Setting } from './settings.ts'

/**
 * `emacs-agent.toml` as it may be written. Every message completes "KEY must be …"; unknown keys are errors. What no schema
 * can say (reserved names, duplicates, command or url) is in `check.ts`.
 */

const NAME_RULE = 'written in small letters, digits, - and _, beginning with a letter or digit'
const name = v.pipe(
  v.string(NAME_RULE),
  v.maxLength(40, 'at most 40 letters long'),
  v.regex(/^[a-z0-9][a-z0-9_-]*$/, NAME_RULE),
)

/** Whatever people copy: providers get another name for its tools, rules take it as it is written. */
const SERVER_NAME = 'a name of visible characters'
const serverName = v.pipe(
  v.string(SERVER_NAME),
  v.trim(),
  v.nonEmpty(SERVER_NAME),
  v.maxLength(100, 'at most 100 letters long'),
  v.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, SERVER_NAME),
)

const HTTP_URL = 'an http:// or https:// URL'
const url = v.pipe(
  v.string(HTTP_URL),
  v.check(written => written.includes('${') || isHttpUrl(written), HTTP_URL),
)
const isHttpUrl = (written: string) => URL.canParse(written) && /^https?:$/.test(new URL(written).protocol)
/** Its address is the client's name, and the authorization server fetches it (client id metadata documents). */
const DOCUMENT_URL = 'the https:// URL of a document'
const documentUrl = v.pipe(
  v.string(DOCUMENT_URL),
  v.check(written => written.includes('${') || isDocumentUrl(written), DOCUMENT_URL),
)
const isDocumentUrl = (written: string) => /^https:\/\/[^/]+\/./.test(written) && URL.canParse(written)

const scalar = (key: ScalarKey): v.GenericSchema<string | number | boolean> => {
  const setting: Setting = SCALARS[key]
  switch (setting.kind) {
    case 'text':
      return text(setting.expected)
    case 'choice':
      return choice(setting.choices)
    case 'boolean':
      return flag
    case 'number': {
      const { min, max, expected } = setting
      return setting.integer ? integer(min, max, expected) : number(expected, min, max)
    }
  }
}

const scalars = Object.fromEntries(Object.keys(SCALARS).map(key => [key, maybe(scalar(key as ScalarKey))])) as {
  [K in ScalarKey]: v.OptionalSchema<v.GenericSchema<NonNullable<Scalars[K]>>, undefined>
}

const provider = table({
  kind: maybe(choice(['anthropic', 'openai', 'gemini', 'openai-compatible'])),
  api_key: maybe(v.string('a string')),
  api_key_command: maybe(v.pipe(texts, v.minLength(1, 'a program and its arguments'))),
  base_url: maybe(url),
  headers: maybe(headers),
  /** How long its server may say nothing, before an answer and within one. */
  timeout_seconds: maybe(number(`a number of seconds from 1 to ${LONGEST_SECONDS}`, 1, LONGEST_SECONDS)),
  /** Signing in by the device flow, with a client that the provider has registered for this program or its user. */
  oauth: maybe(
    table({
      client_id: text('the id of a registered client'),
      client_secret: maybe(text()),
      scope: maybe(text('scopes with spaces between them')),
      /** Its metadata (RFC 8414) name the endpoints that are not named here. */
      issuer: maybe(url),
      device_authorization_endpoint: maybe(url),
      token_endpoint: maybe(url),
      revocation_endpoint: maybe(url),
    }),
  ),
})

const limit = (what: string) => integer(0, 2 ** 31, `a number of ${what}, or 0 for no limit`)

const server = table({
  name: serverName,
  /** How other clients say what `command` or `url` says already. */
  type: maybe(v.string('a string')),
  transport: maybe(v.string('a string')),
  command: maybe(text('a program, with its arguments in args')),
  args: maybe(words),
  env: maybe(strings),
  cwd: maybe(text('a directory')),
  url: maybe(url),
  headers: maybe(headers),
  category: maybe(text()),
  format: maybe(choice(['json', 'toon'])),
  enabled: maybe(flag),
  disabled: maybe(flag),
  shared: maybe(choice(['project', 'all', 'session'])),
  allow: maybe(texts),
  deny: maybe(texts),
  /** Tools that may be called again after a crash in mid-call. */
  repeatable: maybe(texts),
  timeout_seconds: maybe(number(`a number of seconds from 0.1 to ${LONGEST_SECONDS}`, 0.1, LONGEST_SECONDS)),
  trust_annotations: maybe(flag),
  /** For a URL whose authorization server knows us already; without it we register ourselves. */
  oauth: maybe(
    table({
      client_id: maybe(text('the id of a registered client')),
      client_secret: maybe(text()),
      client_metadata_url: maybe(documentUrl),
      scope: maybe(text('scopes with spaces between them')),
    }),
  ),
  sandbox: maybe(ownSandbox),
  limits: maybe(
    table({
      cpu_seconds: maybe(limit('seconds')),
      memory_mb: maybe(limit('megabytes')),
      open_files: maybe(limit('files')),
    }),
  ),
})

const agent = table({
  description: maybe(v.string('a string')),
  model: maybe(text('a model id')),
  /** Restricts, never pre-approves: tool names or `tool(pattern)` rules. */
  allowed_tools: maybe(texts),
  system_prompt: maybe(v.string('a string')),
  max_tokens: maybe(integer(1, 10_000_000)),
  effort: maybe(choice(EFFORTS)),
  read_only: maybe(flag),
  write_paths: maybe(texts),
  /** What it may use up: rounds of a turn; tokens and dollars of a task that another agent gave it. */
  max_rounds: maybe(integer(1, 10_000)),
  max_total_tokens: maybe(integer(1, 1_000_000_000)),
  max_cost_usd: maybe(number('a number of dollars', 0, 1_000_000)),
  /** `worktree`: a delegated task runs in a git worktree of its own; its changes then ask for approval. */
  isolation: maybe(choice(['worktree', 'none'])),
  /** Whether it is offered `todo`. */
  todo: maybe(flag),
  sandbox: maybe(ownSandbox),
})

const dollars = number('dollars per million tokens', 0, 1_000_000)
const tokens = integer(1, 1_000_000_000, 'a number of tokens')
const MODEL_ID = 'named "provider/model"'
const price = { input: dollars, output: dollars, cache_read: maybe(dollars), cache_write: maybe(dollars) }
/** Prices of a request whose whole input, cached included, has more than `above` tokens. */
const tiers = maybe(v.array(table({ above: tokens, ...price }), 'a list of tables'))
const DAY = 'a day, written 2026-12-01'
/** TOML's own dates, or the same as a string. */
const day = v.pipe(
  v.union([v.string(), v.date()], DAY),
  v.transform(written => (typeof written === 'string' ? written : written.toISOString().slice(0, 10))),
  v.check(written => /^\d{4}-\d\d-\d\d$/.test(written) && !Number.isNaN(Date.parse(written)), DAY),
)
/** From a day (UTC) on; what it does not name stays. */
const change = table({
  from: day,
  input: maybe(dollars),
  output: maybe(dollars),
  cache_read: maybe(dollars),
  cache_write: maybe(dollars),
  tiers,
})
const model = table({
  context_window: maybe(tokens),
  max_output: maybe(tokens),
  /** A price that is absent is not known. */
  prices: maybe(table({ ...price, tiers, changes: maybe(v.array(change, 'a list of tables')) })),
  images: maybe(flag),
  tools: maybe(flag),
  /** How much it can be asked to think; empty where it cannot be asked. */
  efforts: maybe(v.array(choice(EFFORTS), `a list of ${EFFORTS.join(', ')}`)),
})

const HOOK_EVENTS = [
  'session.created',
  'prompt',
  'tool.call',
  'approval',
  'tool.result',
  'file.changed',
  'turn.end',
] as const
const hook = table({
  on: choice(HOOK_EVENTS),
  match: maybe(text('a rule: tool or tool(pattern)')),
  command: v.union(
    [text('a shell line'), v.pipe(texts, v.minLength(1, 'a program'))],
    'a shell line or a list of words',
  ),
  timeout_seconds: maybe(number('a number of seconds from 0.1 to 600', 0.1, 600)),
})

/** How a language server is started, and which files of a project it handles. */
const languageServer = table({
  command: v.pipe(texts, v.minLength(1, 'a program and its arguments')),
  files: v.pipe(texts, v.minLength(1, 'a list of file patterns, as ["*.ts"]')),
  /** LSP's names of the languages: of all its files, or by file pattern. */
  languages: maybe(v.union([texts, record(v.string(), text())], 'a list of language ids, or a table of them')),
  /** Answers to `workspace/configuration`, by section. */
  settings: maybe(isTable),
})

/** Reads the text on stdin and prints it formatted; `$FILE` is the file's absolute name. */
const formatter = v.pipe(texts, v.minLength(1, 'a program and its arguments'))

/** The service behind `web_search`; without a key (SearXNG: an address) there is no such tool. */
const webSearch = table({
  provider: choice(['brave', 'tavily', 'searxng']),
  api_key: maybe(v.string('a string')),
  base_url: maybe(url),
})

export const fileSchema = table({
  ...scalars,
  allowed_hosts: maybe(texts),
  allowed_directories: maybe(v.array(text('a directory'), 'a list of directories')),
  /** Tried in this order, for the rest of a turn, when its model stays overloaded. */
  fallback_models: maybe(v.array(text('a model id'), 'a list of model ids')),
  providers: maybe(record(name, provider)),
  mcp_servers: maybe(v.array(server, 'an array of tables, written [[mcp_servers]]')),
  permissions: maybe(table({ allow: maybe(texts), ask: maybe(texts), deny: maybe(texts) })),
  agents: maybe(record(name, agent)),
  sandbox: maybe(sandbox),
  hooks: maybe(v.array(hook, 'an array of tables, written [[hooks]]')),
  lsp: maybe(record(name, languageServer)),
  format: maybe(record(text('a file pattern'), formatter)),
  web_search: maybe(webSearch),
  telemetry: maybe(table({ otlp: maybe(url) })),
  models: maybe(record(v.pipe(v.string(), v.regex(/^[^\s/]+\/\S+$/, MODEL_ID)), model)),
})
export type FileConfig = v.InferOutput<typeof fileSchema>

/** Project real path → hash of its `emacs-agent.toml` when it was trusted. */
export const trustSchema = v.object({ projects: v.record(v.string(), v.string()) })

/** The keys that exist beside an unknown one, to suggest the nearest. `path` leads to the table. */
export function keysAt(path: readonly (string | number)[]): string[] {
  let schema: unknown = fileSchema
  for (const key of path) schema = below(schema, key)
  const { entries } = unwrap(schema)
  return entries ? Object.keys(entries) : []
}

type Shape = {
  entries?: Record<string, unknown>
  item?: unknown
  value?: unknown
  wrapped?: unknown
  pipe?: readonly [unknown, { kind: string }, ...unknown[]]
}

/** The schema inside `optional`, and the object or record behind `isTable`. */
const unwrap = (schema: unknown): Shape => {
  const shape = (schema ?? {}) as Shape
  if (shape.wrapped !== undefined) return unwrap(shape.wrapped)
  return shape.pipe?.[1].kind === 'schema' ? unwrap(shape.pipe[1]) : shape
}

const below = (schema: unknown, key: string | number): unknown => {
  const { entries, item, value } = unwrap(schema)
  return entries?.[key] ?? item ?? value
}
