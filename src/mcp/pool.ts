import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Children } from '../base/children.ts'
import { AppError } from '../base/errors.ts'
import type { Dirs, McpServerConfig } from '../config/config.ts'
import { secretsOf } from '../config/environment.ts'
import type { Params } from '../event.ts'
import type { Image } from '../llm/provider.ts'
import type { Tool, ToolContext } from '../tools/tool.ts'
import { loadValidator } from './catalog/arguments.ts'
import type { Catalog } from './catalog/catalog.ts'
import { createOffer, entriesOf, type Offer, offered } from './catalog/offer.ts'
import type { Others } from './catalog/others.ts'
import { getPrompt } from './catalog/prompt.ts'
import { hasResources, resourceTool } from './catalog/read-resource.ts'
import type { CallContext } from './connection/calls.ts'
import { type Credentials, createCredentials } from './connection/credentials.ts'
import type { Asker } from './connection/elicitation.ts'
import { unsetFailure } from './connection/failures.ts'
import { createMcpServer, type McpServer } from './connection/server.ts'
import { rowOf, type ServerStatus } from './status.ts'
import { openHttp } from './transport/http.ts'
import { type Around, isolate } from './transport/isolated.ts'
import { createLastLines } from './transport/last-lines.ts'
import { openChild } from './transport/open.ts'

/*
 * MCP: transport/ reaches a server (a child process or a URL), connection/ speaks with it (calls, questions, sign-in), catalog/
 * has what servers offer and how a model finds it lazily. `pool` holds the servers of all sessions; `serve` is the other side:
 * our own tools as an MCP server.
 */

export type PoolOptions = {
  /** The entries that hold for a project (real path); null for those that hold everywhere. */
  servers(project: string | null): McpServerConfig[]
  dirs: Pick<Dirs, 'state' | 'home'>
  children: Children
  /** Environment of children, stripped of secrets. Asked at each start. */
  env(): Record<string, string>
  /** What the isolation of a child depends on; absent: no child is isolated. */
  isolation?(project: string | null): Around
  /** Ours. */
  version: string
  log(message: string): void
  /** Milliseconds without a call after which a server is stopped. */
  idle_ms?: number
  /** Milliseconds between closing stdin, TERM and KILL. */
  grace_ms?: number
  /** Milliseconds for which new sessions wait for a server that nothing is known of, from its first start on; later it is announced. */
  list_wait_ms?: number
  /** Milliseconds a server has to tell its era. */
  probe_ms?: number
  /** Characters of JSON up to which MCP tools are native definitions. */
  native_budget?: number
}

type Offering = { server: string } & Others
/** `words` are the arguments, as they were typed. */
type AskedPrompt = { server: string; prompt: string; words: readonly string[] }

export type Pool = {
  /** The MCP tools of a session. Starts servers only when nothing is known of them, side by side, and waits for none long; `ask` is who signs in where a server wants that. */
  tools(project: string, session_id: string, ask?: ToolContext['ask']): Promise<Tool[]>
  /** Every tool of a project's servers that is known of without starting one. */
  listed(project: string): Promise<Tool[]>
  /** Adds servers to one session until it is released; they replace those of the same name. */
  join(session_id: string, servers: readonly McpServerConfig[]): void
  /** The servers for the system prompt: those of the session as frozen, else of the project as they are now. */
  promptLines(project: string, session_id?: string): Promise<string>
  /** Prompts, resources and templates of a project's servers. Starts those that nothing is known of, and waits for none long. */
  offerings(project: string | null): Promise<Offering[]>
  /** A prompt as its server fills it in. Throws NOT_FOUND, INVALID_REQUEST for an argument that is missing, and as a call does. */
  prompt(project: string, asked: AskedPrompt, context: CallContext): Promise<{ text: string; images: Image[] }>
  /** What a server proposes for an argument of a prompt or of a template; nothing where it cannot. */
  complete(project: string | null, name: string, params: Params): Promise<unknown>
  /** Changed lists since the session began or last asked, as a message to the model. */
  announcement(session_id: string): string | null
  status(project?: string): Promise<ServerStatus[]>
  /**
   * Throws NOT_FOUND for an unknown name, MCP_SERVER_ERROR when it does not come up. A server that wants a sign-in asks
   * `asker`, and does not come up without one.
   */
  restart(name: string, project?: string, asker?: Asker | null): Promise<void>
  /** Tokens of servers that somebody signed in to, and credentials of those that joined, for the redactor. */
  secrets(): string[]
  /** The session has ended: servers of its own stop. */
  release(session_id: string): Promise<void>
  /** Stops every server with all it started. Nothing starts any more. */
  close(): Promise<void>
}

