import { existsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { makePrivateDir, readRegularSync, writeAtomic } from '../../base/files.ts'
import { withLock } from '../../base/lockfile.ts'
import type { Config, OAuthConfig } from '../../config/config.ts'
import { LlmError } from '../errors.ts'
import type { Tokens } from './device.ts'

/** The tokens of providers with an `oauth` table: in the state directory, a file each (0600), shared by all processes. */
export type SignIns = {
  /** Whether there are tokens of this provider for the client that is configured. */
  has(provider: string): boolean
  /** The access token, renewed in time. Throws LLM_AUTH when it takes a new sign-in, LLM_UNREACHABLE when nobody answers. */
  token(provider: string): Promise<string>
  save(provider: string, tokens: Tokens): Promise<void>
  /** Forgets the tokens, and has the server do so. Resolves with whether the server revoked them. */
  forget(provider: string): Promise<'absent' | 'forgotten' | 'revoked'>
  /** For the redactor. */
  secrets(): ReadonlySet<string>
}

const Kept = v.object({
  /** Whom the tokens were given to, and by whom: they go nowhere else. */
  client_id: v.string(),
  server: v.string(),
  access_token: v.string(),
  refresh_token: v.optional(v.string()),
  scope: v.optional(v.string()),
  expires_at: v.optional(v.number()),
})
type Kept = v.InferOutput<typeof Kept>

/** The providers that are signed in at. */
export const signInProviders = ({ providers }: Pick<Config, 'providers'>): string[] =>
  Object.keys(providers).filter(name => providers[name]!.oauth)

/** A token is renewed so long before it expires. */
const EARLY_MS = 60_000
const LOCK_MS = 40_000

export function createSignIns(config: Config, state: string | undefined, now: () => Date = () => new Date()): SignIns {
  const directory = join(state ?? '', 'sign-in')
  const pathOf = (provider: string) => join(directory, `${provider}.json`)
  const oauthOf = (provider: string): OAuthConfig | undefined =>
    state !== undefined && Object.hasOwn(config.providers, provider) ? config.providers[provider]?.oauth : undefined
  /** All that were ever read: one that was renewed is a secret still. */
  const seen = new Set<string>()
  let isLoaded = false
  const cache = new Map<string, { modified: number; kept: Kept | undefined }>()

  const read = (provider: string): Kept | undefined => {
    const oauth = oauthOf(provider)
    const path = pathOf(provider)
    if (!oauth || !existsSync(path)) return undefined
    const modified = statSync(path).mtimeMs
    const known = cache.get(provider)
    if (known?.modified === modified) return known.kept
    const kept = readKept(path, oauth)
    cache.set(provider, { modified, kept })
    for (const secret of [kept?.access_token, kept?.refresh_token]) if (secret) seen.add(secret)
    return kept
  }
  const write = async (provider: string, oauth: OAuthConfig, tokens: Tokens) => {
    await makePrivateDir(directory)
    const kept: Kept = { client_id: oauth.client_id, server: serverOf(oauth), ...tokens }
    await writeAtomic(pathOf(provider), JSON.stringify(kept))
    cache.delete(provider)
  }
  const isFresh = ({ expires_at }: Kept, early: number) =>
    expires_at === undefined || now().getTime() + early < expires_at

  /** One process renews at a time: where refresh tokens rotate, the second would be taken for a thief. */
  const renew = async (provider: string, oauth: OAuthConfig): Promise<string> => {
    let result: string | undefined
    await makePrivateDir(directory)
    await withLock(`${pathOf(provider)}.lock`, LOCK_MS, async () => {
      cache.delete(provider)
      const kept = read(provider)
      if (!kept) throw signedOut(provider)
      if (isFresh(kept, EARLY_MS)) {
        result = kept.access_token
        return
      }
      result = await renewed(provider, oauth, kept)
    })
    if (result === undefined) throw unreachable(provider)
    return result
  }

  const renewed = async (provider: string, oauth: OAuthConfig, kept: Kept): Promise<string> => {
    const { OAuthRefusal, refreshTokens } = await import('./device.ts')
    if (!kept.refresh_token) throw signedOut(provider)
    try {
      const tokens = await refreshTokens(oauth, kept.refresh_token)
      await write(provider, oauth, tokens)
      return read(provider)!.access_token
    } catch (error) {
      if (error instanceof OAuthRefusal) {
        await rm(pathOf(provider), { force: true })
        throw signedOut(provider)
      }
      if (isFresh(kept, 0)) return kept.access_token
      throw unreachable(provider, error)
    }
  }

  return {
    has: provider => read(provider) !== undefined,
    async token(provider) {
      const oauth = oauthOf(provider)
      const kept = read(provider)
      if (!oauth || !kept) throw signedOut(provider)
      return isFresh(kept, EARLY_MS) ? kept.access_token : renew(provider, oauth)
    },
    async save(provider, tokens) {
      await write(provider, oauthOf(provider)!, tokens)
    },
    async forget(provider) {
      const oauth = oauthOf(provider)
      const kept = read(provider)
      const wasThere = existsSync(pathOf(provider))
      await rm(pathOf(provider), { force: true })
      cache.delete(provider)
      if (!oauth || !kept) return wasThere ? 'forgotten' : 'absent'
      const { revokeToken } = await import('./device.ts')
      return (await revokeToken(oauth, kept).catch(() => false)) ? 'revoked' : 'forgotten'
    },
    secrets() {
      // Asked with each event: the files are read for it once, and then when they are used.
      if (!isLoaded) for (const provider of Object.keys(config.providers)) read(provider)
      isLoaded = true
      return seen
    },
  }
}

const serverOf = ({ issuer, token_endpoint }: OAuthConfig) => token_endpoint ?? issuer ?? ''

function readKept(path: string, oauth: OAuthConfig): Kept | undefined {
  try {
    const kept = v.parse(Kept, JSON.parse(String(readRegularSync(path))))
    return kept.client_id === oauth.client_id && kept.server === serverOf(oauth) ? kept : undefined
  } catch {
    return undefined // damaged: signing in again replaces it
  }
}

const signedOut = (provider: string) =>
  new LlmError('LLM_AUTH', `You are not signed in at ${provider}. Run: emacs-agent-backend login ${provider}`, {
    retryable: false,
  })
const unreachable = (provider: string, cause?: unknown) =>
  new LlmError('LLM_UNREACHABLE', `The sign-in at ${provider} cannot be renewed now: its server does not answer.`, {
    cause,
  })
