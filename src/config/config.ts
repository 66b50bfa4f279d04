import type { Effort } from '../event.ts'

/** The configuration in force, merged from its layers (see `load.ts`). Same words as in `emacs-agent.toml`. */
export type Config = {
  host: string
  port: number
  log_level: LogLevel
  allowed_hosts: string[]
  transcript_path: string
  /** Unset: each new session takes the best usable one. */
  model?: string
  agent: string
  max_rounds: number
  /** Wait for a limit to end when the provider names a time, however far, instead of ending the turn. */
  wait_for_reset: boolean
  /** 0: a question waits for ever. */
  approval_timeout_seconds: number
  allowed_directories: string[]
  /** Encode uniform tool results as TOON where that is shorter. */
  toon: boolean
  providers: Record<string, ProviderConfig>
  mcp_servers: McpServerConfig[]
  permissions: Permissions
  agents: Record<string, AgentConfig>
  /** Overrides of the bundled table, by `provider/model`. */
  models: Record<string, ModelConfig>
  /** Where each rule of `permissions` came from. */
  rules: ConfigRule[]
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type Permissions = { allow: string[]; ask: string[]; deny: string[] }
export type ConfigRule = { rule: string; action: 'allow' | 'ask' | 'deny'; origin: string }

export type ProviderConfig = {
  kind?: ProviderKind
  api_key?: string
  api_key_command?: string[]
  base_url?: string
  headers?: Record<string, string>
  /** How long its server may say nothing, before an answer and within one. */
  timeout_seconds?: number
  /** Variables that its `api_key` names and that are not set: the key may still come from elsewhere. */
  key_unset?: string[]
  /** Variables that its `base_url` or `headers` name and that are not set: using it is an error that names them. */
  unset?: string[]
}

export type McpServerConfig = {
  name: string
  command?: string
  args: string[]
  env: Record<string, string>
  cwd?: string
  url?: string
  headers: Record<string, string>
  category: string
  format: 'json' | 'toon'
  enabled: boolean
  shared: 'project' | 'all' | 'session'
  allow: string[]
  deny: string[]
  /** Tools that may be called again after a crash in mid-call. */
  repeatable: string[]
  timeout_seconds: number
  trust_annotations: boolean
  /** Absent: no limit (written 0). */
  limits: { cpu_seconds?: number; memory_mb?: number; open_files?: number }
  /** For a URL whose authorization server knows us already; without it we register ourselves. */
  oauth?: { client_id?: string; client_secret?: string; client_metadata_url?: string; scope?: string }
  /** Variables that its values name and that are not set: starting it is an error that names them. */
  unset?: string[]
  /** The file that declared it. */
  origin: string
}

export type AgentConfig = {
  description?: string
  model?: string
  /** Restricts, never pre-approves: tool names or `tool(pattern)` rules. */
  allowed_tools?: string[]
  system_prompt?: string
  max_tokens?: number
  effort?: Effort
  read_only?: boolean
  write_paths?: string[]
  origin?: string
}

export type ModelConfig = {
  context_window?: number
  max_output?: number
  prices?: Prices
  images?: boolean
  tools?: boolean
}

/** Where things live: passed in, so that nothing below `main` reads the environment. */
export type Dirs = { config: string; state: string; home: string }

/** Dollars per million tokens. */
export type Prices = { input: number; output: number; cache_read?: number; cache_write?: number }

export type ProviderKind = 'anthropic' | 'openai' | 'gemini' | 'openai-compatible' | 'offline'
