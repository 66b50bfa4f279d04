import type { Client, Transport } from '@modelcontextprotocol/client'
import * as v from 'valibot'
import { messageOf } from '../../base/errors.ts'
import { head } from '../../base/text.ts'
import { type ActiveCall, type Calls, codeOf, createCalls, rootsOf } from './calls.ts'
import { elicit, onlyAsker } from './elicitation.ts'
import { headerFault } from './headers.ts'
import { listOthers, type OtherListings } from './lists.ts'
import { SignInNeeded } from './oauth.ts'

/** Which of the two dialects of MCP a server speaks: `initialize` (to 2025-11-25), or stateless (2026-07-28). */
export type Era = 'legacy' | 'modern'

/** A server that we can talk to: the SDK's client, and the few things that we want of it. */
export type Connection = {
  era: Era
  /** The negotiated revision: `2025-11-25`. */
  protocol: string
  /** Every page of `tools/list`, unchecked; a server of the documentation's own dialect may send one TOON text instead. */
  listTools(): Promise<ToolListing>
  /** Prompts, resources and templates, unchecked; empty lists where none are declared. */
  listOthers(): Promise<OtherListings>
  /** Subscribes to changes of a resource; does nothing where the server has no subscriptions. */
  watch(uri: string): Promise<void>
  call: Calls['call']
  /** Calls under way. */
  busy(): number
  close(): Promise<void>
}
export type ToolListing = { tools: unknown[] | string; ttl_ms: number | null }

export type ConnectionOptions = {
  name: string
  /** Ours, for `clientInfo`. */
  version: string
  /** Real path; null for a server that serves every project, which gets no root. */
  project: string | null
  /** The era that an earlier connection found; null to probe. */
  era: Era | null
  /** Sent with `tools/list` to a server of `format = "toon"`: it lists only its tools of this category. */
  category?: string
  /** Milliseconds for the whole handshake. */
  timeout_ms: number
  /** Milliseconds in which a server should answer the question for its era; silence means legacy. */
  probe_ms?: number
  /** A fresh transport; asked for again when the server died of the question for its era. */
  open(): Promise<Transport>
  /** Any of its lists. */
  onListChanged(): void
  onResourceUpdated(uri: string): void
  onLog(line: string): void
  /** The server is gone; not called after `close()`. */
  onClosed(): void
}

/** Silence on a pipe means an old server. Over HTTP it may be one that is just being started: half of the time is for waiting. */
const PROBE_MS = 5000
const isPipe = (transport: Transport) => 'pid' in transport

/** Connects, finding out the server's era if need be. Throws what the SDK or `open` throws; nothing is left running. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  if (options.era === 'legacy') return handshake(options, 'legacy')
  const started = performance.now()
  let isChild = true
  const open = async () => {
    const transport = await options.open()
    isChild = isPipe(transport)
    return transport
  }
  let refusal: unknown
  try {
    return await handshake({ ...options, open }, 'auto')
  } catch (error) {
    // A child that starts slowly reads the question late, and may die of it while it is being greeted already.
    if (isChild && !isDeathByProbe(error) && codeOf(error) !== 'CONNECTION_CLOSED') throw error
    refusal = error
  }
  // Over HTTP any odd answer to the question may be that of an old server: a server that fails altogether fails again.
  const left = options.timeout_ms - (performance.now() - started)
  return handshake({ ...options, timeout_ms: Math.max(left, options.timeout_ms / 2) }, 'legacy').catch(error => {
    // A server that wants a sign-in said so the first time; a new one has another word for the older handshake.
    throw refusal instanceof SignInNeeded ? refusal : error
  })
}

/** Servers built on some SDKs end at any request before `initialize`. */
export const isDeathByProbe = (error: unknown): boolean =>
  codeOf(error) === 'ERA_NEGOTIATION_FAILED' && /closed during/.test(messageOf(error))

async function handshake(options: ConnectionOptions, mode: 'auto' | 'legacy'): Promise<Connection> {
  const { Client } = await import('@modelcontextprotocol/client')
  const transport = await options.open()
  const probe_ms = Math.min(options.probe_ms ?? PROBE_MS, options.timeout_ms)
  const client = new Client(
    { name: 'emacs-agent-backend', version: options.version },
    {
      capabilities: {
        elicitation: { form: { applyDefaults: true }, url: {} },
        ...(options.project !== null && { roots: {} }),
      },
      versionNegotiation: { mode, probe: { timeoutMs: isPipe(transport) ? probe_ms : options.timeout_ms / 2 } },
    },
  )
  const active = new Set<ActiveCall>()
  answerRequests(client, options, active)
  let open = false
  client.onclose = () => {
    if (open) options.onClosed()
    open = false
  }
  client.onerror = error => options.onLog(`[protocol] ${head(messageOf(error), 300)}`)
  try {
    await client.connect(transport, { timeout: options.timeout_ms })
    open = true
  } catch (error) {
    await transport.close()
    throw error
  }
  const era = client.getProtocolEra() ?? 'legacy'
  const declared = client.getServerCapabilities() ?? {}
  const listen = (filter: Parameters<Client['listen']>[0]) =>
    client.listen(filter).catch(error => options.onLog(`[protocol] ${messageOf(error)}`))
  if (era === 'modern') {
    const changes = {
      ...(declared.tools?.listChanged && { toolsListChanged: true }),
      ...(declared.prompts?.listChanged && { promptsListChanged: true }),
      ...(declared.resources?.listChanged && { resourcesListChanged: true }),
    }
    if (Object.keys(changes).length > 0) void listen(changes)
  }
  return {
    era,
    protocol: client.getNegotiatedProtocolVersion() ?? 'unknown',
    async listTools() {
      const listing = await listTools(client, options)
      return era === 'modern' && !isPipe(transport) ? withSoundHeaders(listing, options) : listing
    },
    listOthers: () => listOthers(client, options),
    async watch(uri) {
      if (!declared.resources?.subscribe) return
      if (era === 'modern') return void listen({ resourceSubscriptions: [uri] })
      await client
        .subscribeResource({ uri }, { timeout: options.timeout_ms })
        .catch(error => options.onLog(`[protocol] ${messageOf(error)}`))
    },
    call: createCalls(options, client, active).call,
    busy: () => active.size,
    async close() {
      open = false
      await client.close()
    },
  }
}

