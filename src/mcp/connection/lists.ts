import type { Client } from '@modelcontextprotocol/client'
import * as v from 'valibot'
import { messageOf } from '../../base/errors.ts'
import type { ConnectionOptions } from './connection.ts'

/** What a server lists beside its tools, unchecked. */
export type OtherListings = { prompts: unknown[]; resources: unknown[]; templates: unknown[] }

const LISTS = {
  prompts: { method: 'prompts/list', key: 'prompts', capability: 'prompts' },
  resources: { method: 'resources/list', key: 'resources', capability: 'resources' },
  templates: { method: 'resources/templates/list', key: 'resourceTemplates', capability: 'resources' },
} as const

const MOST_PAGES = 50
const MOST_ENTRIES = 5000

/** Prompts, resources and templates of a server that declares them. A list that breaks off is worth what it brought. */
export async function listOthers(client: Client, options: ConnectionOptions): Promise<OtherListings> {
  const declared = client.getServerCapabilities() ?? {}
  const list = (name: keyof typeof LISTS) =>
    declared[LISTS[name].capability] === undefined ? [] : listAll(client, LISTS[name], options)
  const [prompts, resources, templates] = await Promise.all([list('prompts'), list('resources'), list('templates')])
  return { prompts, resources, templates }
}

async function listAll(
  client: Client,
  { method, key }: (typeof LISTS)[keyof typeof LISTS],
  { timeout_ms, onLog }: ConnectionOptions,
): Promise<unknown[]> {
  const page = v.looseObject({ [key]: v.optional(v.array(v.unknown()), []), nextCursor: v.nullish(v.string()) })
  const entries: unknown[] = []
  const seen = new Set<string>()
  const deadline = performance.now() + timeout_ms
  let params: { cursor?: string } = {}
  try {
    while (seen.size < MOST_PAGES && entries.length < MOST_ENTRIES) {
      const timeout = Math.max(1, deadline - performance.now())
      const reply = (await client.request({ method, params }, page, { timeout })) as Record<string, unknown>
      entries.push(...(reply[key] as unknown[]))
      const cursor = reply['nextCursor'] as string | null | undefined
      if (!cursor || seen.has(cursor)) break
      seen.add(cursor)
      params = { cursor }
    }
  } catch (error) {
    // Some declare resources and know no templates.
    onLog(`[catalog] ${method} broke off (${messageOf(error)})`)
  }
  return entries.slice(0, MOST_ENTRIES)
}
