import type { McpServerConfig } from '../config/config.ts'
import type { Opened } from './slot.ts'

/** A server at a URL, over Streamable HTTP. */
export async function openHttp(config: McpServerConfig): Promise<Opened> {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  const transport = new StreamableHTTPClientTransport(new URL(config.url!), {
    requestInit: { headers: config.headers },
  })
  return { transport }
}