/** What servers may ask of us while they work: the project, and the person. */
function answerRequests(client: Client, options: ConnectionOptions, active: Set<ActiveCall>) {
  const { project } = options
  if (project !== null) client.setRequestHandler('roots/list', () => rootsOf(project))
  client.setRequestHandler('elicitation/create', async (request, { mcpReq }) => {
    const asker = onlyAsker(active)
    const waiting = [...active].map(call => call.pause())
    try {
      return (await elicit(options.name, asker, request.params, mcpReq.signal)) as never
    } finally {
      for (const resume of waiting) resume()
    }
  })
  client.setNotificationHandler('notifications/tools/list_changed', () => options.onListChanged())
  client.setNotificationHandler('notifications/prompts/list_changed', () => options.onListChanged())
  client.setNotificationHandler('notifications/resources/list_changed', () => options.onListChanged())
  client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
    options.onResourceUpdated(params.uri),
  )
  client.setNotificationHandler('notifications/message', ({ params }) => {
    const data = typeof params.data === 'string' ? params.data : JSON.stringify(params.data)
    options.onLog(`[${params.level}] ${data}`)
  })
}

function withSoundHeaders(listing: ToolListing, { onLog }: ConnectionOptions): ToolListing {
  if (typeof listing.tools === 'string') return listing
  const tools = listing.tools.filter(tool => {
    const fault = headerFault((tool as { inputSchema?: unknown } | null)?.inputSchema)
    if (fault) onLog(`[catalog] left out a tool: ${fault}`)
    return fault === null
  })
  return { ...listing, tools }
}

/** Looser than the SDK's schema, with which one malformed tool of somebody's hides all the others. */
const page = v.looseObject({
  tools: v.optional(v.union([v.string(), v.array(v.unknown())]), []),
  nextCursor: v.optional(v.nullable(v.string())),
  ttlMs: v.optional(v.number()),
})
const MOST_PAGES = 200
/** So many pages with nothing new are a list without an end. */
const MOST_REPEATS = 5
/** A server that declares no tools mostly has none, and may not answer. */
const UNDECLARED_MS = 2000

/** A list that does not end, or fails after its first page, counts as far as it was read; the reason is logged. */
async function listTools(client: Client, { timeout_ms, category, onLog }: ConnectionOptions): Promise<ToolListing> {
  const declared = client.getServerCapabilities()?.tools !== undefined
  const deadline = performance.now() + (declared ? timeout_ms : Math.min(timeout_ms, UNDECLARED_MS))
  const tools: unknown[] = []
  const seen = new Set<string>()
  const names = new Set<string>()
  let ttl_ms: number | null = null
  let repeats = 0
  let params: { cursor?: string; category?: string } = category === undefined ? {} : { category }
  const brokenOff = (why: string): ToolListing => {
    onLog(`[catalog] the list of tools ${why}: ${names.size} tools of ${seen.size} pages are taken`)
    return { tools, ttl_ms }
  }
  for (;;) {
    let reply: v.InferOutput<typeof page>
    try {
      const timeout = Math.max(1, deadline - performance.now())
      reply = await client.request({ method: 'tools/list', params }, page, { timeout })
    } catch (error) {
      if (!declared) return { tools, ttl_ms }
      if (seen.size === 0 || codeOf(error) === 'CONNECTION_CLOSED') throw error
      return brokenOff(`broke off (${messageOf(error)})`)
    }
    ttl_ms = reply.ttlMs ?? null
    if (typeof reply.tools === 'string') return { tools: reply.tools, ttl_ms }
    tools.push(...reply.tools)
    const before = names.size
    for (const tool of reply.tools) names.add(String((tool as { name?: unknown } | null)?.name))
    repeats = names.size === before ? repeats + 1 : 0
    const cursor = reply.nextCursor
    if (!cursor) return { tools, ttl_ms }
    if (seen.has(cursor)) return brokenOff('goes round in circles')
    seen.add(cursor)
    if (repeats >= MOST_REPEATS || seen.size >= MOST_PAGES) return brokenOff('does not end')
    params = { ...params, cursor }
  }
}
