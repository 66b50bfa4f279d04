import { defined } from '../base/defined.ts'
import { ACTIONS, WRITING_AGENT } from './check.ts'
import type { McpServerConfig, ProviderConfig } from './config.ts'
import type { Env } from './dirs.ts'
import { isSecretName, mayBeSecret } from './environment.ts'
import { type ExpandContext, expandHome, expandPath, expandVariables } from './expand.ts'
import type { ParsedFile } from './file.ts'
import { dictionary, emptyLayer, type Layer } from './layers.ts'
import type { Path } from './locate.ts'
import type { ConfigProblem } from './problem.ts'
import { expandSandbox, type OwnSandbox, type SandboxEntry } from './sandbox.ts'
import type { FileConfig } from './schema.ts'
import { defaultServer } from './settings.ts'

/**
 * A parsed file with its paths and variables expanded and its defaults filled in. A variable that is not set leaves an
 * `api_key` unset and is listed in the `unset` of other entries; in a top-level path it is a problem.
 */
export function fileLayer(file: ParsedFile, around: ExpandContext): { layer: Layer; problems: ConfigProblem[] } {
  const { providers = {}, mcp_servers = [], permissions = {}, agents = {}, models = {}, ...others } = file.data
  const { hooks, lsp = {}, format = {}, sandbox, web_search, telemetry, ...settings } = others
  const layer = emptyLayer()
  const origin = (path: Path) => `${file.path}:${file.lineOf(path)}`
  for (const key of Object.keys(settings)) layer.where[key] = origin([key])
  const entries = <T>(kind: Exclude<keyof FileConfig & keyof Layer, 'hooks'>, list: [string, T, Path][]) => {
    for (const [name, , path] of list) layer.where[`${kind}.${name}`] = origin(path)
    return dictionary(list.map(([name, entry]) => [name, entry] as const))
  }

  const problems: ConfigProblem[] = []
  const expanded = <T>(key: Path, expand: (unset: Set<string>) => T): T => {
    const unset = new Set<string>()
    const value = expand(unset)
    const text = `names a variable that is not set: ${[...unset].join(', ')}`
    if (unset.size > 0) problems.push(file.problemAt({ path: key, text }))
    return value
  }
  const pathAt = (key: Path, written: string) => expanded(key, unset => expandPath(written, around, unset))
  const sandboxAt = (key: Path, entry: SandboxEntry): OwnSandbox => ({
    own: expanded(key, unset => expandSandbox(entry, around, unset)),
  })
  layer.settings = settings
  if (settings.transcript_path !== undefined)
    layer.settings.transcript_path = pathAt(['transcript_path'], settings.transcript_path)
  if (settings.allowed_directories)
    layer.settings.allowed_directories = settings.allowed_directories.map((path, index) =>
      pathAt(['allowed_directories', index], path),
    )

  layer.providers = entries(
    'providers',
    Object.entries(providers).map(([name, entry]) => [name, providerFrom(entry, around), ['providers', name]]),
  )
  layer.mcp_servers = entries(
    'mcp_servers',
    mcp_servers.map((entry, index) => [entry.name, serverFrom(entry, file.path, around), ['mcp_servers', index]]),
  )
  layer.agents = entries(
    'agents',
    Object.entries(agents).map(([name, { sandbox, ...entry }]) => [
      name,
      { ...entry, ...(sandbox && { sandbox: sandboxAt(['agents', name, 'sandbox'], sandbox) }), origin: file.path },
      ['agents', name],
    ]),
  )
  // Its restrictions are not known, and the shipped agent of that name has none: until it is corrected it changes nothing.
  for (const name of file.left_out_agents)
    if (name === WRITING_AGENT) layer.agents[name] = { read_only: true, origin: file.path }
  if (hooks) layer.hooks = hooks
  if (telemetry) {
    layer.telemetry = telemetry
    layer.where['telemetry'] = origin(['telemetry'])
  }
  if (web_search) {
    // Without its key it is off.
    layer.web_search = { ...web_search, ...expandValues(defined(web_search), around.env, new Set()) }
    layer.where['web_search'] = origin(['web_search'])
  }
  if (sandbox) layer.sandbox = sandboxAt(['sandbox'], sandbox).own
  if (file.from_project) layer.from_project = true
  layer.lsp = entries(
    'lsp',
    Object.entries(lsp).map(([name, entry]) => [name, entry, ['lsp', name]]),
  )
  layer.format = entries(
    'format',
    Object.entries(format).map(([pattern, command]) => [pattern, command, ['format', pattern]]),
  )
  layer.models = entries(
    'models',
    Object.entries(models).map(([name, entry]) => [name, entry, ['models', name]]),
  )
  layer.rules = ACTIONS.flatMap(action =>
    (permissions[action] ?? []).map((rule, index) => ({
      rule,
      action,
      origin: origin(['permissions', action, index]),
    })),
  )
  return { layer, problems }
}

