import type { Path } from './locate.ts'

/**
 * What stands by itself in a file: a mistake in such an entry costs that entry and nothing else. All other mistakes are
 * fatal, since they may be about who may ask and what is allowed.
 */
const KINDS: readonly unknown[] = ['mcp_servers', 'agents', 'models', 'providers', 'hooks', 'lsp', 'format']
/** Tables that are one entry as a whole. */
const TABLES: readonly unknown[] = ['web_search', 'telemetry']

/** The path of the entry that a mistake is in: `["agents", "test"]`, or `["agents"]` where that is no table. Null: of none. */
export function entryAt(path: Path): Path | null {
  if (TABLES.includes(path[0])) return path.slice(0, 1)
  return KINDS.includes(path[0]) ? path.slice(0, 2) : null
}

/** What a file says, with its servers as a list; `places` are their paths in the file. */
export type Sifted = { content: Record<string, unknown>; places: Path[] }

type Table = Record<string, unknown>
const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
const isServer = (value: unknown): value is Table => isTable(value) && ('command' in value || 'url' in value)

/**
 * `[mcp_servers.x]`, as others write `[[mcp_servers]]` with `name = "x"`, is the same. Below an array of tables TOML takes
 * it for a part of the last one: what has a command or a url there is a server as well.
 */
export function siftServers(content: Record<string, unknown>): Sifted {
  const { mcp_servers: written } = content
  const listed: [Path, unknown][] = []
  const add = (path: Path, entry: unknown) => {
    if (!isTable(entry)) return listed.push([path, entry])
    const inner = Object.entries(entry).filter(([, value]) => isServer(value))
    const own = Object.fromEntries(Object.entries(entry).filter(([, value]) => !isServer(value)))
    listed.push([path, own])
    for (const [name, value] of inner) listed.push([[...path, name], { name, ...(value as Table) }])
  }
  if (Array.isArray(written)) for (const [index, entry] of written.entries()) add(['mcp_servers', index], entry)
  else if (isTable(written))
    for (const [name, entry] of Object.entries(written))
      listed.push([['mcp_servers', name], isTable(entry) ? { name, ...entry } : entry])
  else return { content, places: [] }
  return {
    content: { ...content, mcp_servers: listed.map(([, entry]) => entry) },
    places: listed.map(([path]) => path),
  }
}

/** The same path as it stands in the file. */
export const placeOf = (path: Path, places: Path[]): Path => {
  const place = path[0] === 'mcp_servers' && typeof path[1] === 'number' ? places[path[1]] : undefined
  return place ? [...place, ...path.slice(2)] : path
}

/** The same without the entries at `paths`. */
export function leaveOut({ content, places }: Sifted, paths: Path[]): Sifted {
  const gone = (kind: string, key: string | number) => paths.some(path => path[0] === kind && path[1] === key)
  const kept = Object.entries(content).filter(([kind]) => !paths.some(path => path.length === 1 && path[0] === kind))
  return {
    content: Object.fromEntries(
      kept.map(([kind, value]) => {
        if (!KINDS.includes(kind)) return [kind, value]
        if (Array.isArray(value)) return [kind, value.filter((_, index) => !gone(kind, index))]
        return [kind, Object.fromEntries(Object.entries(value as Table).filter(([name]) => !gone(kind, name)))]
      }),
    ),
    places: places.filter((_, index) => !gone('mcp_servers', index)),
  }
}
