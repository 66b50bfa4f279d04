import { messageOf } from '../../base/errors.ts'
import type { Config } from '../../config/config.ts'
import { keyValue } from '../../config/vendors.ts'
import type { Keys } from './keys.ts'
import type { Provider } from './providers.ts'

const PATIENCE_MS = 5_000

/**
 * What is wrong with a provider when it is tried, as a sentence; null when nothing is. Fetches its key, running
 * `api_key_command`, and asks the server of a configured `base_url` for its models: any answer will do but a refusal of the
 * key. What the configuration does not name is not asked.
 */
export async function checkUp(
  provider: Provider,
  { keys, config, fetch }: { keys: Keys; config: Config; fetch: typeof globalThis.fetch },
  limit_ms: number = PATIENCE_MS,
): Promise<string | null> {
  if (provider.kind === 'offline') return null
  const entry = Object.hasOwn(config.providers, provider.name) ? config.providers[provider.name] : undefined
  if (entry?.unset) return `Its entry names variables that are not set: ${entry.unset.join(', ')}.`
  let key: string | undefined
  try {
    key = await keys.find(provider)
  } catch (error) {
    return messageOf(error)
  }
  if (!provider.configured || !provider.base_url) return null
  const anthropic = provider.kind === 'anthropic'
  const headers = {
    ...(key && { [provider.key_header]: keyValue(provider.key_header, key) }),
    ...(anthropic && { 'anthropic-version': '2023-06-01' }),
    ...provider.headers,
  }
  try {
    const url = `${provider.base_url}${anthropic ? '/v1' : ''}/models`
    const { status, body } = await fetch(url, { headers, signal: AbortSignal.timeout(limit_ms) })
    await body?.cancel()
    if (status === 401 || status === 403)
      return `Its server refuses ${key ? 'the key' : 'a request without a key'} (HTTP ${status}).`
    return status >= 500 ? `Its server answers with HTTP ${status}.` : null
  } catch {
    return 'Its server does not answer. Start it, or correct its base_url.' // whatever the system calls it
  }
}
