import type { FetchLike } from '@modelcontextprotocol/client'
import type { McpServerConfig } from '../config/config.ts'
import { AppError } from '../errors.ts'
import type { Credentials } from './credentials.ts'
import { fetchAfresh } from './fetch.ts'
import { createOAuth } from './oauth.ts'
import type { Opened } from './slot.ts'
import { MESSAGE_LIMIT } from './transport.ts'

/** A server at a URL, over Streamable HTTP. One with an Authorization header of its own is never asked to sign in. */
export async function openHttp(config: McpServerConfig, credentials: Credentials): Promise<Opened> {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  const hasKey = Object.keys(config.headers).some(name => name.toLowerCase() === 'authorization')
  const oauth = hasKey ? null : createOAuth(config, credentials)
  const transport = new StreamableHTTPClientTransport(new URL(config.url!), {
    requestInit: { headers: config.headers },
    fetch: limited(oauth?.fetch ?? fetchAfresh),
  })
  return { transport, ...(oauth && { signIn: oauth.signIn }) }
}

/** An answer that is too long fails its call alone, as over stdio. Event streams last, and are not counted. */
const limited =
  (inner: FetchLike): FetchLike =>
  async (url, init) => {
    const response = await inner(url, init)
    if (!response.body || !response.headers.get('content-type')?.includes('json')) return response
    let size = 0
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          size += chunk.length
          if (size > MESSAGE_LIMIT)
            throw new AppError('MCP_SERVER_ERROR', `The answer is longer than ${MESSAGE_LIMIT} bytes.`)
          controller.enqueue(chunk)
        },
      }),
    )
    const { status, statusText, headers } = response
    return new Response(counted, { status, statusText, headers })
  }
