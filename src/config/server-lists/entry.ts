type Table = Record<string, unknown>
export const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** A server in our own words; `dropped` are the fields of the other client that have no meaning here. */
export type Converted = { entry: Record<string, unknown> & { name: string }; dropped: string[] }

/** Said otherwise by what the entry has, or about nothing. */
const IMPLIED = new Set(['type', 'transport', 'source', '$schema', 'name', 'id'])

/** Each field of ours, from whatever the other clients call it. A field that is read here is not dropped. */
const FIELDS: Record<string, (value: unknown, entry: Table) => void> = {
  command(value, entry) {
    if (Array.isArray(value)) {
      entry['command'] = value[0]
      entry['args'] = value.slice(1)
    } else if (isTable(value)) {
      // Zed, as it was: { path, args, env }.
      entry['command'] = value['path']
      if (value['args']) entry['args'] = value['args']
      if (value['env']) entry['env'] = value['env']
    } else entry['command'] = value
  },
  args: (value, entry) => (entry['args'] = value),
  cwd: (value, entry) => (entry['cwd'] = value),
  enabled: (value, entry) => (entry['enabled'] = value),
  disabled: (value, entry) => value === true && (entry['enabled'] = false),
  oauth(value, entry) {
    if (!isTable(value)) return
    const client_id = value['client_id'] ?? value['clientId']
    const scopes = value['scope'] ?? value['scopes']
    const scope = Array.isArray(scopes) ? scopes.join(' ') : scopes
    if (client_id || scope) entry['oauth'] = { ...(client_id ? { client_id } : {}), ...(scope ? { scope } : {}) }
  },
  bearer_token_env_var: (value, entry) => addHeaders(entry, { Authorization: `Bearer \${${value}}` }),
  env_http_headers: (value, entry) =>
    addHeaders(
      entry,
      isTable(value) ? Object.fromEntries(Object.entries(value).map(([name, from]) => [name, `\${${from}}`])) : {},
    ),
  timeout: (value, entry) => setTimeout(entry, value, Number(value) >= 1000 ? 1000 : 1),
  tool_timeout_sec: (value, entry) => setTimeout(entry, value, 1),
}
for (const name of ['env', 'environment'])
  FIELDS[name] = (value, entry) => (entry['env'] = { ...(entry['env'] as object), ...(value as object) })
for (const name of ['url', 'httpUrl', 'serverUrl', 'endpoint'])
  FIELDS[name] = (value, entry) => (entry['url'] ??= value)
for (const name of ['headers', 'http_headers'])
  FIELDS[name] = (value, entry) => addHeaders(entry, isTable(value) ? value : {})
for (const name of ['includeTools', 'enabled_tools']) FIELDS[name] = (value, entry) => (entry['allow'] = value)
for (const name of ['excludeTools', 'disabled_tools']) FIELDS[name] = (value, entry) => (entry['deny'] = value)

const addHeaders = (entry: Table, headers: Table) =>
  (entry['headers'] = { ...(entry['headers'] as Table | undefined), ...headers })
const setTimeout = (entry: Table, value: unknown, perSecond: number) => {
  if (typeof value === 'number' && value > 0) entry['timeout_seconds'] = value / perSecond
}

/** Unchecked: what is no server fails where ours are checked. */
export function convert(name: string, written: Table): Converted {
  const entry: Table & { name: string } = { name }
  const dropped: string[] = []
  for (const [key, value] of Object.entries(written)) {
    if (value === null || value === undefined || IMPLIED.has(key)) continue
    if (Object.hasOwn(FIELDS, key)) FIELDS[key]!(value, entry)
    else dropped.push(key)
  }
  return { entry: withOurVariables(entry) as typeof entry, dropped }
}

/** Variables as each client writes them, in our words; places that they know by name come to what is the same here. */
function withOurVariables(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map(item => withOurVariables(item, key))
  if (isTable(value))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withOurVariables(item, name)]))
  if (typeof value !== 'string') return value
  return value
    .replace(/\$\{(?:workspaceFolder|workspaceRoot)(?::[^}]*)?\}/g, '.')
    .replace(/\$\{userHome\}|^\$HOME(?=\/|$)/g, '~')
    .replace(/\$\{(?:\/|pathSeparator)\}/g, '/')
    .replace(
      /\$\{input:([^}]+)\}/g,
      (_, id: string) =>
        `\${${id
          .toUpperCase()
          .replace(/[^A-Z0-9]+/g, '_')
          .replace(/^(?=\d)/, '_')}}`,
    )
    .replace(/\$\{env:([A-Za-z_]\w*)\}|(?<!\$)\{env:([A-Za-z_]\w*)\}/g, (_, a, b) => `\${${a ?? b}}`)
    .replace(/^\$([A-Za-z_]\w*)$/, (_, name) => `\${${name}}`)
}
