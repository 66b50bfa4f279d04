import type { Transport } from '@modelcontextprotocol/client'
import { abortable, within } from '../../base/abort.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { McpServerConfig } from '../../config/config.ts'
import { type Catalog, catalogPath, loadCatalog, type McpTool, readListing, saveCatalog } from '../catalog/catalog.ts'
import { readOthers } from '../catalog/others.ts'
import type { CallResult } from '../catalog/result.ts'
import type { LastLines } from '../transport/last-lines.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import { type CallRequest, ConnectionLost } from './calls.ts'
import { type Connection, connect, type Era, isDeathByProbe } from './connection.ts'
import type { Asker } from './elicitation.ts'
import { callFailure, crashFailure, startFailure } from './failures.ts'
import { type OAuth, withSignIn } from './oauth.ts'

/** One server for one project (or for all, or for one session): started when needed, watched, restarted, reaped. */
export type McpServer = {
  config: McpServerConfig
  project: string | null
  /** What it offers, from memory or disk; null when it was never asked. Starts nothing. */
  catalog(): Promise<Catalog | null>
  /** The same, asking the server when nothing is known. Throws MCP_SERVER_ERROR when it does not answer. */
  fetchCatalog(asker?: Asker | null): Promise<Catalog>
  /** The tool as the server lists it now, which is started for that; as it was known when it does not start or has it no more. */
  latest(tool: McpTool, asker: Asker & { signal: AbortSignal }): Promise<McpTool>
  /** Throws as `Connection.call` does, and MCP_SERVER_ERROR when the server cannot be started or ended in mid-call. */
  call(request: Omit<CallRequest, 'timeout_ms'>): Promise<CallResult>
  /** From now on `onResource` is called for changes of a resource that the server reports. */
  watch(uri: string): void
  status(): 'idle' | 'starting' | 'ready' | 'failed'
  lastError(): string | null
  pid(): number | undefined
  protocol(): string | undefined
  stderr: LastLines
  /** Resets the count of failures and starts anew. A sign-in is asked through `asker`; null refuses it. */
  restart(asker?: Asker | null): Promise<void>
  close(): Promise<void>
}

/** A way to reach a server, opened anew for each connection. */
export type Opened = {
  transport: Transport
  pid?: number /** Why it ended, once it has. */
  ended?(): Promise<string>
  signIn?: OAuth['signIn']
}

export type McpServerOptions = {
  config: McpServerConfig
  project: string | null
  version: string
  /** Where catalogs are kept. */
  directory: string
  stderr: LastLines
  open(): Promise<Opened>
  log(message: string): void
  /** Hears of a list that differs from the one before. */
  onCatalog(catalog: Catalog): void
  /** Hears that a watched resource has changed. */
  onResource(uri: string): void
  idle_ms: number
  probe_ms?: number
}

/** Several `list_changed` at once are one. */
const SETTLE_MS = 100
const MOST_WATCHED = 200

