import type { McpServer } from './connection/server.ts'

/** A row of `GET /api/mcp`. */
export type ServerStatus = {
  name: string
  category: string
  project_path?: string
  status: 'idle' | 'starting' | 'ready' | 'failed' | 'disabled'
  transport: 'stdio' | 'http'
  protocol?: string
  tool_count: number | null
  last_error: string | null
  pid?: number
  stderr: string[]
}

export async function rowOf(server: McpServer): Promise<ServerStatus> {
  const { config, project } = server
  const pid = server.pid()
  const protocol = server.protocol()
  return {
    name: config.name,
    category: config.category,
    ...(project !== null && { project_path: project }),
    status: server.status(),
    transport: config.url ? 'http' : 'stdio',
    ...(protocol && { protocol }),
    tool_count: (await server.catalog())?.tools.length ?? null,
    last_error: server.lastError(),
    ...(pid !== undefined && { pid }),
    stderr: server.stderr.lines(),
  }
}
