import type { Config, ProviderKind } from '../../config/config.ts'
import { vendorOf } from '../../config/vendors.ts'
import { plainAddress } from '../address.ts'
import type { ModelInfo } from '../provider.ts'
import type { Catalogue } from './catalogue.ts'
import type { KeySource, Keys } from './keys.ts'
import { findProvider, type Provider } from './providers.ts'
import type { Found } from './servers.ts'

export const GUIDE = 'offline/guide'
export const NO_LOCAL =
  'No local server has it: start Ollama, llama.cpp or LM Studio, or set base_url under [providers.local] in emacs-agent.toml.'
const SILENT = 'Its server does not answer. Start it, or correct its base_url.'
/** Listed whole, usable or not. */
export const USUAL: ReadonlySet<string> = new Set(['anthropic', 'openai', 'gemini'])

export type ProviderReport = {
  provider: string
  kind: ProviderKind
  base_url?: string
  /** Where its key is: `name` is the environment variable or the command's program. Null where there is none. */
  key: { source: KeySource; name?: string } | null
  usable: boolean
  /** How many models its server listed; only for servers that are asked. */
  models?: number
  remedy?: string
}

type From = {
  config: Config
  providers: Map<string, Provider>
  keys: Pick<Keys, 'sourceOf'>
  local(): Promise<Found[]>
  remote(): Promise<Found[]>
  catalogue(): Promise<Catalogue>
  info(id: string): ModelInfo
  /** Why a provider cannot be called; undefined when it can, as far as is known. */
  hindrance(provider: Provider): string | undefined
  resolve(name: string): Promise<{ id: string; notice?: string }>
  best(): Promise<string>
}

/** What `GET /api/models` and `doctor` show: which models and providers there are, and whether they can be used. */
export function createListing({
  config,
  providers,
  keys,
  local,
  remote,
  info,
  hindrance,
  resolve,
  best,
  ...from
}: From) {
  const providerOf = (id: string) => findProvider(providers, id.slice(0, Math.max(0, id.indexOf('/'))))

  /** The catalogue's models of a provider; of one that cannot be used, and is not among the usual ones, a single one says why. */
  const listedOf = (provider: Provider, catalogue: Catalogue): string[] => {
    if (provider.configured && provider.kind === 'openai-compatible') return []
    const { name, preferred } = provider
    const example = preferred ?? vendorOf(name)?.example
    const known = catalogue.ids(name)
    const ids = known.length === 0 && example ? [`${name}/${example}`] : known
    if (USUAL.has(name) || !hindrance(provider)) return ids
    return example ? [`${name}/${example}`] : ids.slice(0, 1)
  }

  return {
    async list() {
      const catalogue = await from.catalogue()
      const found = (await Promise.all([local(), remote()])).flat()
      const answers = new Set(found.flatMap(each => (each.models ? [each.server.provider] : [])))
      const silent = new Set(found.flatMap(each => (answers.has(each.server.provider) ? [] : [each.server.provider])))
      const chosen: { id: string; notice?: string } = config.model
        ? await resolve(config.model).catch(() => ({ id: config.model! }))
        : { id: await best() }
      const ids = new Set([
        ...Array.from(providers.values(), provider => listedOf(provider, catalogue)).flat(),
        ...Object.keys(config.models).filter(providerOf),
        ...(providerOf(chosen.id) ? [chosen.id] : []),
        ...found.flatMap(each => each.models?.map(model => model.id) ?? []),
        GUIDE,
      ])
      const models = Array.from(ids, id => {
        const model = info(id)
        if (!model.usable || !silent.has(model.provider)) return model
        return { ...model, usable: false, reason: SILENT }
      })
      const order = [...providers.keys()]
      models.sort((a, b) => order.indexOf(a.provider) - order.indexOf(b.provider))
      return { default: chosen.id, ...(chosen.notice && { notice: chosen.notice }), models }
    },

    async doctor(): Promise<ProviderReport[]> {
      const found = (await Promise.all([local(), remote()])).flat()
      return Array.from(providers.values(), provider => {
        const asked = found.filter(each => each.server.provider === provider.name)
        const answers = asked.filter(each => each.models)
        const models = answers.reduce((sum, each) => sum + each.models!.length, 0)
        const reason =
          asked.length === 0
            ? hindrance(provider)
            : answers.length === 0
              ? provider.base_url
                ? SILENT
                : NO_LOCAL
              : models === 0
                ? 'Its server has no model yet. With Ollama: ollama pull NAME.'
                : undefined
        return {
          provider: provider.name,
          kind: provider.kind,
          ...(provider.base_url && { base_url: plainAddress(provider.base_url) }),
          key: keys.sourceOf(provider) ?? null,
          usable: reason === undefined,
          ...(answers.length > 0 && { models }),
          ...(reason && { remedy: reason }),
        }
      })
    },
  }
}
