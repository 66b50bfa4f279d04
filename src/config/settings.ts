import { resolve } from 'node:path'
import type { Config, Dirs, McpServerEntry } from './config.ts'
import { expandHome } from './expand.ts'
import { defaultSandbox } from './sandbox.ts'

/** One scalar, said once for files, variables, flags and types. `expected` completes "must be …"; `initial` holds where no layer speaks. */
export type Setting =
  | { kind: 'text'; expected: string; initial?: string }
  | { kind: 'number'; integer: boolean; min: number; max: number; expected: string; initial: number }
  | { kind: 'choice'; choices: readonly string[]; expected: string; initial: string }
  | { kind: 'boolean'; expected: string; initial: boolean }

/** Longer would overflow the timers of the runtime (2^31 ms). */
export const LONGEST_SECONDS = 2_000_000

const text = (expected: string, initial?: string) => ({ kind: 'text' as const, expected, initial })
const flag = (initial: boolean) => ({ kind: 'boolean' as const, expected: 'true or false', initial })
const integer = (min: number, max: number, initial: number) => ({
  kind: 'number' as const,
  integer: true,
  min,
  max,
  expected: `an integer from ${min} to ${max}`,
  initial,
})
export const oneOf = (choices: readonly string[]): string => `one of ${choices.map(c => `"${c}"`).join(', ')}`
const choice = <const C extends readonly string[]>(choices: C, initial: C[number]) => ({
  kind: 'choice' as const,
  choices,
  expected: oneOf(choices),
  initial,
})

/** The top-level keys that are one value: what flags and `EMACS_AGENT_<KEY>` may set too. */
export const SCALARS = {
  host: text('a host name or an address', '127.0.0.1'),
  port: integer(0, 65_535, 9420),
  log_level: choice(['debug', 'info', 'warn', 'error'], 'info'),
  transcript_path: text('a directory', '~/.emacs-agent/transcripts'),
  /** Unset: each new session takes the best usable one. */
  model: text('a model id'),
  /** Writes titles; `none` writes none. Unset: the cheapest usable one of the session's provider. */
  small_model: text('a model id, or "none"'),
  /** The small model also writes the summaries that make room in a full context, where its window is large enough. */
  small_model_summaries: flag(false),
  agent: text("an agent's name", 'build'),
  max_rounds: integer(1, 10_000, 50),
  /** Edits of a turn wait for one review of them all, before anything is written. A session may have another value. */
  review_edits: flag(false),
  /** 0: a question waits without a limit. */
  approval_timeout_seconds: {
    kind: 'number',
    integer: false,
    min: 0,
    max: LONGEST_SECONDS,
    expected: `a number of seconds up to ${LONGEST_SECONDS}, or 0 for no limit`,
    initial: 0,
  },
  /** Dollars. A turn, and a session, that has cost so much asks before it goes on, and again after as much more. 0: never. */
  max_cost_usd: {
    kind: 'number',
    integer: false,
    min: 0,
    max: 1_000_000,
    expected: 'a number of dollars up to 1000000, or 0 for no limit',
    initial: 0,
  },
  /** Wait for a limit to end when the provider names a time, however far, instead of ending the turn. */
  wait_for_reset: flag(false),
  /** Of what is kept to undo changes, over all sessions. */
  undo_limit_mb: integer(16, 1_000_000, 512),
  /** Tokens that the instructions of the user and the project (AGENTS.md …) may take in one session. */
  instructions_budget: integer(0, 1_000_000, 12_000),
  /** Encode uniform tool results as TOON where that is shorter. */
  toon: flag(true),
} as const satisfies Record<string, Setting>

export type ScalarKey = keyof typeof SCALARS
type ValueOf<S extends Setting> = S extends { kind: 'choice'; choices: readonly (infer C)[] }
  ? C
  : { text: string; number: number; boolean: boolean; choice: string }[S['kind']]
type Values = { [K in ScalarKey]: ValueOf<(typeof SCALARS)[K]> }
export type Scalars = Omit<Values, Optional> & { [K in Optional]?: string }
/** Those without an initial value. */
type Optional = 'model' | 'small_model'

/** The top-level keys that are a list: only files set them. */
export const LIST_KEYS = ['allowed_hosts', 'allowed_directories', 'fallback_models'] as const
export type Lists = { [K in (typeof LIST_KEYS)[number]]: string[] }

export const SCALAR_KEYS = Object.keys(SCALARS) as ScalarKey[]
const initial = Object.fromEntries(
  SCALAR_KEYS.flatMap(key => (SCALARS[key].initial === undefined ? [] : [[key, SCALARS[key].initial]])),
) as Scalars

/** A scalar as it is written in a variable or behind a flag; undefined when it is malformed. */
export function readSetting(key: ScalarKey, written: string): string | number | boolean | undefined {
  const setting: Setting = SCALARS[key]
  const value = written.trim()
  switch (setting.kind) {
    case 'text':
      return value || undefined
    case 'choice':
      return setting.choices.includes(value) ? value : undefined
    case 'boolean':
      return { true: true, '1': true, false: false, '0': false }[value]
    case 'number': {
      if (!(setting.integer ? /^\d{1,9}$/ : /^\d{1,9}(\.\d{1,9})?$/).test(value)) return undefined
      const number = Number(value)
      return number >= setting.min && number <= setting.max ? number : undefined
    }
  }
}

/** What holds where no layer speaks (the contract, "Configuration"). `model` stays unset: sessions take the best usable one. */
export const defaultConfig = (dirs: Dirs): Config => ({
  ...initial,
  transcript_path: resolve(expandHome(initial.transcript_path, dirs.home)),
  allowed_hosts: [],
  allowed_directories: [],
  fallback_models: [],
  providers: {},
  mcp_servers: [],
  permissions: { allow: [], ask: [], deny: [] },
  agents: {},
  hooks: [],
  sandbox: defaultSandbox,
  lsp: {},
  format: [],
  project_trusted: false,
  models: {},
  rules: [],
})

/** What an entry of `[[mcp_servers]]` has without saying so. Limits of 0 become absent: no limit. */
export const defaultServer = (name: string) =>
  ({
    name,
    args: [],
    env: {},
    headers: {},
    category: name,
    format: 'json',
    enabled: true,
    shared: 'project',
    allow: [],
    deny: [],
    repeatable: [],
    timeout_seconds: 60,
    trust_annotations: false,
    limits: { cpu_seconds: 3600, memory_mb: 1024, open_files: 1024 },
  }) satisfies Partial<McpServerEntry>
