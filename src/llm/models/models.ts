import { AppError } from '../../base/errors.ts'
import type { Config } from '../../config/config.ts'
import type { Usage } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { LlmError } from '../errors.ts'
import type { ModelInfo, Stream } from '../provider.ts'
import { createSignIns } from '../sign-in/sign-ins.ts'
import { type Catalogue, loadCatalogue } from './catalogue.ts'
import { checkUp } from './checkup.ts'
import { localServers, type Server } from './discovery.ts'
import { createKeys } from './keys.ts'
import { createListing, GUIDE, NO_LOCAL, type ProviderReport, USUAL } from './listing.ts'
import { nameModel, noticeOf } from './names.ts'
import { costOf, pricesOn } from './prices.ts'
import { addressRemedy, findProvider, keyRemedy, type Provider, providersOf, unknownProvider } from './providers.ts'
import { createServers } from './servers.ts'
import { cheapest } from './small.ts'

/** Which models there are, what they cost, and the way to call one. */
export type Models = {
  /**
   * Every known model with its usability and, where not usable, the remedy; `notice` is about the name of the default. Asks
   * local and configured servers.
   */
  list(): Promise<{ default: string; notice?: string; models: ModelInfo[] }>
  /** The best usable model, for when none is configured: a key's, else a local server's, else `offline/guide`. */
  best(): Promise<string>
  /**
   * The model that a name means: an id, a bare id or an alias. Needs no key: a missing one is an error when it is called.
   * Throws INVALID_REQUEST when no provider has it.
   */
  resolve(name: string): Promise<{ id: string; info: ModelInfo; notice?: string }>
  /** Calls `request.model`, a resolved id. Throws LLM_AUTH without a key, never takes another model instead. */
  stream: Stream
  /** Keeps a key in memory only. Throws NOT_FOUND for an unknown provider. */
  setKey(provider: string, key: string): void
  /** What must never be shown: keys and credentials in headers. Grows as keys are set and fetched: ask each time. */
  secrets(): readonly string[]
  /** Loads the catalogue, once: `info` and `price` know nothing of it before. `resolve`, `list` and `best` load it. */
  load(): Promise<void>
  /**
   * The model that does small work beside `id`: `small_model`, else the cheapest usable one of the same provider and maker.
   * Undefined for "none", and where prices are not known or the provider is reached at another address than its own.
   */
  small(id: string): Promise<string | undefined>
  /** The model that writes summaries for `id`: the small one where that is configured and its window is no smaller. */
  summariser(id: string): Promise<string>
  /** What is known of a resolved id right now. */
  info(id: string): ModelInfo
  /** The usage of one request, with `cost_usd` where every price that it needs is known. */
  price(id: string, usage: Usage): Usage
  /** The state of each provider, for `doctor`. Runs no `api_key_command`, shows no key. */
  doctor(): Promise<ProviderReport[]>
  /** What is wrong with it when it is tried; null when nothing is. Runs its `api_key_command`. */
  checkUp(provider: string): Promise<string | null>
}

/**
 * `guide` answers for `offline/guide`. `servers` are where to look for local models, by default the usual ports, and `probe_ms` how long each has to answer.
 * `now` decides on prices and ended models.
 */
