import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { suggestion } from '../../config/nearest.ts'
import { defineTool } from '../../tools/define.ts'
import type { Tool } from '../../tools/tool.ts'
import type { McpServer } from '../connection/server.ts'
import type { Catalog } from './catalog.ts'
import { outputOf } from './result.ts'

/** More addresses than this are for a server's own search. */
const MOST_LISTED = 200

const contents = v.looseObject({ contents: v.optional(v.array(v.unknown()), []) })

/**
 * The constant tool through which a model reads what servers offer to be read. A resource that was read is watched, where its
 * server can do that: `read` is called for it.
 */
export const resourceTool = (servers: McpServer[], read: (server: McpServer, uri: string) => void): Tool =>
  defineTool({
    name: 'read_resource',
    category: 'mcp',
    description: 'Read an MCP resource (@server:uri); without uri: list them',
    level: 'read',
    params: v.object({ server: v.string(), uri: v.optional(v.string()) }),
    aliases: { name: 'server', path: 'uri' },
    async effect({ server, uri }) {
      return {
        level: 'read',
        reason: `Read ${uri ?? 'the list of resources'} of the MCP server ${server}`,
        reads: [],
        writes: [],
        mcp_server: find(servers, server).config.name,
      }
    },
    async run({ server: named, uri }, context) {
      const server = find(servers, named)
      if (uri === undefined) return { content: await listed(server), metadata: {} }
      const address = uri.replace(`@${server.config.name}:`, '')
      const result = await server.call({
        tool: address,
        args: {},
        schema: {},
        other: { method: 'resources/read', params: { uri: address } },
        context,
      })
      const blocks = v.parse(contents, result).contents.map(resource => ({ type: 'resource', resource }))
      read(server, address)
      if (blocks.length === 0) return { content: '(empty)', metadata: {} }
      return outputOf({ ...result, content: blocks }, context.toon)
    },
  })

/** Whether a server has something to read, as far as it is known. */
export const hasResources = (catalog: Catalog | null): boolean =>
  Boolean(catalog?.resources?.length || catalog?.templates?.length)

function find(servers: McpServer[], named: string): McpServer {
  const plain = named.replace(/^@|:$/g, '')
  const server =
    servers.find(({ config }) => config.name === plain) ?? servers.find(({ config }) => config.category === plain)
  if (server) return server
  const names = servers.map(({ config }) => config.name)
  throw new AppError(
    'INVALID_PARAMS',
    `There is no MCP server of that name${suggestion(plain, names)}. Servers: ${names.join(', ')}.`,
  )
}

async function listed(server: McpServer): Promise<string> {
  const { resources = [], templates = [] } = await server.fetchCatalog()
  const line = (address: string, name: string, description: string) =>
    [address, name === address ? '' : name, description].filter(Boolean).join(' · ')
  const lines = [
    ...resources.map(({ uri, name, description }) => line(uri, name, description)),
    ...templates.map(({ uri_template, name, description }) => line(uri_template, name, description)),
  ]
  const more = lines.length > MOST_LISTED ? [`and ${lines.length - MOST_LISTED} more`] : []
  return [...lines.slice(0, MOST_LISTED), ...more].join('\n') || `${server.config.name} lists no resources.`
}
