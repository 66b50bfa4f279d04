import { join } from 'node:path'
import type { Config, Dirs, LogLevel, McpServerConfig } from './config.ts'

/** The top-level keys that are one value: what flags and `EMACS_AGENT_<KEY>` may set too. */
export type Scalars = Pick<
  Config,
  | 'host'
  | 'port'
  | 'log_level'
  | 'transcript_path'
  | 'model'
  | 'agent'
  | 'max_rounds'
  | 'approval_timeout_seconds'
  | 'wait_for_reset'
  | 'toon'
>
export type ScalarKey = keyof Scalars
export type Lists = Pick<Config, 'allowed_hosts' | 'allowed_directories'>

/** One scalar, said once for files, variables and flags. `expected` completes "must be …". */
export type Setting =
  | { kind: 'text'; expected: string }
  | { kind: 'number'; integer: boolean; min: number; max: number; expected: string }
  | { kind: 'choice'; choices: readonly string[]; expected: string }
  | { kind: 'boolean'; expected: string }

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
/** Longer would overflow the timers of the runtime (2^31 ms). */
export const LONGEST_SECONDS = 2_000_000

const text = (expected: string): Setting => ({ kind: 'text', expected })
const integer = (min: number, max: number): Setting => ({
  kind: 'number',
  integer: true,
  min,
  max,
  expected: `an integer from ${min} to ${max}`,
})
export const oneOf = (choices: readonly string[]): string => `one of ${choices.map(c => `"${c}"`).join(', ')}`

export const SCALARS: Record<ScalarKey, Setting> = {
  host: text('a host name or an address'),
  port: integer(0, 65_535),
  log_level: { kind: 'choice', choices: LOG_LEVELS, expected: oneOf(LOG_LEVELS) },
  transcript_path: text('a directory'),
  model: text('a model id'),
  agent: text("an agent's name"),
  max_rounds: integer(1, 10_000),
  approval_timeout_seconds: {
    kind: 'number',
    integer: false,
    min: 0,
    max: LONGEST_SECONDS,
    expected: `a number of seconds up to ${LONGEST_SECONDS}, or 0 for no limit`,
  },
  wait_for_reset: { kind: 'boolean', expected: 'true or false' },
  toon: { kind: 'boolean', expected: 'true or false' },
}

export const SCALAR_KEYS = Object.keys(SCALARS) as ScalarKey[]

/** A scalar as it is written in a variable or behind a flag; undefined when it is malformed. */
export function readSetting(key: ScalarKey, written: string): string | number | boolean | undefined {
  const setting = SCALARS[key]
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
  host: '127.0.0.1',
  port: 9420,
  log_level: 'info',
  allowed_hosts: [],
  transcript_path: join(dirs.home, '.emacs-agent', 'transcripts'),
  agent: 'build',
  max_rounds: 50,
  approval_timeout_seconds: 0,
  allowed_directories: [],
  wait_for_reset: false,
  toon: true,
  providers: {},
  mcp_servers: [],
  permissions: { allow: [], ask: [], deny: [] },
  agents: {},
  models: {},
  rules: [],
})

export const defaultServer = (name: string): Omit<McpServerConfig, 'origin'> => ({
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
})
