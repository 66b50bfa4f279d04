import { printable } from '../../base/controls.ts'
import type { Tool } from '../../tools/tool.ts'
import type { McpServer } from '../connection/server.ts'
import { type Absent, absentFor } from './absent.ts'
import type { Catalog, McpTool } from './catalog.ts'
import { cleanSchema } from './clean.ts'
import { type Entry, type Listed, lazyTools, overviewOf } from './lazy.ts'
import { hasResources, resourceTool } from './read-resource.ts'
import { signatureOf } from './signature.ts'
import { isOffered, toolFor } from './tool.ts'

/** What one session was offered when it began, and what has changed since. */
export type Offer = {
  /** The native ones, or the three constant tools that lead to the others. The same for the whole session. */
  tools: Tool[]
  /** For the system prompt; frozen. Empty when every tool is native. */
  lines: string
  /** Hears of a list of one of its servers. */
  changed(server: McpServer, catalog: Catalog): void
  /** Hears that a resource of one of its servers has changed. */
  updated(server: McpServer, uri: string): void
  /** What changed since last asked, as a message for the model; null when nothing did. */
  announcement(): string | null
}

/**
 * Freezes the offer of a session. While the definitions of all tools together fit into `budget` characters, and every
 * server has answered, they are native; otherwise they are lazy.
 */
export function createOffer(servers: { server: McpServer; catalog: Catalog | null }[], budget: number): Offer {
  const current = new Map<McpServer, McpTool[]>()
  for (const { server, catalog } of servers) if (catalog) current.set(server, offered(server, catalog))
  const native = servers.every(({ catalog }) => catalog) && sizeOf([...current.values()].flat()) <= budget
  const lists: Listed[] = servers.map(({ server }) => ({
    server: server.config.name,
    category: server.config.category,
    tools: current.get(server)?.map(tool => printable(tool.name)) ?? null,
    failed: server.status() === 'failed',
  }))
  const told = new Map(servers.map(({ server }) => [server, signatures(current.get(server) ?? [])]))
  const changes = new Set<McpServer>()
  let made: Entry[] | undefined
  /** Resources that the session has read, and those of them that have changed since, as `@server:uri`. */
  const read = new Set<string>()
  const stale = new Set<string>()
  const named = (server: McpServer, uri: string) => `@${server.config.name}:${uri}`
  const reading = (server: McpServer, uri: string) => {
    read.add(named(server, uri))
    stale.delete(named(server, uri))
    server.watch(uri)
  }
  const isReading = servers.some(({ catalog }) => hasResources(catalog))

  const absent = (): Absent[] =>
    servers.flatMap(({ server }) =>
      current.has(server) ? [] : absentFor(server, catalog => current.has(server) || take(server, catalog)),
    )
  function take(server: McpServer, catalog: Catalog) {
    current.set(server, offered(server, catalog))
    made = undefined
  }

  const entries = () => (made ??= Array.from(current, ([server, tools]) => entriesOf(server, tools)).flat())

  return {
    tools: [
      ...(native
        ? Array.from(current, ([server, tools]) => tools.map(tool => toolFor(server, tool))).flat()
        : lazyTools(entries, absent)),
      ...(isReading
        ? [
            resourceTool(
              servers.map(({ server }) => server),
              reading,
            ),
          ]
        : []),
    ],
    lines: native ? '' : overviewOf(lists),
    changed(server, catalog) {
      if (!told.has(server)) return
      take(server, catalog)
      changes.add(server)
    },
    updated(server, uri) {
      if (read.has(named(server, uri))) stale.add(named(server, uri))
    },
    announcement() {
      const texts = Array.from(changes, server => {
        const before = told.get(server)!
        const after = signatures(current.get(server)!)
        told.set(server, after)
        return difference(server.config.name, before, after, native)
      }).filter(text => text !== '')
      changes.clear()
      if (stale.size > 0) texts.push(`Changed since you read it: ${[...stale].join(', ')}.`)
      stale.clear()
      return texts.length === 0 ? null : texts.join('\n')
    },
  }
}

export const entriesOf = (server: McpServer, tools: McpTool[]): Entry[] =>
  tools.map(listed => {
    const tool = toolFor(server, listed)
    return { server: server.config.name, category: server.config.category, name: tool.name, listed, tool }
  })

export const offered = ({ config }: McpServer, catalog: Catalog) =>
  catalog.tools.filter(tool => isOffered(tool, config))
const sizeOf = (tools: McpTool[]) =>
  JSON.stringify(tools.map(({ name, description, schema }) => [name, description, schema])).length
const signatures = (tools: McpTool[]) =>
  new Map(tools.map(tool => [printable(tool.name), signatureOf(cleanSchema(tool.schema))]))

/** More names than this are for find_tools. */
const MOST_NAMED = 40

function difference(server: string, before: Map<string, string>, after: Map<string, string>, native: boolean): string {
  const added = [...after.keys()].filter(name => !before.has(name))
  const gone = [...before.keys()].filter(name => !after.has(name))
  const other = [...after.keys()].filter(name => before.has(name) && before.get(name) !== after.get(name))
  const parts = [
    added.length > 0 && `New${native ? ' (from the next session on)' : ''}: ${few(added)}.`,
    gone.length > 0 && `Gone: ${few(gone)}.`,
    other.length > 0 && `Other parameters: ${few(other)}.`,
  ].filter(part => part !== false)
  return parts.length === 0 ? '' : `The MCP server ${server} changed its tools. ${parts.join(' ')}`
}

const few = (names: string[]) =>
  names.length > MOST_NAMED
    ? `${names.slice(0, MOST_NAMED).join(' ')} and ${names.length - MOST_NAMED} more`
    : names.join(' ')
