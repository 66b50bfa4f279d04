import * as v from 'valibot'
import { stayHome } from '../../base/loopback.ts'
import { type KeyHeader, keyValue, VENDORS, type Vendor } from '../../config/vendors.ts'
import { below } from '../address.ts'

/** A server to ask which models it has. `base_url` ends in `/v1` or the like; only a configured one is sent a key. */
export type Server = {
  provider: string
  base_url: string
  kind?: ServerKind
  api_key?: string
  key_header?: KeyHeader
  headers?: Record<string, string>
}
type ServerKind = NonNullable<Vendor['server']>

export type FoundModel = {
  /** `provider/model`. */
  id: string
  provider: string
  base_url: string
  facts: Facts
}

/** What a server says of a model, where it says it. */
type Facts = {
  /** The window in force: what the server loads, not what the model was trained for; undefined where it does not say. */
  context_window?: number
  images?: boolean
  /** False: the server refuses tool definitions for it. */
  tools?: boolean
}

/** Where local servers usually are. `OLLAMA_HOST` moves Ollama, as it does for Ollama itself. */
export function localServers(env: Record<string, string | undefined>): Server[] {
  return Object.values(VENDORS).flatMap(({ server, base_url }) => {
    if (!server || !base_url) return []
    return [
      {
        provider: 'local',
        kind: server,
        base_url: server === 'ollama' ? `${ollamaUrl(env.OLLAMA_HOST)}/v1` : base_url,
      },
    ]
  })
}

function ollamaUrl(host: string | undefined): string {
  const text = host?.trim()
  const url = URL.parse(text?.includes('://') ? text : `http://${text || '127.0.0.1'}`)
  if (!url) return 'http://127.0.0.1:11434'
  const name = url.hostname === '0.0.0.0' || url.hostname === '[::]' ? '127.0.0.1' : url.hostname
  return `${url.protocol}//${name}:${url.port || (text?.includes('://') ? (url.protocol === 'https:' ? 443 : 80) : 11434)}`
}

/** A port on this machine answers at once or not at all; a server elsewhere needs its round trips. */
const LOCAL_MS = 300
const REMOTE_MS = 2_000
/** Once a server has answered, it may take this longer to tell more. */
const MORE_MS = 400
const MOST_MODELS = 500

const Listing = v.object({
  data: v.array(
    v.object({
      id: v.pipe(v.string(), v.nonEmpty()),
      owned_by: v.optional(v.unknown()),
      max_model_len: v.optional(v.unknown()),
    }),
  ),
})

/**
 * Asks one server for its models. Empty when it has none, null when it does not answer as an OpenAI-compatible server
 * within `limit_ms` (by default 300 ms on this machine). Throws nothing.
 */
export async function discover(
  server: Server,
  fetch: typeof globalThis.fetch,
  limit_ms: number = isLocal(server.base_url) ? LOCAL_MS : REMOTE_MS,
): Promise<FoundModel[] | null> {
  const listing = await createAsk(server, fetch, limit_ms)(below(server.base_url, '/models'), Listing)
  if (!listing) return null
  const models = listing.data.slice(0, MOST_MODELS)
  const ids = models.map(model => model.id)
  const kind = server.kind ?? kindOf(server, models)
  const describe = kind && DESCRIBE[kind]
  const root = server.base_url.replace(/\/v1$/, '')
  const known = await describe?.(createAsk(server, fetch, limit_ms + MORE_MS), root, ids, models)
  return ids.flatMap(id => {
    const { chat = !/\bembed|embedding|rerank|whisper/i.test(id), ...facts } = known?.get(id) ?? {}
    return chat ? [{ id: `${server.provider}/${id}`, provider: server.provider, base_url: server.base_url, facts }] : []
  })
}

