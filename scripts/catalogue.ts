/**
 * Makes `src/llm/models/catalogue.tsv` from the data set that `@earendil-works/pi-ai` (MIT, a dev dependency) ships; `npm
 * run build` runs it where that is installed. Only its JSON files are read, so `package.json` overrides what its own code
 * needs. The files are brought into models.dev's shape first, which `models refresh` reads as well.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VENDORS } from '../src/config/vendors.ts'
import { readDataset } from '../src/llm/models/dataset.ts'
import { formatTable } from '../src/llm/models/table.ts'

const root = join(import.meta.dir, '..')
const packageDir = join(root, 'node_modules/@earendil-works/pi-ai')
const dataDir = join(packageDir, 'dist/providers/data')
export const TABLE = join(root, 'src/llm/models/catalogue.tsv')

type Cost = { input: number; output: number; cacheRead: number; cacheWrite: number }
type Found = {
  id: string
  type?: string
  reasoning?: boolean
  input: string[]
  cost: Cost & { tiers?: (Cost & { inputTokensAbove: number })[] }
  contextWindow: number
  maxTokens: number
  api?: string
  thinkingLevelMap?: Record<string, string | null>
}

/** Where the data set's names of providers differ from models.dev's. */
const FILES: Record<string, string> = { togetherai: 'together', 'fireworks-ai': 'fireworks' }

/** The whole table as text, the same for the same data. */
export function makeTable(): string {
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'))
  const { generatedAt } = JSON.parse(readFileSync(join(dataDir, '.manifest.json'), 'utf8'))
  const names = Object.values(VENDORS).flatMap(({ catalogue }) => (catalogue ? [catalogue.name] : []))
  const providers = names.flatMap(name => {
    const file = join(dataDir, `${FILES[name] ?? name}.json`)
    return existsSync(file) ? [[name, { models: Object.fromEntries(chatModels(file).map(entryOf)) }] as const] : []
  })
  const { models, left_out } = readDataset(Object.fromEntries(providers))
  for (const problem of left_out) console.error(`catalogue: left out ${problem}`)
  return formatTable(models, { made: generatedAt, source: `@earendil-works/pi-ai ${version} (MIT)` })
}

const chatModels = (file: string): Found[] =>
  Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, Found>>)
    .flatMap(models => Object.values(models))
    .filter(({ type = 'chat' }) => type === 'chat')

const entryOf = (model: Found) =>
  [
    model.id,
    {
      limit: { context: windowOf(model), output: model.maxTokens },
      cost: {
        ...costOf(model.cost),
        tiers: model.cost.tiers?.map(tier => ({ above: tier.inputTokensAbove, ...costOf(tier) })),
      },
      tool_call: true,
      reasoning: model.reasoning,
      reasoning_options: [{ type: 'effort', values: effortsOf(model) }],
      modalities: { input: model.input, output: ['text'] },
    },
  ] as const

const costOf = ({ input, output, cacheRead, cacheWrite }: Cost) => ({
  input,
  output,
  cache_read: cacheRead,
  cache_write: cacheWrite,
})

/** The data set keeps OpenAI's models below their dearer tier: their window is 1,050,000. */
const windowOf = ({ contextWindow, cost }: Found): number =>
  cost.tiers?.some(({ inputTokensAbove }) => inputTokensAbove >= contextWindow) ? 1_050_000 : contextWindow

const LEVELS = {
  off: 'none',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
}

/** A level that is null is not there; the upper two are there only where they are named. Anthropic knows no `minimal`. */
const effortsOf = ({ reasoning, thinkingLevelMap = {}, api = '' }: Found): string[] =>
  reasoning
    ? Object.entries(LEVELS).flatMap(([level, effort]) => {
        const mapped = thinkingLevelMap[level]
        if (mapped === null || (effort === 'minimal' && api === 'anthropic-messages')) return []
        return mapped === undefined && (level === 'xhigh' || level === 'max') ? [] : [effort]
      })
    : []

if (import.meta.main) {
  if (!existsSync(dataDir)) console.error('catalogue: the data set is not installed; the table stays as it is')
  else writeFileSync(TABLE, makeTable())
}
