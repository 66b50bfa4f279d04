import { AppError } from '../../base/errors.ts'
import type { Config, ProviderKind } from '../../config/config.ts'

/** A provider as configured: what it speaks, where it is, and which environment variables may hold its key. */
export type Provider = {
  name: string
  kind: ProviderKind
  /** Unset: found by `discovery.ts` (local), or not needed (offline). */
  base_url?: string
  headers: Record<string, string>
  timeout_seconds?: number
  /** The configuration says where it is; `local` without that is looked for. */
  configured: boolean
  key_names: string[]
  /** What to take when nobody named a model. */
  preferred?: string
}

type BuiltIn = { kind: ProviderKind; base_url?: string; key_names: string[]; url_name?: string; preferred?: string }

/** In the order of preference, when no model is configured. Anthropic's base URL is without `/v1`, the others' with it. */
const BUILT_IN: Record<string, BuiltIn> = {
  anthropic: {
    kind: 'anthropic',
    base_url: 'https://api.anthropic.com',
    key_names: ['ANTHROPIC_API_KEY'],
    url_name: 'ANTHROPIC_BASE_URL',
    preferred: 'claude-sonnet-5-5',
  },
  openai: {
    kind: 'openai',
    base_url: 'https://api.openai.com/v1',
    key_names: ['OPENAI_API_KEY'],
    url_name: 'OPENAI_BASE_URL',
    preferred: 'gpt-6.1-terra',
  },
  gemini: {
    kind: 'gemini',
    base_url: 'https://generativelanguage.googleapis.com/v1beta/openai',
    key_names: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    preferred: 'gemini-4-argon',
  },
  local: { kind: 'openai-compatible', key_names: [] },
  offline: { kind: 'offline', key_names: [], preferred: 'guide' },
}

/** Other words for a provider, unless the configuration has one of that very name. */
const SYNONYMS: Record<string, string> = {
  claude: 'anthropic',
  google: 'gemini',
  ollama: 'local',
  lmstudio: 'local',
  llamacpp: 'local',
}

/**
 * All providers there are: the built-in ones, then those of the configuration. `ANTHROPIC_BASE_URL` and `OPENAI_BASE_URL`,
 * which the SDKs would read by themselves, count only where the configuration has no entry for that provider.
 */
export function providersOf(config: Config, env: Record<string, string | undefined>): Map<string, Provider> {
  const names = new Set([...Object.keys(BUILT_IN), ...Object.keys(config.providers)])
  return new Map(Array.from(names, name => [name, providerOf(name, config, env)]))
}

function providerOf(name: string, config: Config, env: Record<string, string | undefined>): Provider {
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined
  const entry = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined
  const fromEnv = entry || !builtIn?.url_name ? undefined : env[builtIn.url_name]?.trim()
  const base_url = (entry?.base_url || fromEnv || builtIn?.base_url)?.replace(/\/+$/, '')
  return {
    name,
    kind: entry?.kind ?? builtIn?.kind ?? 'openai-compatible',
    ...(base_url && { base_url }),
    headers: { ...entry?.headers },
    ...(entry?.timeout_seconds !== undefined && { timeout_seconds: entry.timeout_seconds }),
    configured: Boolean(entry?.base_url || fromEnv),
    key_names: builtIn?.key_names ?? [],
    ...(builtIn?.preferred && { preferred: builtIn.preferred }),
  }
}

/** The provider called `name`, by its own name or a synonym. */
export const findProvider = (providers: Map<string, Provider>, name: string): Provider | undefined =>
  providers.get(name) ?? providers.get(SYNONYMS[name.toLowerCase()] ?? name.toLowerCase())

/** Throws INVALID_REQUEST that names the providers there are, for a model of none of them. */
export function unknownProvider(providers: Map<string, Provider>): AppError {
  const known = [...providers.keys()]
  return new AppError(
    'INVALID_REQUEST',
    `No provider has this model. Write it as provider/model, with one of: ${known.join(', ')}. Others need a [providers.NAME] entry with kind = "openai-compatible" and a base_url.`,
    { known },
  )
}

/** Talks to a cloud service that refuses calls without a key. */
export const needsKey = (provider: Provider): boolean =>
  provider.kind === 'anthropic' || provider.kind === 'openai' || provider.kind === 'gemini'

/** How to give a provider its key, in one sentence. */
export function keyRemedy(provider: Provider): string {
  const inFile = `set api_key or api_key_command under [providers.${provider.name}] in emacs-agent.toml`
  const name = provider.key_names[0]
  return name ? `Set ${name}, or ${inFile}.` : `${inFile[0]!.toUpperCase()}${inFile.slice(1)}.`
}