type Entry<K extends keyof FileConfig> = NonNullable<FileConfig[K]>

function providerFrom(entry: Entry<'providers'>[string], { env }: ExpandContext): ProviderConfig {
  const unset = new Set<string>()
  const { api_key, ...rest } = entry
  const provider: ProviderConfig = rest
  const keyless = new Set<string>()
  const key = expandVariables(api_key ?? '', env, keyless).trim()
  if (keyless.size > 0) provider.key_unset = [...keyless]
  else if (key) provider.api_key = key
  if (entry.base_url !== undefined) provider.base_url = expandVariables(entry.base_url, env, unset)
  const taken = new Map<string, string>()
  if (entry.headers) provider.headers = expandValues(entry.headers, env, unset, taken)
  const secrets = secretsIn(taken, provider.headers)
  if (secrets.length > 0) provider.taken = secrets
  if (entry.oauth) provider.oauth = { ...entry.oauth, ...expandValues(entry.oauth, env, unset) }
  if (unset.size > 0) provider.unset = [...unset]
  return provider
}

function serverFrom(written: Entry<'mcp_servers'>[number], origin: string, around: ExpandContext): McpServerConfig {
  const { env, home } = around
  const { type: _, transport: __, disabled, sandbox, ...entry } = written
  const unset = new Set<string>()
  // Without a base: what is relative begins at the project the server is started for.
  const path = (written: string) => expandHome(expandVariables(written, env, unset, elsewhere), home)
  const defaults = defaultServer(entry.name)
  const taken = new Map<string, string>()
  const elsewhere = new Map<string, string>()
  const server: McpServerConfig = {
    ...defaults,
    ...entry,
    enabled: disabled !== true && entry.enabled !== false,
    args: (entry.args ?? []).map(path),
    env: Object.fromEntries(
      Object.entries(entry.env ?? {}).map(([key, value]) => [
        key,
        expandHome(expandVariables(value, env, unset, taken), home),
      ]),
    ),
    headers: expandValues(entry.headers ?? {}, env, unset, taken),
    limits: dictionary(Object.entries({ ...defaults.limits, ...entry.limits }).filter(([, limit]) => limit > 0)),
    origin,
  }
  if (sandbox) server.sandbox = { own: expandSandbox(sandbox, around, unset) }
  if (entry.command !== undefined) server.command = path(entry.command)
  if (entry.cwd !== undefined) server.cwd = path(entry.cwd)
  if (entry.url !== undefined) server.url = expandVariables(entry.url, env, unset, elsewhere)
  if (entry.oauth) server.oauth = expandValues(entry.oauth, env, unset)
  if (unset.size > 0) server.unset = [...unset]
  for (const [name, value] of elsewhere) if (isSecretName(name)) taken.set(name, value)
  const secrets = secretsIn(taken, server.env, server.headers)
  if (secrets.length > 0) server.taken = secrets
  return server
}

/** What was taken, by itself and with what the file puts around it. */
function secretsIn(taken: Map<string, string>, ...places: (Record<string, string> | undefined)[]): string[] {
  const values = [...taken].filter(([name, value]) => mayBeSecret(name, value)).map(([, value]) => value)
  const whole = places.flatMap(place => Object.values(place ?? {}))
  return [...new Set([...values, ...whole.filter(text => values.some(value => text.includes(value)))])]
}

const expandValues = (
  values: Record<string, string>,
  env: Env,
  unset: Set<string>,
  taken?: Map<string, string>,
): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, expandVariables(value, env, unset, taken)]))
