import { discover, type FoundModel, isLocal, type Server } from './discovery.ts'
import type { Keys } from './keys.ts'
import type { Provider } from './providers.ts'

/** One server's answer; `models` is null when it gave none. */
export type Found = { server: Server; models: FoundModel[] | null }

/** The servers that are asked which models they have. An answer is good for a few seconds. */
export type Servers = {
  /** Those on this machine: the configured ones, then the usual ports. */
  local(): Promise<Found[]>
  /** Configured OpenAI-compatible servers elsewhere. */
  remote(): Promise<Found[]>
  /** Where a model was last seen. It stays when a server is too busy to answer: a call fails if it is gone. */
  whereIs(id: string): FoundModel | undefined
}

const FRESH_MS = 5_000

export function createServers(options: {
  providers: Map<string, Provider>
  keys: Keys
  usual: Server[]
  fetch: typeof globalThis.fetch
  probe_ms?: number
}): Servers {
  const { providers, keys, usual, fetch, probe_ms } = options
  const seen = new Map<string, FoundModel>()

  const configured = (here: boolean): Promise<Server[]> =>
    Promise.all(
      [...providers.values()].flatMap(provider => {
        const { name, kind, base_url, headers, key_header, configured } = provider
        if (kind !== 'openai-compatible' || !configured || !base_url || isLocal(base_url) !== here) return []
        // Looking around is no reason to make anyone type a passphrase.
        const key = keys.sourceOf(provider)?.source === 'command' ? Promise.resolve(undefined) : keys.find(provider)
        return [key.then(api_key => ({ provider: name, base_url, headers, key_header, ...(api_key && { api_key }) }))]
      }),
    )
  const ask = async (servers: Server[]): Promise<Found[]> => {
    const found = await Promise.all(
      servers.map(async server => ({ server, models: await discover(server, fetch, probe_ms) })),
    )
    // Of two servers with the same model the first keeps it.
    for (const model of found.flatMap(each => each.models ?? []).reverse()) seen.set(model.id, model)
    return found
  }
  return {
    local: cached(async () => ask([...(await configured(true)), ...usual])),
    remote: cached(async () => ask(await configured(false))),
    whereIs: id => seen.get(id) ?? seen.get(`${id}:latest`), // as Ollama itself reads a name without a tag
  }
}

/** The last answer while it is fresh; callers that come at the same time share one question. */
function cached<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number; answer: Promise<T> } | undefined
  return () => {
    if (!last || performance.now() - last.at > FRESH_MS) last = { at: performance.now(), answer: ask() }
    return last.answer
  }
}