export function createModels(options: {
  config: Config
  env: Record<string, string | undefined>
  guide: Stream
  fetch?: typeof globalThis.fetch
  servers?: Server[]
  probe_ms?: number
  /** The state directory, for a catalogue that was refreshed and for sign-ins. */
  state?: string
  now?: () => Date
}): Models {
  const { config, env, fetch = globalThis.fetch, now = () => new Date() } = options
  const providers = providersOf(config, env)
  const keys = createKeys({ config, env, providers, signIns: createSignIns(config, options.state, now) })
  const { local, remote, whereIs } = createServers({
    providers,
    keys,
    usual: options.servers ?? localServers(env),
    fetch,
    probe_ms: options.probe_ms,
  })
  let catalogue: Catalogue = NO_CATALOGUE
  let loading: Promise<void> | undefined
  const load = () => {
    loading ??= loadCatalogue(options.state).then(loaded => {
      catalogue = loaded
    })
    return loading
  }
  const providerOf = (id: string) => findProvider(providers, id.slice(0, Math.max(0, id.indexOf('/'))))

  /** Why a model of this provider cannot be called, with the remedy; undefined when it can, as far as we know. */
  const hindrance = (provider: Provider, id?: string): string | undefined => {
    if (provider.kind === 'offline') return undefined
    if (provider.needs_key && !keys.sourceOf(provider)) return `No key. ${keyRemedy(provider)}`
    if (provider.base_url || (id && whereIs(id))) return undefined
    return provider.name === 'local' ? NO_LOCAL : addressRemedy(provider)
  }

  const info = (id: string): ModelInfo => {
    const provider = providerOf(id)
    const facts = {
      ...catalogue.find(id),
      ...whereIs(id)?.facts,
      ...(Object.hasOwn(config.models, id) && config.models[id]),
    }
    const prices = id === GUIDE ? FREE : facts.prices
    const reason = provider ? hindrance(provider, id) : 'Its provider is not configured.'
    const notice = noticeOf(id, now())
    return {
      ...(provider && provider.kind !== 'openai-compatible' && provider.kind !== 'offline' && { images: true }),
      ...facts,
      ...(prices && { prices: pricesOn(prices, now()) }),
      id,
      provider: provider?.name ?? '',
      usable: reason === undefined,
      ...(reason && { reason }),
      ...(notice && { notice }),
    }
  }

  const best = async (): Promise<string> => {
    await load()
    for (const provider of providers.values()) {
      if (provider.kind === 'offline' || !keys.sourceOf(provider)) continue
      const model = provider.preferred ?? modelsIn(config, provider.name)[0]
      if (model) return `${provider.name}/${model}`
    }
    const models = (await local()).flatMap(found => found.models ?? [])
    return (models.find(model => model.facts.tools !== false) ?? models[0])?.id ?? GUIDE
  }

  /** Made one by one: most names say their provider, and need none of these. */
  function* listed() {
    for (const name of USUAL) yield* catalogue.ids(name)
    yield* Object.keys(config.models)
  }
  let asked = false
  const resolve: Models['resolve'] = async name => {
    await load()
    let named = nameModel(name, providers, listed(), now())
    const provider = named && providerOf(named.id)
    const isServed = provider?.kind === 'openai-compatible' && !provider.needs_key
    // What a server says of its model is worth a question, once; a turn does not wait for it to be asked again.
    if (isServed && asked) void local()
    if (!named || (isServed && !asked)) {
      asked = true
      const found = (await local()).flatMap(({ models }) => models?.map(model => model.id) ?? [])
      named ??= nameModel(name, providers, [...listed(), ...found], now())
    }
    if (!named) throw unknownProvider(providers)
    return { ...named, info: info(named.id) }
  }

  const endpointOf = async (id: string, signal: AbortSignal): Promise<Endpoint> => {
    const provider = providerOf(id)
    if (!provider) throw new LlmError('LLM_INVALID_REQUEST', unknownProvider(providers).message)
    if (!whereIs(id) && !provider.base_url) await local()
    const reason = hindrance(provider, id)
    if (reason) throw new LlmError(provider.needs_key ? 'LLM_AUTH' : 'LLM_UNREACHABLE', reason, { retryable: false })
    const base_url = whereIs(id)?.base_url ?? provider.base_url
    // A key goes where the configuration says, not to whatever answers on a port.
    const api_key = base_url === provider.base_url ? await keys.find(provider, signal) : undefined
    const { name, kind, wires, key_header, patience, headers, timeout_seconds } = provider
    const model = id.slice(id.indexOf('/') + 1)
    return {
      ...{ provider: name, kind, wires, key_header, patience, model, base_url, headers, info: info(id) },
      ...(api_key && { api_key }),
      ...(timeout_seconds !== undefined && { timeout_seconds }),
    }
  }

  const listing = createListing({
    ...{ config, providers, keys, local, remote, info, hindrance, resolve, best },
    catalogue: () => load().then(() => catalogue),
  })

  const small: Models['small'] = async id => {
    const { small_model } = config
    if (small_model === 'none') return undefined
    if (small_model) {
      const { id, info } = await resolve(small_model)
      return info.usable ? id : undefined
    }
    await load()
    const provider = providerOf(id)
    if (!provider || provider.configured) return undefined
    return cheapest(catalogue.ids(provider.name).map(info), id)
  }

  return {
    load,
    small,
    async summariser(id) {
      if (!config.small_model_summaries) return id
      const found = await small(id).catch(() => undefined) // no such model: the conversation's own does it
      const isWideEnough = found && (info(found).context_window ?? 0) >= (info(id).context_window ?? 0)
      return isWideEnough ? found : id
    },
    best,
    resolve,
    info,
    secrets: keys.secrets,

    ...listing,

    async *stream(request, signal) {
      if (request.model === GUIDE) return yield* options.guide(request, signal)
      const endpoint = await endpointOf(request.model, signal)
      const [{ stream }, { withRetry }] = await Promise.all([import('../stream.ts'), import('../retry.ts')])
      return yield* withRetry((request, signal) => stream(endpoint, request, signal), {
        wait_for_reset: config.wait_for_reset,
      })(request, signal)
    },

    setKey(name, key) {
      const provider = findProvider(providers, name)
      if (!provider)
        throw new AppError('NOT_FOUND', `No such provider. There are: ${[...providers.keys()].join(', ')}.`)
      keys.set(provider, key)
    },

    price(id, { cost_usd: _, ...usage }) {
      const cost_usd = costOf(info(id).prices, usage, now())
      return { ...usage, ...(cost_usd !== undefined && { cost_usd }) }
    },

    checkUp: name => checkUp(providers.get(name)!, { keys, config, fetch }),
  }
}

const FREE = { input: 0, output: 0, cache_read: 0, cache_write: 0 }
const NO_CATALOGUE: Catalogue = { ids: () => [], find: () => undefined }

const modelsIn = (config: Config, provider: string): string[] =>
  Object.keys(config.models).flatMap(id => (id.startsWith(`${provider}/`) ? [id.slice(provider.length + 1)] : []))
