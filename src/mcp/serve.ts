import type { Readable } from 'node:stream'
import * as v from 'valibot'
import { AppError, messageOf } from '../base/errors.ts'
import { toJson, wellFormed } from '../base/text.ts'
import type { Output, Tool, ToolContext } from '../tools/tool.ts'
import { createJsonLines } from './transport/json-lines.ts'
import { MESSAGE_LIMIT } from './transport/transport.ts'

/** What our own MCP server offers. */
export type Served = {
  tools: readonly Tool[]
  version: string
  /** Judges and runs one call. Throws AppError. */
  run(tool: Tool, params: unknown, call: ServedCall): Promise<Output>
}
export type ServedCall = Pick<ToolContext, 'signal' | 'progress'> & { id: string }

type Id = string | number
type Reply = Record<string, unknown>

const MODERN = '2026-07-28'
const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'
const SERVER_KEY = 'io.modelcontextprotocol/serverInfo'
const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602
const INTERNAL_ERROR = -32603
const UNSUPPORTED_VERSION = -32022
const CACHE_MS = 3_600_000

const Message = v.looseObject({
  id: v.optional(v.union([v.string(), v.number()])),
  method: v.optional(v.string()),
  params: v.optional(v.looseObject({ _meta: v.optional(v.looseObject({})) })),
})
type Params = NonNullable<v.InferOutput<typeof Message>['params']>
const Call = v.looseObject({ name: v.string(), arguments: v.optional(v.unknown()) })
const Cancelled = v.looseObject({ requestId: v.union([v.string(), v.number()]) })

/** A JSON-RPC error with its code. */
class RpcError extends Error {
  readonly code: number
  readonly data?: unknown
  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}

/**
 * Serves tools to one MCP client, in the 2025 revisions and in 2026-07-28 (which has no handshake: each request says what it
 * speaks). Resolves when `input` has ended and every call has come to rest.
 */
export async function serveTools(served: Served, input: Readable, write: (text: string) => void): Promise<void> {
  const running = new Map<Id, AbortController>()
  const pending = new Set<Promise<void>>()
  const send = (message: object) => write(`${toJson({ jsonrpc: '2.0', ...message })}\n`)

  const answer = async (id: Id, method: string, params: Params) => {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const result = await resultOf(served, id, method, params, controller.signal, send)
      if (!controller.signal.aborted) send({ id, result })
    } catch (error) {
      if (!controller.signal.aborted) send({ id, error: errorOf(error) })
    } finally {
      running.delete(id)
    }
  }

  const receive = (value: unknown) => {
    const parsed = v.safeParse(Message, value)
    if (!parsed.success) return
    const { id, method, params = {} } = parsed.output
    if (method === undefined) return // a response: we never ask
    if (id === undefined) {
      const cancelled = v.safeParse(Cancelled, params)
      if (method === 'notifications/cancelled' && cancelled.success) running.get(cancelled.output.requestId)?.abort()
      return
    }
    const work: Promise<void> = answer(id, method, params).finally(() => pending.delete(work))
    pending.add(work)
  }

  const frames = createJsonLines(MESSAGE_LIMIT, {
    message: receive,
    garbage: () => send({ id: null, error: { code: -32700, message: 'Parse error' } }),
    oversize: () => send({ id: null, error: { code: -32600, message: 'The message is too large.' } }),
  })
  await new Promise<void>(resolve => {
    input.on('data', frames)
    for (const end of ['end', 'close', 'error']) input.once(end, () => resolve())
  })
  for (const controller of running.values()) controller.abort()
  await Promise.all(pending)
}

async function resultOf(
  served: Served,
  id: Id,
  method: string,
  params: Params,
  signal: AbortSignal,
  send: (message: object) => void,
) {
  const asked = params._meta?.[VERSION_KEY]
  const modern = typeof asked === 'string'
  if (modern && asked !== MODERN)
    throw new RpcError(UNSUPPORTED_VERSION, `Unsupported protocol version: ${asked}`, {
      supported: [MODERN],
      requested: asked,
    })
  const complete = (result: Reply): Reply =>
    modern ? { resultType: 'complete', ...result, _meta: { [SERVER_KEY]: serverInfo(served) } } : result
  const cached = { ttlMs: CACHE_MS, cacheScope: 'private' }
  switch (method) {
    case 'server/discover':
      return complete({ supportedVersions: [MODERN], capabilities: { tools: {} }, ...cached })
    case 'initialize':
      return initialized(served, params)
    case 'ping':
      return complete({})
    case 'tools/list':
      return complete({ tools: served.tools.map(listed), ...(modern && cached) })
    case 'tools/call':
      return complete(await called(served, id, params, signal, send))
    default:
      throw new RpcError(METHOD_NOT_FOUND, 'Method not found')
  }
}

const serverInfo = ({ version }: Served) => ({ name: 'emacs-agent-backend', version })

function initialized(served: Served, { protocolVersion }: Params): Reply {
  const version = LEGACY.includes(String(protocolVersion)) ? protocolVersion : LEGACY[0]
  return { protocolVersion: version, capabilities: { tools: {} }, serverInfo: serverInfo(served) }
}

const listed = ({ name, description, parameters, level }: Tool) => ({
  name,
  description,
  inputSchema: { type: 'object', ...parameters },
  annotations: { readOnlyHint: level === 'read', destructiveHint: level === 'dangerous', openWorldHint: false },
})

/** What goes wrong with a call is a result that the model reads; only an unknown tool is an error of the protocol. */
async function called(
  served: Served,
  id: Id,
  params: Params,
  signal: AbortSignal,
  send: (message: object) => void,
): Promise<Reply> {
  const call = v.safeParse(Call, params)
  const tool = call.success && served.tools.find(tool => tool.name === call.output.name)
  if (!tool) throw new RpcError(INVALID_PARAMS, 'Unknown tool')
  const progressToken = params._meta?.progressToken
  let steps = 0
  const progress: ToolContext['progress'] = (message, more) => {
    if (progressToken === undefined || signal.aborted) return
    send({
      method: 'notifications/progress',
      params: { progressToken, progress: ++steps, message: more?.output ?? message },
    })
  }
  try {
    return resultFor(
      await served.run(tool, wellFormed(call.output.arguments ?? {}), { id: String(id), signal, progress }),
    )
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'TOOL_FAILED'
    return { content: [{ type: 'text', text: `${code}: ${messageOf(error)}` }], isError: true }
  }
}

const resultFor = ({ content, images = [] }: Output): Reply => ({
  content: [
    { type: 'text', text: content },
    ...images.map(({ media_type, data }) => ({ type: 'image', mimeType: media_type, data })),
  ],
})

function errorOf(error: unknown): { code: number; message: string; data?: unknown } {
  if (!(error instanceof RpcError)) return { code: INTERNAL_ERROR, message: messageOf(error) }
  return { code: error.code, message: error.message, ...(error.data !== undefined && { data: error.data }) }
}
