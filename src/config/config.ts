import type { OwnSandbox, SandboxConfig } from './sandbox.ts'
import type { FileConfig } from './schema.ts'
import type { defaultServer, Lists, Scalars } from './settings.ts'

/** The configuration in force, merged from its layers (see `load.ts`). Same words as in `emacs-agent.toml`. */
export type Config = Scalars &
  Lists & {
    providers: Record<string, ProviderConfig>
    mcp_servers: McpServerConfig[]
    permissions: Permissions
    agents: Record<string, AgentConfig>
    hooks: HookConfig[]
    sandbox: SandboxConfig
    /** The user's language servers, by name. */
    lsp: Record<string, LspConfig>
    /** The first whose pattern fits a file formats it. */
    format: FormatConfig[]
    /** Whether the project's file is trusted: programs that the project brings may then run. */
    project_trusted: boolean
    /** Overrides of the bundled table, by `provider/model`. */
    models: Record<string, ModelConfig>
    web_search?: WebSearchConfig
    telemetry?: TelemetryConfig
    /** Where each rule of `permissions` came from. */
    rules: ConfigRule[]
  }

export type LogLevel = Scalars['log_level']
type Permissions = { allow: string[]; ask: string[]; deny: string[] }
export type ConfigRule = { rule: string; action: keyof Permissions; origin: string }

type Entry<K extends keyof FileConfig> = NonNullable<FileConfig[K]>

export type ProviderConfig = Omit<Entry<'providers'>[string], 'kind'> & {
  kind?: ProviderKind
  /** Variables that its `api_key` names and that are not set: the key may still come from elsewhere. */
  key_unset?: string[]
  /** Variables that its `base_url` or `headers` name and that are not set: using it is an error that names them. */
  unset?: string[]
  /** Values that its headers take from the environment: secrets, whatever they are called. */
  taken?: string[]
}

export type OAuthConfig = NonNullable<ProviderConfig['oauth']>

export type McpServerEntry = Entry<'mcp_servers'>[number]
type Defaulted = Exclude<keyof ReturnType<typeof defaultServer>, 'limits'>
/** Its limits are absent where none holds (written 0). */
export type McpServerConfig = Omit<
  McpServerEntry,
  Defaulted | 'limits' | 'type' | 'transport' | 'disabled' | 'sandbox'
> &
  Required<Pick<McpServerEntry, Defaulted>> & {
    limits: NonNullable<McpServerEntry['limits']>
    sandbox?: OwnSandbox
    /** Variables that its values name and that are not set: starting it is an error that names them. */
    unset?: string[]
    /** Values that its `env` and headers take from the environment: secrets, whatever they are called. */
    taken?: string[]
    /** The file that declared it. */
    origin: string
  }

export type AgentConfig = Omit<Entry<'agents'>[string], 'sandbox'> & { origin?: string; sandbox?: OwnSandbox }

/** A program of the user's that runs at an event of a session. */
export type HookConfig = Entry<'hooks'>[number]

export type LspConfig = Entry<'lsp'>[string]

/** A program that reads a text on stdin and prints it formatted. */
export type FormatConfig = { pattern: string; command: Entry<'format'>[string] }

export type WebSearchConfig = Entry<'web_search'>

export type TelemetryConfig = Entry<'telemetry'>

export type ModelConfig = Entry<'models'>[string]

/** Where things live: passed in, so that nothing below `main` reads the environment. */
export type Dirs = { config: string; state: string; home: string }

/** Dollars per million tokens. */
export type Prices = NonNullable<ModelConfig['prices']>
export type Tier = NonNullable<Prices['tiers']>[number]
export type PriceChange = NonNullable<Prices['changes']>[number]

export type ProviderKind = 'anthropic' | 'openai' | 'gemini' | 'openai-compatible' | 'offline'
