import type { FetchLike } from '@modelcontextprotocol/client'
import { AppError } from '../../base/errors.ts'
import type { McpServerConfig } from '../../config/config.ts'
import { isObject } from '../catalog/schema.ts'
import { jsonValues } from '../catalog/values.ts'
import type { Credentials } from '../connection/credentials.ts'
import { createOAuth } from '../connection/oauth.ts'
import type { Opened } from '../connection/server.ts'
import { noAnswer, readEnvelope } from './envelope.ts'
import { fetchAfresh } from './fetch.ts'
import { MESSAGE_LIMIT } from './transport.ts'

/** A server at a URL, over Streamable HTTP. One with an Authorization header of its own is never asked to sign in. */
export async function openHttp(config: McpServerConfig, credentials: Credentials): Promise<Opened> {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  const hasKey = Object.keys(config.headers).some(name => name.toLowerCase() === 'authorization')
  const oauth = hasKey ? null : createOAuth(config, credentials)
  const transport = new StreamableHTTPClientTransport(new URL(config.url!), {
    requestInit: { headers: config.headers },
    fetch: lenient(oauth?.fetch ?? fetchAfresh),
  })
  return { transport, ...(oauth && { signIn: oauth.signIn }) }
}

type Asked = { id: string | number; method: string }

/** What is sent, when that is one request. */
function requestIn(init: RequestInit | undefined): Asked | null {
  if (init?.method !== 'POST' || typeof init.body !== 'string') return null
  const { id, method } = JSON.parse(init.body)
  return method !== undefined && id !== undefined ? { id, method } : null
}

/** Answers as the SDK reads them: it goes by the declared type, and drops what does not fit its schema without a word. */
const lenient =
  (inner: FetchLike): FetchLike =>
  async (url, init) => {
    const response = await inner(url, init)
    if (!response.ok) return response
    const asked = requestIn(init)
    const type = response.headers.get('content-type') ?? ''
    if (type.includes('text/event-stream') && response.body)
      return like(response, response.body.pipeThrough(mendedEvents(asked)))
    // "Accepted": the answer comes on another stream. Of the question for its era an old server says it without meaning it.
    if (!asked || (response.status === 202 && asked.method !== 'server/discover')) return response
    const text = response.body ? await new Response(response.body.pipeThrough(counted())).text() : ''
    const { values } = jsonValues(text)
    const messages = values.flat().map(value => readEnvelope(value, asked.id))
    const isSound = messages.length === 1 && messages[0] === values[0]
    if (messages.length === 0) messages.push(noAnswer(`HTTP ${response.status} ${type} ${text}`, asked.id))
    return like(response, isSound ? text : JSON.stringify(messages), 'application/json')
  }

function like(response: Response, body: BodyInit, type?: string): Response {
  const headers = new Headers(response.headers)
  if (type) headers.set('content-type', type)
  for (const name of ['content-length', 'content-encoding']) headers.delete(name)
  return new Response(body, { status: type ? 200 : response.status, headers })
}

/** An answer that is too long fails its call alone, as over stdio. Event streams last, and are not counted. */
function counted(): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length
      if (size > MESSAGE_LIMIT)
        throw new AppError('MCP_SERVER_ERROR', `The answer is longer than ${MESSAGE_LIMIT} bytes.`)
      controller.enqueue(chunk)
    },
  })
}

/**
 * The same events; each message that stands on one `data:` line is put right. A stream that ends without an answer may be
 * taken up again, so that somebody waits for it: only the question for the era is answered here, as any odd answer would.
 */
function mendedEvents(asked: Asked | null): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let held: string[] = []
  let answered = asked?.method !== 'server/discover'
  const mended = (line: string) =>
    line.replace(/^data: ?(.+?)(\r?)$/s, (whole, data, end) => {
      const message = mendedData(data, asked)
      answered ||= message !== null
      return message === null ? whole : `data: ${message}${end}`
    })
  return new TransformStream({
    transform(chunk, controller) {
      const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n')
      held.push(first)
      for (const line of others) {
        controller.enqueue(encoder.encode(`${mended(held.join(''))}\n`))
        held = [line]
      }
    },
    flush(controller) {
      controller.enqueue(encoder.encode(mended(held.join(''))))
      const nothing = answered ? null : noAnswer('an event stream without a message', asked!.id)
      if (nothing) controller.enqueue(encoder.encode(`\n\ndata: ${JSON.stringify(nothing)}\n\n`))
    },
  })
}

/** Null for what is no message. */
function mendedData(data: string, asked: Asked | null): string | null {
  const { values, rest } = jsonValues(data)
  const [value] = values
  if (values.length !== 1 || rest !== '' || !isObject(value)) return null
  const message = readEnvelope(value, isAnswerWithoutId(value) ? asked?.id : undefined)
  return message === value ? data : JSON.stringify(message)
}

const isAnswerWithoutId = (value: Record<string, unknown>) =>
  value.id == null && ('result' in value || 'error' in value)
