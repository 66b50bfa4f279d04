import { join } from 'node:path'
import { makePrivateDir, readRegular, writeAtomic } from '../../base/files.ts'
import type { ModelConfig } from '../../config/config.ts'
import { CHANGES, FACTS } from './corrections.ts'
import { type Dataset, parseDataset } from './dataset.ts'
import { formatTable, parseTable, readLine, type Table } from './table.ts'

/** What is known of models: from the table in the program, or a later one in the state directory. */
export type Catalogue = {
  /** In the order of the providers. */
  ids(provider: string): string[]
  /** What is known of `provider/model`, undefined where nothing is. Names often end in a date, which changes no price. */
  find(id: string): ModelConfig | undefined
}

/** Where models are looked up anew. */
export const SOURCE = 'https://models.dev/api.json'
const LARGEST = 32 * 2 ** 20
const PATIENCE_MS = 60_000

const refreshedTable = (state: string): string => join(state, 'models.tsv')

/**
 * Loads the table in the program, and a later one in front of it: a provider's models are those of the first table that has
 * any, and the built-in one fills in what it lacks. A refreshed one that is damaged is ignored.
 */
export async function loadCatalogue(state: string | undefined): Promise<Catalogue> {
  const { default: text } = await import('./catalogue.tsv', { with: { type: 'text' } })
  const shipped = parseTable(text)!
  const refreshed = state && (await readTable(refreshedTable(state)))
  return catalogueOf(refreshed && refreshed.made > shipped.made ? [refreshed, shipped] : [shipped])
}

async function readTable(path: string): Promise<Table | undefined> {
  try {
    return parseTable((await readRegular(path, LARGEST)).toString())
  } catch {
    return undefined // never refreshed, or damaged: the table in the program has it
  }
}

function catalogueOf(tables: Table[]): Catalogue {
  /** Lines are read when they are asked for, once: a session shows its model with each look at it. */
  const found = new Map<string, ModelConfig | undefined>()
  const find = (id: string): ModelConfig | undefined => {
    const table = tables.find(({ lines }) => lines.has(id))
    const facts = table && readLine(table.lines.get(id)!)
    if (!facts) return undefined
    const { made } = table
    const { prices } = { ...facts, ...ownOf(FACTS, id) }
    const changes = ownOf(CHANGES, id)?.filter(({ from }) => from > made.slice(0, 10)) ?? []
    return {
      ...facts,
      ...ownOf(FACTS, id),
      ...(prices && { prices: { ...prices, ...(changes.length > 0 && { changes }) } }),
    }
  }
  return {
    ids: provider => tables.map(table => idsIn(table, provider)).find(ids => ids.length > 0) ?? [],
    find(id) {
      if (!found.has(id)) found.set(id, find(id) ?? find(id.replace(/-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, '')))
      return found.get(id)
    },
  }
}

const idsIn = ({ lines }: Table, provider: string): string[] =>
  [...lines.keys()].filter(id => id.startsWith(`${provider}/`))

const ownOf = <T>(table: Record<string, T>, id: string): T | undefined =>
  Object.hasOwn(table, id) ? table[id] : undefined

/**
 * Replaces the table in the state directory by one from `source`, an address or a text in models.dev's shape. Throws when
 * it cannot be fetched or is no such data set; the earlier table stays then.
 */
export async function refreshCatalogue(
  state: string,
  source: { url: string } | { text: string; name: string },
  now: Date,
): Promise<Dataset> {
  const text = 'text' in source ? source.text : await download(source.url)
  const dataset = parseDataset(text)
  if (dataset.models.length === 0) throw new Error('No model in it could be read.')
  await makePrivateDir(state)
  const made = now.toISOString()
  await writeAtomic(
    refreshedTable(state),
    formatTable(dataset.models, { made, source: 'text' in source ? source.name : source.url }),
  )
  return dataset
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
  if (!response.ok) throw new Error(`${url} answers with HTTP ${response.status}.`)
  let size = 0
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > LARGEST)
      throw new Error(`${url} sends more than ${LARGEST / 2 ** 20} MiB: that is no data set of models.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
