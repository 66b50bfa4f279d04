import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Client } from '@modelcontextprotocol/client'
import * as v from 'valibot'
import { AppError, messageOf } from '../../base/errors.ts'
import { readRemoteName } from '../../base/remote-name.ts'
import { head } from '../../base/text.ts'
import type { Params } from '../../event.ts'
import type { JsonSchema } from '../../llm/provider.ts'
import type { ToolContext } from '../../tools/tool.ts'
import { type CallResult, callResult } from '../catalog/result.ts'
import { NotSentError } from '../transport/transport.ts'
import { type Asker, elicit } from './elicitation.ts'
import { SignInNeeded } from './oauth.ts'

/** What a call needs of the session it is made for. */
export type CallContext = Pick<ToolContext, 'session_id' | 'ask' | 'progress' | 'signal'>
export type CallRequest = {
  /** The server's own name of the tool, or of what else is asked for. */
  tool: string
  args: Params
  /** As listed: names the arguments that a 2026-07-28 HTTP server wants mirrored in headers. */
  schema: JsonSchema
  /** Asked for in place of a call of a tool: it changes nothing, and is sent again after a crash. */
  other?: { method: 'prompts/get' | 'resources/read' | 'completion/complete'; params: Params }
  /** Milliseconds without a sign of life. */
  timeout_ms: number
  context: CallContext
}
/** A call under way; `pause` stops its clock while a person is asked. */
export type ActiveCall = Asker & { pause(): () => void }
export type Calls = {
  /**
   * Throws TIMEOUT, INVALID_PARAMS or MCP_SERVER_ERROR, `ConnectionLost` when the server went away before it answered, or
   * the signal's reason.
   */
  call(request: CallRequest): Promise<CallResult>
}

/** The server went away with the call unanswered. `ran: false`: it cannot have seen it. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost'
  readonly ran: boolean
  constructor(ran: boolean) {
    super('the server ended before it answered')
    this.ran = ran
  }
}

const MOST_ROUNDS = 10
/** The SDK has no "never", and a longer timer overflows. Our own clock stops while a person is asked; its would not. */
const NEVER_MS = 2 ** 31 - 1

/** Whom the calls go to. */
type Callee = { name: string; project: string | null }

export function createCalls(server: Callee, client: Client, active: Set<ActiveCall>): Calls {
  return {
    async call(request) {
      const { context } = request
      const clock = createClock(request.timeout_ms)
      const signal = AbortSignal.any([context.signal, clock.signal])
      const self: ActiveCall = { session_id: context.session_id, ask: context.ask, pause: clock.pause }
      active.add(self)
      try {
        return await converse({ server, client, request, self, clock, signal })
      } catch (error) {
        context.signal.throwIfAborted()
        if (clock.signal.aborted) throw timedOut(server.name, request)
        throw failureOf(server.name, error)
      } finally {
        clock.stop()
        active.delete(self)
      }
    },
  }
}

type Going = {
  server: Callee
  client: Client
  request: CallRequest
  self: ActiveCall
  clock: Clock
  signal: AbortSignal
}

type Clock = { signal: AbortSignal; reset(): void; pause(): () => void; stop(): void }

function createClock(ms: number): Clock {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let pauses = 0
  const reset = () => {
    clearTimeout(timer)
    if (pauses === 0) timer = setTimeout(() => controller.abort(new Error('no sign of life')), ms)
  }
  reset()
  return {
    signal: controller.signal,
    reset,
    pause() {
      pauses++
      clearTimeout(timer)
      return () => {
        pauses--
        reset()
      }
    },
    stop() {
      pauses = Number.POSITIVE_INFINITY
      clearTimeout(timer)
    },
  }
}

const inputRequired = v.looseObject({
  resultType: v.literal('input_required'),
  inputRequests: v.optional(
    v.record(v.string(), v.looseObject({ method: v.string(), params: v.optional(v.unknown()) })),
    {},
  ),
  requestState: v.optional(v.string()),
})

/** Sends the call, and again with the answers as often as the server asks back. */
async function converse(going: Going): Promise<CallResult> {
  let extra: Params = {}
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = await sendOrVisit(going, extra)
    const asked = v.safeParse(inputRequired, result)
    if (!asked.success) return v.parse(callResult, result)
    const { inputRequests, requestState } = asked.output
    const inputResponses = await whilePaused(going.self, () => answerAll(going, inputRequests))
    going.signal.throwIfAborted()
    extra = { inputResponses, ...(requestState !== undefined && { requestState }) }
  }
  throw new AppError('MCP_SERVER_ERROR', `${going.server.name} asked back ${MOST_ROUNDS} times without finishing.`)
}

const URL_REQUIRED = -32042
const HEADER_MISMATCH = -32020

