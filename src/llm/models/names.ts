import { VENDORS } from '../../config/vendors.ts'
import { findProvider, type Provider } from './providers.ts'

/** A model's name made precise: `id` is `provider/model`; `notice` is for the person who wrote an outdated name. */
export type Named = { id: string; notice?: string }

const ROWS = Object.entries(VENDORS)
/** Short names for what is current. */
const ALIASES = new Map(
  ROWS.flatMap(([name, { models = {} }]) =>
    Object.entries(models).map(([short, model]) => [short, `${name}/${model}`] as const),
  ),
)

/** `claude-sonnet-4.5` is the default of the original documentation; its maker ends it on that day. */
const ENDING: Record<string, { last_day: string; spoken: string; successor: string }> = {
  'anthropic/claude-sonnet-4-5': {
    last_day: '2026-11-30',
    spoken: '30 November 2026',
    successor: 'anthropic/claude-sonnet-5-5',
  },
}

/**
 * The model that `name` means: `provider/model`, an alias, a provider (its usual model), or a bare id, of which `further`
 * lists those that the tables here do not have. Undefined when no provider has it.
 */
export function nameModel(
  name: string,
  providers: Map<string, Provider>,
  further: Iterable<string>,
  now: Date,
): Named | undefined {
  const id = qualify(name.trim(), providers, further)
  return id === undefined ? undefined : succeed(id, now)
}

function qualify(name: string, providers: Map<string, Provider>, further: Iterable<string>): string | undefined {
  const slash = name.indexOf('/')
  const prefix = slash > 0 ? findProvider(providers, name.slice(0, slash)) : undefined
  if (prefix && slash < name.length - 1) return idOf(prefix, name.slice(slash + 1))
  const alias = name.toLowerCase()
  if (ALIASES.has(alias)) return ALIASES.get(alias)
  const whole = findProvider(providers, name)
  if (whole?.preferred) return `${whole.name}/${whole.preferred}`
  for (const id of further) {
    const bare = id.slice(id.indexOf('/') + 1)
    if (bare === name || bare === `${name}:latest` || whole?.name === id.slice(0, id.indexOf('/'))) return id
  }
  const family = ROWS.find(([, { begins }]) => begins?.test(alias))
  return family && idOf(providers.get(family[0])!, name)
}

function idOf(provider: Provider, model: string): string {
  if (provider.kind === 'offline') return 'offline/guide'
  // Anthropic writes its versions with dashes, people with dots.
  const own = provider.name === 'anthropic' ? model.toLowerCase().replace(/(\d)\.(\d)/g, '$1-$2') : model
  return `${provider.name}/${own}`
}

/** What a person should know of a resolved id: that its model ends. */
export const noticeOf = (id: string, now: Date): string | undefined => succeed(id, now).notice

/** A model near its end goes by its own name with a notice, until it is gone; then its successor answers, also said. */
function succeed(id: string, now: Date): Named {
  const base = id.replace(/-\d{8}$/, '')
  const end = Object.hasOwn(ENDING, base) ? ENDING[base] : undefined
  if (!end) return { id }
  const old = base.slice(base.indexOf('/') + 1)
  if (now.toISOString().slice(0, 10) > end.last_day)
    return { id: end.successor, notice: `${old} ended on ${end.spoken}; ${end.successor} takes its place.` }
  return { id, notice: `${old} ends on ${end.spoken}. Its successor is ${end.successor}.` }
}