export function createMcpServer(options: McpServerOptions): McpServer {
  const { config, stderr } = options
  const path = catalogPath(options.directory, config)
  const timeout_ms = config.timeout_seconds * 1000
  const breaker: Breaker = createBreaker()
  let catalog: Catalog | null | undefined
  let era: Era | null = null
  let connection: Connection | undefined
  let opened: Opened | undefined
  let starting: Promise<Connection> | undefined
  let lastError: string | null = null
  let closed = false
  let idle: ReturnType<typeof setTimeout> | undefined
  let listing: ReturnType<typeof setTimeout> | undefined
  const watched = new Set<string>()

  const known = async () => {
    if (catalog === undefined) {
      catalog = await loadCatalog(path)
      era = catalog?.era ?? null
    }
    return catalog
  }

  const ready = (asker: Asker | null) => {
    // Connected is not yet ready: calls that come while the list is read wait for it.
    if (connection && !starting) return Promise.resolve(connection)
    starting ??= start(asker).finally(() => (starting = undefined))
    return starting
  }
  const signIn = () => opened?.signIn

  async function start(asker: Asker | null): Promise<Connection> {
    if (closed) throw new AppError('SHUTTING_DOWN', 'The backend is shutting down.')
    await known()
    await breaker.pass(`MCP server ${config.name}`, lastError)
    try {
      const made = await withSignIn(dial, signIn, asker)
      era = made.era
      connection = made
      await withSignIn(() => refresh(made), signIn, asker)
      for (const uri of watched) void made.watch(uri)
      lastError = null
      touch()
      if (closed) await stop()
      return made
    } catch (error) {
      if (isDeathByProbe(error)) era = 'legacy'
      const ending = /closed|ended/i.test(messageOf(error)) ? await endingOf(opened) : null
      const failure = failed(startFailure(config.name, error, ending, stderr.lines()))
      await stop()
      throw failure
    }
  }

  const dial = async (): Promise<Connection> => {
    const made: Connection = await connect({
      name: config.name,
      version: options.version,
      project: options.project,
      era,
      timeout_ms,
      ...(config.format === 'toon' && { category: config.category }),
      probe_ms: options.probe_ms,
      open: async () => {
        opened = await options.open()
        return opened.transport
      },
      onResourceUpdated: uri => watched.has(uri) && options.onResource(uri),
      onListChanged: () => {
        clearTimeout(listing)
        listing = setTimeout(() => void refresh(made).catch(error => options.log(messageOf(error))), SETTLE_MS)
      },
      onLog: line => stderr.add(line),
      onClosed: () => void crashed(),
    })
    return made
  }

  /** Asks for the list, keeps it, and reports a change. */
  async function refresh(from: Connection): Promise<void> {
    const [{ tools }, others] = await Promise.all([from.listTools(), from.listOthers()])
    const fresh: Catalog = {
      tools: await readListing(tools, text => stderr.add(`[catalog] ${text}`)),
      ...readOthers(others),
      era: from.era,
      protocol: from.protocol,
      fetched_at: Date.now(),
    }
    const before = catalog && JSON.stringify(catalog.tools)
    catalog = fresh
    if (before !== JSON.stringify(fresh.tools)) options.onCatalog(fresh)
    await saveCatalog(path, fresh).catch(error =>
      options.log(`Cannot keep the catalog of ${config.name}: ${messageOf(error)}`),
    )
  }

  function failed(error: AppError): AppError {
    breaker.failed()
    lastError = error.message
    options.log(error.message)
    return error
  }

  async function crashed() {
    connection = undefined
    const gone = opened // the next one may be there before this one is cleared away
    const ending = (await endingOf(gone)) ?? A_CLOSED_CONNECTION
    if (!starting) failed(crashFailure(config.name, ending, stderr.lines()))
    await gone?.transport.close() // whatever it left running
  }

  async function stop() {
    clearTimeout(idle)
    clearTimeout(listing)
    const [leaving, transport] = [connection, opened?.transport]
    connection = undefined
    await leaving?.close()
    await transport?.close()
  }

  function touch() {
    clearTimeout(idle)
    idle = setTimeout(() => (connection?.busy() ? touch() : void stop()), options.idle_ms)
    idle.unref()
  }

  return {
    config,
    project: options.project,
    stderr,
    catalog: known,
    async fetchCatalog(asker = null) {
      const kept = await known()
      if (kept) return kept
      await ready(asker)
      return catalog!
    },
    async latest(tool, asker) {
      await abortable(ready(asker), asker.signal).catch(() => asker.signal.throwIfAborted()) // the call will say why
      return catalog?.tools.find(({ name }) => name === tool.name) ?? tool
    },
    async call(request) {
      for (let attempt = 0; ; attempt++) {
        if (!connection) request.context.progress(`Starting ${config.name}`)
        const using = await abortable(ready(request.context), request.context.signal)
        const via = opened
        try {
          const calling = withSignIn(
            () => using.call({ ...request, timeout_ms }),
            () => via?.signIn,
            request.context,
          )
          const result = await abortable(calling, request.context.signal)
          breaker.succeeded()
          touch()
          return result
        } catch (error) {
          if (!(error instanceof ConnectionLost)) throw error
          if (connection === using) connection = undefined
          // Repeating what may have happened already is for the owner to allow, tool by tool.
          const mayRepeat = !error.ran || request.other || config.repeatable.includes(request.tool)
          if (mayRepeat && attempt === 0) continue
          const ending = (await endingOf(via)) ?? A_CLOSED_CONNECTION
          throw callFailure(config.name, request.tool, error.ran, ending)
        }
      }
    },
    watch(uri) {
      if (watched.has(uri) || watched.size >= MOST_WATCHED) return
      watched.add(uri)
      void connection?.watch(uri)
    },
    // Connected is not yet ready: until its tools are listed it is of no use.
    status: () => (starting ? 'starting' : connection ? 'ready' : lastError ? 'failed' : 'idle'),
    lastError: () => lastError,
    pid: () => (connection ? opened?.pid : undefined),
    protocol: () => connection?.protocol ?? catalog?.protocol,
    async restart(asker = null) {
      await stop()
      breaker.reset()
      lastError = null
      era = null
      catalog ??= null
      await ready(asker)
    },
    async close() {
      closed = true
      await stop()
      if (starting) await within(starting, CLOSING_MS)
      await stop()
    },
  }
}

/** Why it ended, if it did: the news of an exit may come a moment after the closed pipe. */
const endingOf = async (opened: Opened | undefined): Promise<string | null> =>
  opened?.ended ? within(opened.ended(), ENDING_MS) : null
const ENDING_MS = 300
const A_CLOSED_CONNECTION = 'a closed connection'
/** A start may be waiting for somebody to sign in: an end does not. */
const CLOSING_MS = 2000