/** A server may refuse until the person has been somewhere (2025-11-25, URL elicitation): then the call is sent once more. */
async function sendOrVisit(going: Going, extra: Params): Promise<unknown> {
  try {
    return await send(going, extra)
  } catch (error) {
    const visits = (error as { elicitations?: unknown }).elicitations
    if (codeOf(error) !== URL_REQUIRED || !Array.isArray(visits)) throw error
    for (const visit of visits) {
      const { action } = await whilePaused(going.self, () =>
        elicit(going.server.name, going.self, { ...visit, mode: 'url' }),
      )
      if (action !== 'accept') throw error
    }
    return send(going, extra)
  }
}

async function send({ client, request, clock, signal }: Going, extra: Params): Promise<unknown> {
  const params = { name: request.tool, arguments: request.args, ...extra }
  const options = {
    signal,
    timeout: NEVER_MS,
    allowInputRequired: true,
    onprogress({ progress, total, message }: { progress: number; total?: number; message?: string }) {
      clock.reset()
      request.context.progress(
        message ?? `${progress}${total ? ` of ${total}` : ''}`,
        total ? { progress: Math.min(1, progress / total) } : {},
      )
    },
  }
  const { other } = request
  if (other)
    return client.request({ method: other.method, params: { ...other.params, ...extra } }, v.looseObject({}), options)
  // The SDK's own method mirrors arguments in headers (SEP-2243), but insists on known kinds of content.
  if (!JSON.stringify(request.schema).includes('"x-mcp-header"'))
    return client.request({ method: 'tools/call', params }, v.looseObject({}), options)
  const toolDefinition = { name: request.tool, inputSchema: request.schema as { type: 'object' } }
  return client.callTool(params, { ...options, toolDefinition }).catch(error => {
    if (codeOf(error) !== HEADER_MISMATCH) throw error
    return client.callTool(params, options) // the schema is out of date: without it the SDK fetches the new one
  })
}

async function answerAll(going: Going, requests: v.InferOutput<typeof inputRequired>['inputRequests']) {
  const answers: Record<string, unknown> = {}
  // One after the other: a person reads one form at a time.
  for (const [key, { method, params }] of Object.entries(requests)) {
    if (method === 'elicitation/create') answers[key] = await elicit(going.server.name, going.self, params)
    else if (method === 'roots/list') answers[key] = rootsOf(going.server.project)
    else throw new AppError('MCP_SERVER_ERROR', `${going.server.name} asked for ${method}, which is not offered here.`)
  }
  return answers
}

async function whilePaused<T>(call: ActiveCall, work: () => Promise<T>): Promise<T> {
  const resume = call.pause()
  try {
    return await work()
  } finally {
    resume()
  }
}

/** Of an error of the SDK: its own name for it, or the number that the server sent. */
export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code

const timedOut = (server: string, { tool, timeout_ms }: CallRequest) =>
  new AppError(
    'TIMEOUT',
    `${server}/${tool} gave no sign of life for ${timeout_ms / 1000} s and was cancelled. It may have done its work all the same: look before you call it again, or raise timeout_seconds of the server.`,
  )

const INVALID_PARAMS = -32602

function failureOf(server: string, error: unknown): Error {
  if (error instanceof AppError || error instanceof SignInNeeded) return error
  if (error instanceof NotSentError) return new ConnectionLost(false)
  const code = codeOf(error)
  if (code === 'CONNECTION_CLOSED') return new ConnectionLost(true)
  if (code === 'NOT_CONNECTED' || messageOf(error) === 'Not connected') return new ConnectionLost(false)
  // A session that the server has forgotten: it refused the request, and wants a new one.
  const status = (error as { data?: { status?: number } }).data?.status
  if (status === 404 || (status === 400 && /session/i.test(messageOf(error)))) return new ConnectionLost(false)
  const message = `${messageOf(error).replace(/^MCP error -?\d+: /, '')}${more(error)}`
  if (code === INVALID_PARAMS)
    return new AppError('INVALID_PARAMS', `${server}: ${message}`, {}, { cause: error as Error })
  return new AppError('MCP_SERVER_ERROR', `${server}: ${message}`, { code }, { cause: error as Error })
}

const MOST_DATA = 500

/** What a server adds to its error: often the only words about the cause. */
function more(error: unknown): string {
  const { data } = error as { data?: unknown }
  if (data === undefined || data === null || Object(data).status !== undefined) return ''
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return text === '' || text === '{}' || messageOf(error).includes(text) ? '' : ` (${head(text, MOST_DATA)})`
}

/** The answer to `roots/list`: the project, as a file URL. */
export const rootsOf = (project: string | null): { roots: { uri: string; name: string }[] } => ({
  roots:
    project === null || readRemoteName(project) ? [] : [{ uri: pathToFileURL(project).href, name: basename(project) }],
})
