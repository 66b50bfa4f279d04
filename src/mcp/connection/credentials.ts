import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client'
import * as v from 'valibot'
import { PRIVATE_DIR, readRegular, writeAtomic } from '../../base/files.ts'

/** What OAuth leaves us with for one server: tokens, and who we are to its authorization server. In a file of the owner's. */
export type Credentials = {
  tokens(): Promise<StoredOAuthTokens | undefined>
  client(): Promise<StoredOAuthClientInformation | undefined>
  save(changes: Partial<Kept>): Promise<void>
  /** For the redactor. */
  secrets(): string[]
}
type Kept = { tokens?: StoredOAuthTokens; client?: StoredOAuthClientInformation }

const Stored = v.object({
  tokens: v.optional(v.looseObject({ access_token: v.string(), token_type: v.string() })),
  client: v.optional(v.looseObject({ client_id: v.string() })),
})

export function createCredentials(directory: string, url: string): Credentials {
  const path = join(directory, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`)
  let kept: Promise<Kept> | undefined
  let current: Kept = {}
  const load = () =>
    (kept ??= read(path).then(found => {
      current = found
      return found
    }))
  return {
    tokens: async () => (await load()).tokens,
    client: async () => (await load()).client,
    async save(changes) {
      current = { ...(await load()), ...changes }
      kept = Promise.resolve(current)
      await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIR })
      await writeAtomic(path, JSON.stringify(current))
    },
    secrets: () =>
      [current.tokens?.access_token, current.tokens?.refresh_token, current.client?.client_secret].filter(
        (secret): secret is string => typeof secret === 'string',
      ),
  }
}

async function read(path: string): Promise<Kept> {
  try {
    return v.parse(Stored, JSON.parse(String(await readRegular(path)))) as Kept
  } catch {
    return {} // never signed in, or unreadable: signing in again replaces it
  }
}
