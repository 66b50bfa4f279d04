import type {
  AgentConfig,
  Config,
  ConfigRule,
  FormatConfig,
  HookConfig,
  LspConfig,
  McpServerConfig,
  ModelConfig,
  ProviderConfig,
  TelemetryConfig,
  WebSearchConfig,
} from './config.ts'
import { type OwnSandbox, override, type SandboxEntry, tighten } from './sandbox.ts'
import { LIST_KEYS, type Lists, SCALAR_KEYS, type Scalars } from './settings.ts'

/** One place settings come from. `where` says, for each key and entry (`port`, `providers.local`), where exactly. */
export type Layer = {
  settings: Partial<Scalars & Lists>
  providers: Record<string, ProviderConfig>
  mcp_servers: Record<string, McpServerConfig>
  agents: Record<string, AgentConfig>
  models: Record<string, ModelConfig>
  hooks: HookConfig[]
  sandbox?: SandboxEntry
  /** The layer is a project's: its sandbox settings count where they restrict. */
  from_project?: true
  lsp: Record<string, LspConfig>
  /** Commands by file pattern. */
  format: Record<string, FormatConfig['command']>
  web_search?: WebSearchConfig
  telemetry?: TelemetryConfig
  rules: ConfigRule[]
  where: Record<string, string>
}

/** Without a prototype: names come from files, and may be `constructor`. */
export const dictionary = <T>(entries: Iterable<readonly [string, T]> = []): Record<string, T> => {
  const result: Record<string, T> = Object.create(null)
  for (const [key, value] of entries) result[key] = value
  return result
}

export const emptyLayer = (): Layer => ({
  settings: {},
  providers: dictionary(),
  mcp_servers: dictionary(),
  agents: dictionary(),
  models: dictionary(),
  hooks: [],
  lsp: dictionary(),
  format: dictionary(),
  rules: [],
  where: dictionary(),
})

/** Per key and per entry, the first layer that has it wins; rules add up. `layers` come strongest first. */
export function mergeLayers(layers: Layer[], defaults: Config): { config: Config; provenance: Record<string, string> } {
  const weakestFirst = layers.toReversed()
  const merged = <T>(pick: (layer: Layer) => Record<string, T>) =>
    dictionary(weakestFirst.flatMap(layer => Object.entries(pick(layer))))
  const rules = layers.flatMap(layer => layer.rules)
  const listed = (action: ConfigRule['action']) => [
    ...new Set(rules.filter(rule => rule.action === action).map(({ rule }) => rule)),
  ]
  const sandboxes = weakestFirst.filter(layer => layer.sandbox)
  const sandbox = sandboxes
    .filter(layer => !layer.from_project)
    .reduce((base, layer) => override(base, layer.sandbox), defaults.sandbox)
  const config: Config = {
    ...Object.assign({ ...defaults }, ...weakestFirst.map(layer => layer.settings)),
    providers: merged(layer => layer.providers),
    mcp_servers: Object.values(restricted(weakestFirst, layer => layer.mcp_servers)),
    agents: restricted(weakestFirst, layer => layer.agents),
    models: merged(layer => layer.models),
    permissions: { allow: listed('allow'), ask: listed('ask'), deny: listed('deny') },
    hooks: layers.flatMap(layer => layer.hooks),
    sandbox: sandboxes
      .filter(layer => layer.from_project)
      .reduce((base, layer) => tighten(base, layer.sandbox!), sandbox),
    lsp: merged(layer => layer.lsp),
    format: formatters(layers),
    web_search: layers.find(layer => layer.web_search)?.web_search,
    telemetry: layers.find(layer => layer.telemetry)?.telemetry,
    rules,
  }
  const settings = [...SCALAR_KEYS, ...LIST_KEYS]
  const provenance = dictionary([
    ...settings.map(key => [key, 'default'] as const),
    ...weakestFirst.flatMap(layer => Object.entries(layer.where)),
  ])
  return { config, provenance }
}

/** Entries by name. A project's entry that replaces another keeps the sandbox of the replaced one, and can only restrict it. */
function restricted<T extends { sandbox?: OwnSandbox }>(
  weakestFirst: Layer[],
  pick: (layer: Layer) => Record<string, T>,
): Record<string, T> {
  const merged = dictionary<T>()
  for (const layer of weakestFirst)
    for (const [name, entry] of Object.entries(pick(layer))) {
      const before = merged[name]?.sandbox
      const said = [before?.own, ...(before?.stricter ?? []), entry.sandbox?.own].filter(one => one !== undefined)
      merged[name] = layer.from_project && said.length > 0 ? { ...entry, sandbox: { stricter: said } } : entry
    }
  return merged
}

/** In the order in which they are tried: a pattern comes whole from the first layer that has it. */
function formatters(layers: Layer[]): FormatConfig[] {
  const written = layers.flatMap(({ format }) =>
    Object.entries(format).map(([pattern, command]): FormatConfig => ({ pattern, command })),
  )
  return written.filter(({ pattern }, at) => written.findIndex(entry => entry.pattern === pattern) === at)
}
