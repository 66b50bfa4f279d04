import { AppError } from '../../base/errors.ts'
import type { Config, ProviderKind } from '../../config/config.ts'
import { expandVariables } from '../../config/expand.ts'
import {
  type KeyHeader,
  KINDS,
  type Patience,
  VENDORS,
  type Vendor,
  vendorOf,
  type WireName,
} from '../../config/vendors.ts'

/** A provider as configured: what it speaks, where it is, and which environment variables may hold its key. */
export type Provider = {
  name: string
  kind: ProviderKind
  wires: readonly WireName[]
  /** Absent: found by `discovery.ts` (local), not needed (offline), or variables of its address are not set (`missing`). */
  base_url?: string
  /** Variables that its usual address needs. */
  missing: string[]
  headers: Record<string, string>
  key_header: KeyHeader
  /** A call without a key is refused. */
  needs_key: boolean
  /** It has an `oauth` table. */
  signs_in: boolean
  key_seconds?: number
  patience: Patience
  timeout_seconds?: number
  /** The configuration says where it is; `local` without that is looked for. */
  configured: boolean
  key_names: readonly string[]
  /** What to take when nobody named a model. */
  preferred?: string
}

type Env = Record<string, string | undefined>

/**
 * All providers there are: the rows of `vendors.ts`, then those of the configuration. A variable that holds an address
 * (`ANTHROPIC_BASE_URL`, which the SDKs would read by themselves) counts only where the configuration has no entry for that
 * provider. A server on this machine is a provider of its own only where the configuration names it, else part of `local`.
 */
export function providersOf(config: Config, env: Env): Map<string, Provider> {
  const known = Object.keys(VENDORS).filter(name => !VENDORS[name]!.server)
  const names = new Set([...known, ...Object.keys(config.providers)])
  return new Map(Array.from(names, name => [name, providerOf(name, config, env)]))
}

function providerOf(name: string, config: Config, env: Env): Provider {
  const vendor = vendorOf(name)
  const entry = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined
  const fromEnv = entry || !vendor?.url_name ? undefined : env[vendor.url_name]?.trim()
  const missing = new Set<string>()
  const given = entry?.base_url || fromEnv
  const base_url = (given || expandVariables(vendor?.base_url ?? '', env, missing)).replace(/\/+$/, '')
  const kind = entry?.kind ?? vendor?.kind ?? 'openai-compatible'
  const usual = KINDS[kind]
  // What the row says of keys and patience holds for the service itself, not for what stands in its place.
  const own: Partial<Vendor> = given || kind !== vendor?.kind ? {} : vendor
  const preferred = kind === 'openai-compatible' ? own.preferred : vendor?.preferred
  return {
    name,
    kind,
    wires: usual.wires,
    ...(base_url && (given || missing.size === 0) && { base_url }),
    missing: given ? [] : [...missing],
    headers: { ...entry?.headers },
    key_header: (kind === vendor?.kind && vendor.key_header) || usual.key_header,
    needs_key: own.needs_key ?? (usual.needs_key || entry?.oauth !== undefined),
    signs_in: entry?.oauth !== undefined,
    ...(vendor?.key_seconds && { key_seconds: vendor.key_seconds }),
    patience: own.patience ?? usual.patience,
    ...(entry?.timeout_seconds !== undefined && { timeout_seconds: entry.timeout_seconds }),
    configured: Boolean(given) || (Boolean(entry) && vendor?.server !== undefined),
    key_names: vendor?.key_names ?? [],
    ...(preferred && { preferred }),
  }
}

const ALIASES = new Map(
  Object.entries(VENDORS).flatMap(([name, { aliases = [] }]) => [name, ...aliases].map(word => [word, name] as const)),
)

/** The provider called `name`, by its own name or an alias; a server on this machine without an entry is `local`. */
export function findProvider(providers: Map<string, Provider>, name: string): Provider | undefined {
  const own = ALIASES.get(name.toLowerCase()) ?? name.toLowerCase()
  return providers.get(name) ?? providers.get(own) ?? (vendorOf(own)?.server && providers.get('local'))
}

/** Throws INVALID_REQUEST that names the providers there are, for a model of none of them. */
export function unknownProvider(providers: Map<string, Provider>): AppError {
  const known = [...providers.keys()]
  return new AppError(
    'INVALID_REQUEST',
    `No provider has this model. Write it as provider/model, with one of: ${known.join(', ')}. Others need a [providers.NAME] entry with kind = "openai-compatible" and a base_url.`,
    { known },
  )
}

/** How to give a provider its key, in one sentence. */
export function keyRemedy(provider: Provider): string {
  if (provider.signs_in) return `Run: emacs-agent-backend login ${provider.name}`
  const inFile = `set api_key or api_key_command under [providers.${provider.name}] in emacs-agent.toml`
  const name = provider.key_names[0]
  return name ? `Set ${name}, or ${inFile}.` : `${inFile[0]!.toUpperCase()}${inFile.slice(1)}.`
}

/** How to give a provider its address, in one sentence. */
export function addressRemedy({ name, missing }: Provider): string {
  const url_name = vendorOf(name)?.url_name
  const variables = [missing.join(' and '), url_name].filter(Boolean).join(', or ')
  const inFile = `base_url under [providers.${name}] in emacs-agent.toml`
  return variables ? `Its address is not known. Set ${variables}, or ${inFile}.` : `Set ${inFile}.`
}