/** On this machine, by its URL. */
export function isLocal(base_url: string): boolean {
  const host = URL.parse(base_url)?.hostname ?? ''
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** They sign their model lists differently. */
function kindOf(server: Server, models: Listed[]): ServerKind | undefined {
  const owners = models.map(model => model.owned_by)
  if (owners.includes('llamacpp')) return 'llama.cpp'
  if (owners.includes('vllm')) return 'vllm'
  if (owners.includes('organization_owner')) return 'lmstudio'
  if (owners.includes('library') || URL.parse(server.base_url)?.port === '11434') return 'ollama'
  return undefined
}

type Details = Facts & { chat?: boolean }
type Listed = { id: string; owned_by?: unknown; max_model_len?: unknown }
type Describe = (ask: Ask, root: string, ids: string[], listed: Listed[]) => Promise<Map<string, Details>>

const Strings = v.optional(v.array(v.string()))
const Size = v.fallback(v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))), undefined)
const OllamaShow = v.object({ capabilities: Strings, parameters: v.optional(v.string()) })
const OllamaRunning = v.object({ models: v.array(v.object({ name: v.string(), context_length: Size })) })
const LlamaProps = v.object({
  default_generation_settings: v.optional(v.object({ n_ctx: Size })),
  modalities: v.optional(v.object({ vision: v.optional(v.boolean()) })),
  chat_template_caps: v.optional(v.object({ supports_tools: v.optional(v.boolean()) })),
})
const LmStudioModels = v.object({
  data: v.array(
    v.object({
      id: v.string(),
      type: v.optional(v.string()),
      loaded_context_length: Size,
    }),
  ),
})

/** What each server reports beyond the names. All of it optional: a server that says nothing is used with defaults. */
const DESCRIBE: Record<ServerKind, Describe> = {
  // The window is what is loaded (/api/ps) or what the model file sets; without either Ollama decides by the memory it finds.
  ollama: async (ask, root, ids) => {
    const [running, ...shown] = await Promise.all([
      ask(`${root}/api/ps`, OllamaRunning),
      ...ids.slice(0, 100).map(model => ask(`${root}/api/show`, OllamaShow, { model })),
    ])
    const loaded = new Map(running?.models.map(model => [model.name, model.context_length]))
    return new Map(
      shown.flatMap((show, index): [string, Details][] => {
        const id = ids[index]!
        const num_ctx = Number(/^num_ctx\s+(\d+)/m.exec(show?.parameters ?? '')?.[1]) || undefined
        const able = show?.capabilities
        return [
          [
            id,
            compact({
              chat: able ? able.includes('completion') : undefined,
              context_window: loaded.get(id) ?? num_ctx,
              images: able?.includes('vision'),
              tools: able?.includes('tools'),
            }),
          ],
        ]
      }),
    )
  },
  'llama.cpp': async (ask, root, ids) => {
    const props = await ask(`${root}/props`, LlamaProps)
    const known = compact({
      context_window: props?.default_generation_settings?.n_ctx,
      images: props?.modalities?.vision,
      tools: props?.chat_template_caps?.supports_tools,
    })
    return new Map(ids.length === 1 ? [[ids[0]!, known]] : []) // a router serves many models, and /props speaks of one
  },
  // The list itself names the window.
  vllm: async (_ask, _root, _ids, listed) =>
    new Map(listed.map(({ id, max_model_len }) => [id, compact({ context_window: v.parse(Size, max_model_len) })])),
  // It offers tools to every model, through a prompt of its own where a model has no native form.
  lmstudio: async (ask, root) => {
    const listing = await ask(`${root}/api/v0/models`, LmStudioModels)
    return new Map(
      listing?.data.map(model => [
        model.id,
        compact({
          chat: model.type === undefined ? undefined : model.type !== 'embeddings',
          context_window: model.loaded_context_length,
          images: model.type === undefined ? undefined : model.type === 'vlm',
        }),
      ]),
    )
  },
}

/** Without the fields that are undefined, so that it overrides nothing where it knows nothing. */
const compact = (details: Details): Details =>
  Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined))

type Ask = <S extends v.GenericSchema>(url: string, schema: S, body?: unknown) => Promise<v.InferOutput<S> | null>

/** GET, or POST with a body. Null for whatever is not the answer wanted. */
const createAsk =
  (server: Server, fetch: typeof globalThis.fetch, limit_ms: number): Ask =>
  async (url, schema, body) => {
    stayHome(url)
    const { key_header: header = 'authorization' } = server
    try {
      const response = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(server.api_key && { [header]: keyValue(header, server.api_key) }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...server.headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: 'error',
        keepalive: body === undefined, // a POST that meets a closing connection is not repeated
        signal: AbortSignal.timeout(limit_ms),
      })
      if (!response.ok) {
        await response.body?.cancel()
        return null
      }
      const parsed = v.safeParse(schema, await response.json())
      return parsed.success ? parsed.output : null
    } catch {
      return null // nobody there, too slow, or not JSON: no such server
    }
  }
