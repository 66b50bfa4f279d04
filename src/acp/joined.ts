import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { McpServer } from '@agentclientprotocol/sdk'
import type { McpServerConfig } from '../config/config.ts'
import { defaultServer } from '../config/settings.ts'
import type { Joined } from '../session/opening.ts'
import { invalid } from './errors.ts'

/** What a client brings to a session. Throws INVALID_REQUEST for a server that cannot be reached, or a directory that is none. */
export async function joinedFrom(request: {
  mcpServers?: readonly McpServer[]
  additionalDirectories?: readonly string[]
}): Promise<Joined> {
  const { mcpServers = [], additionalDirectories = [] } = request
  for (const path of additionalDirectories) {
    const info = isAbsolute(path) ? await stat(path).catch(() => null) : null
    if (!info?.isDirectory())
      throw invalid(`additionalDirectories: ${JSON.stringify(path)} is not the absolute path of a directory.`)
  }
  return { mcp_servers: mcpServers.map(serverFrom), allowed_directories: additionalDirectories }
}

function serverFrom(server: McpServer): McpServerConfig {
  const common = { ...defaultServer(server.name), shared: 'session' as const, origin: 'the ACP client' }
  if (!('type' in server)) return { ...common, command: server.command, args: server.args, env: dictionary(server.env) }
  if (server.type === 'http') return { ...common, url: server.url, headers: dictionary(server.headers) }
  throw invalid(
    `mcpServers: ${JSON.stringify(server.name)} is reached by SSE, which MCP has given up. Give its address as "http", or start it as a command.`,
  )
}

const dictionary = (pairs: readonly { name: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(pairs.map(({ name, value }) => [name, value]))