const IDLE_MS = 15 * 60_000
const GRACE_MS = 1000
const LIST_WAIT_MS = 1500
const COMPLETION_MS = 5000
const NATIVE_BUDGET = 4000 // about 1,000 tokens

export function createPool(options: PoolOptions): Pool {
  const directory = join(options.dirs.state, 'mcp')
  const grace_ms = options.grace_ms ?? GRACE_MS
  const servers = new Map<string, McpServer>()
  const offers = new Map<string, { offer: Offer; keys: string[] }>()
  const joined = new Map<string, { servers: readonly McpServerConfig[]; secrets: string[] }>()
  const credentials = new Map<string, Credentials>()
  const credentialsFor = (url: string): Credentials => {
    const kept = credentials.get(url) ?? createCredentials(join(directory, 'oauth'), url)
    credentials.set(url, kept)
    return kept
  }

  const slotOf = (config: McpServerConfig, project: string | null, session_id?: string): [string, McpServer] => {
    const scope = config.shared === 'session' ? (session_id ?? project) : config.shared === 'all' ? null : project
    const key = createHash('sha256')
      .update(JSON.stringify([config, scope]))
      .digest('hex')
    const server = servers.get(key) ?? makeSlot(config, config.shared === 'all' ? null : project)
    servers.set(key, server)
    return [key, server]
  }

  function makeSlot(config: McpServerConfig, project: string | null): McpServer {
    const stderr = createLastLines()
    const server: McpServer = createMcpServer({
      config,
      project,
      version: options.version,
      directory: join(directory, 'catalogs'),
      stderr,
      idle_ms: options.idle_ms ?? IDLE_MS,
      probe_ms: options.probe_ms,
      log: options.log,
      onCatalog: catalog => offers.forEach(({ offer }) => void offer.changed(server, catalog)),
      onResource: uri => offers.forEach(({ offer }) => void offer.updated(server, uri)),
      async open() {
        // A server that an earlier backend left may hold what the new one needs.
        await options.children.sweep()
        if (config.unset) throw unsetFailure(config.name, config.unset, config.origin)
        if (config.url) return openHttp(config, credentialsFor(config.url))
        const around = options.isolation?.(project)
        const isolated = around ? await isolate(config, project, around) : null
        const cwd = project ?? options.dirs.home
        return openChild(config, cwd, options.env(), stderr, options.children, grace_ms, isolated)
      },
    })
    return server
  }

  const enabled = (project: string | null, session_id = '') => {
    const own = joined.get(session_id)?.servers ?? []
    const others = options.servers(project).filter(({ name }) => !own.some(server => server.name === name))
    return [...others, ...own].filter(config => config.enabled)
  }

  async function offerTo(project: string, session_id: string, ask?: ToolContext['ask']): Promise<Offer> {
    const kept = offers.get(session_id)
    if (kept) return kept.offer
    const mine = enabled(project, session_id).map(config => slotOf(config, project, session_id))
    if (mine.length > 0) await loadValidator()
    // What fails or is late is reported elsewhere: in the status, announced, or by the tools that lead to it.
    const catalogs = await Promise.all(mine.map(([, server]) => patiently(server, { session_id, ask })))
    const again = offers.get(session_id) // another call of the same session was quicker
    if (again) return again.offer
    const offer = createOffer(
      mine.map(([, server], i) => ({ server, catalog: catalogs[i]! })),
      options.native_budget ?? NATIVE_BUDGET,
    )
    offers.set(session_id, { offer, keys: mine.map(([key]) => key) })
    return offer
  }

  /** A server that hangs makes one session wait, and none after it. */
  const patience = new WeakMap<McpServer, Promise<null>>()
  async function patiently(server: McpServer, asker: Asker): Promise<Catalog | null> {
    const known = await server.catalog()
    if (known) return known
    const wait_ms = options.list_wait_ms ?? LIST_WAIT_MS
    const late = patience.get(server) ?? new Promise<null>(resolve => setTimeout(resolve, wait_ms, null))
    patience.set(server, late)
    return Promise.race([server.fetchCatalog(asker).catch(() => null), late])
  }

  const knownOf = (project: string) =>
    Promise.all(
      enabled(project).map(async config => {
        const server = slotOf(config, project)[1]
        return { server, catalog: await server.catalog() }
      }),
    )

  function serverOf(project: string | null, name: string, session_id?: string): McpServer {
    const config = enabled(project, session_id).find(config => config.name === name)
    if (!config)
      throw new AppError('NOT_FOUND', 'No enabled MCP server of that name is configured. GET /api/mcp lists them.')
    return slotOf(config, project, session_id)[1]
  }

  return {
    tools: async (project, session_id, ask) => (await offerTo(project, session_id, ask)).tools,
    join(session_id, own) {
      joined.set(session_id, { servers: own, secrets: secretsOf({ providers: {}, mcp_servers: [...own] }) })
    },
    async listed(project) {
      const found = await knownOf(project)
      const known = await Promise.all(
        found.map(async ({ server, catalog }) => catalog && entriesOf(server, offered(server, catalog))),
      )
      const tools = known.flatMap(entries => entries ?? []).map(({ tool }) => tool)
      const reading = found.some(({ catalog }) => hasResources(catalog)) ? [resourceTool([], () => {})] : []
      return [...tools, ...reading]
    },
    async promptLines(project, session_id) {
      if (session_id !== undefined) return (await offerTo(project, session_id)).lines
      return createOffer(await knownOf(project), options.native_budget ?? NATIVE_BUDGET).lines
    },
    async offerings(project) {
      const servers = enabled(project).map(config => slotOf(config, project)[1])
      const catalogs = await Promise.all(servers.map(server => patiently(server, { session_id: '' })))
      return servers.map(({ config }, i) => {
        const { prompts = [], resources = [], templates = [] } = catalogs[i] ?? {}
        return { server: config.name, prompts, resources, templates }
      })
    },
    async prompt(project, { server: name, prompt, words }, context) {
      const server = serverOf(project, name, context.session_id)
      const { prompts = [] } = await server.fetchCatalog(context)
      const found = prompts.find(one => one.name === prompt)
      if (!found) throw new AppError('NOT_FOUND', `The MCP server ${name} has no such prompt any more.`)
      return getPrompt(server, found, words, context)
    },
    async complete(project, name, params) {
      const context = { session_id: '', progress: () => {}, signal: AbortSignal.timeout(COMPLETION_MS) }
      const other = { method: 'completion/complete' as const, params }
      const { completion } = await serverOf(project, name).call({
        tool: 'completion',
        args: {},
        schema: {},
        other,
        context,
      })
      return completion
    },
    announcement: session_id => offers.get(session_id)?.offer.announcement() ?? null,
    async status(project) {
      const configured = options.servers(project ?? null)
      const live = [...servers.values()].filter(
        server => project === undefined || server.project === project || server.project === null,
      )
      const rows = await Promise.all(live.map(rowOf))
      const others = configured.filter(config => !live.some(server => server.config.name === config.name))
      return [...rows, ...(await Promise.all(others.map(config => restingRow(config, project ?? null))))]
    },
    async restart(name, project, asker = null) {
      const config = options.servers(project ?? null).find(config => config.name === name)
      const named = [...servers.values()].filter(
        server =>
          server.config.name === name &&
          (project === undefined || server.project === project || server.project === null),
      )
      if (!config?.enabled && named.length === 0)
        throw new AppError('NOT_FOUND', 'No enabled MCP server of that name is configured. GET /api/mcp lists them.')
      const targets = named.length > 0 || !config ? named : [slotOf(config, project ?? null)[1]]
      await Promise.all(targets.map(server => server.restart(asker)))
    },
    secrets: () => [
      ...[...credentials.values()].flatMap(kept => kept.secrets()),
      ...[...joined.values()].flatMap(({ secrets }) => secrets),
    ],
    async release(session_id) {
      const keys = offers.get(session_id)?.keys ?? []
      offers.delete(session_id)
      joined.delete(session_id)
      const own = keys.filter(key => servers.get(key)?.config.shared === 'session')
      await Promise.all(own.map(key => servers.get(key)!.close()))
      for (const key of own) servers.delete(key)
    },
    async close() {
      await Promise.all([...servers.values()].map(server => server.close()))
    },
  }

  async function restingRow(config: McpServerConfig, project: string | null): Promise<ServerStatus> {
    const row = await rowOf(makeSlot(config, config.shared === 'all' ? null : project))
    return config.enabled ? row : { ...row, status: 'disabled' }
  }
}
