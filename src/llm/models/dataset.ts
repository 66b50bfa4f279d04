import * as v from 'valibot'
import { messageOf } from '../../base/errors.ts'
import type { ModelConfig, Prices } from '../../config/config.ts'
import { VENDORS } from '../../config/vendors.ts'
import { EFFORTS } from '../../event/parts.ts'
import type { Effort } from '../../event.ts'

/** One model as a data set describes it; `id` is `provider/model` with our name of the provider. */
export type Listed = ModelConfig & { id: string; context_window: number; max_output: number }
/** `left_out` says which models could not be read, a sentence each. */
export type Dataset = { models: Listed[]; left_out: string[] }

const dollars = v.pipe(v.number('a number'), v.finite('a number'), v.minValue(0, 'a number from 0 on'))
// Counts beyond 2^53 are not exact, and the table that is made of these accepts exact ones only.
const tokens = v.pipe(v.number('a number'), v.safeInteger('a whole number'), v.minValue(1, 'a number from 1 on'))
const cost = {
  input: dollars,
  output: dollars,
  cache_read: v.optional(dollars),
  cache_write: v.optional(dollars),
}
const Cost = v.looseObject({ ...cost, tiers: v.optional(v.array(v.looseObject(cost), 'a list')) }, 'a table')
const Model = v.object(
  {
    limit: v.object({ context: tokens, output: tokens }, 'a table of limits'),
    cost: v.nullish(Cost),
    tool_call: v.nullish(v.boolean()),
    reasoning: v.nullish(v.boolean()),
    reasoning_options: v.nullish(v.array(v.looseObject({ type: v.string(), values: v.nullish(v.array(v.string())) }))),
    modalities: v.nullish(v.object({ input: v.nullish(v.array(v.string())), output: v.nullish(v.array(v.string())) })),
  },
  'a table',
)
type Model = v.InferOutput<typeof Model>
const Root = v.record(v.string(), v.unknown())
const Provider = v.object({ models: v.record(v.string(), v.unknown()) })

/**
 * Reads a data set in the shape of models.dev's `api.json` and keeps the models of the providers that we have a row for. A
 * model that lacks a field, or has it of another type, is left out, and nothing else is. Throws for what is no such data
 * set at all.
 */
export function readDataset(json: unknown): Dataset {
  const root = v.safeParse(Root, json)
  const found: Dataset = { models: [], left_out: [] }
  let sections = 0
  for (const [name, { catalogue }] of Object.entries(VENDORS)) {
    if (!catalogue || !root.success || !Object.hasOwn(root.output, catalogue.name)) continue
    const section = v.safeParse(Provider, root.output[catalogue.name])
    if (!section.success) {
      found.left_out.push(`${catalogue.name}: models must be a table.`)
      continue
    }
    sections++
    for (const [model, entry] of Object.entries(section.output.models)) {
      if (/\s/.test(model) || (catalogue.only && !catalogue.only.test(model))) continue
      const id = `${name}/${catalogue.prefix ?? ''}${model}`
      const read = v.safeParse(Model, entry)
      if (!read.success) found.left_out.push(`${id}: ${wrongIn(read.issues[0])}`)
      else if (isChat(read.output)) found.models.push({ id, ...factsOf(read.output, model) })
    }
  }
  if (sections === 0)
    throw new Error('This is no data set of models: it has none of the providers, as models.dev names them.')
  return found
}

/** The same from text. Throws for what is no JSON. */
export function parseDataset(text: string): Dataset {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Error(`This is no JSON: ${messageOf(error)}`)
  }
  return readDataset(json)
}

const wrongIn = (issue: v.BaseIssue<unknown>): string => {
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? 'it'
  return issue.input === undefined ? `${path} is missing.` : `${path} must be ${issue.message}.`
}

const isChat = ({ modalities }: Model): boolean => modalities?.output?.includes('text') ?? true

function factsOf(model: Model, name: string): Omit<Listed, 'id'> {
  const { limit, cost, tool_call, modalities } = model
  const prices = cost && pricesOf(cost, name)
  return {
    context_window: limit.context,
    max_output: limit.output,
    ...(modalities?.input && { images: modalities.input.includes('image') }),
    ...(tool_call === false && { tools: false }),
    ...effortsOf(model),
    ...(prices && { prices }),
  }
}

/** Levels are known where they are listed, or where there is no reasoning at all. */
function effortsOf({ reasoning, reasoning_options }: Model): { efforts?: Effort[] } {
  const listed = reasoning_options?.find(({ type }) => type === 'effort')?.values
  if (listed) return { efforts: EFFORTS.filter(effort => listed.includes(effort)) }
  return reasoning === false ? { efforts: [] } : {}
}

/** Data sets write 0 for what they do not know: only a model that is called free costs nothing. */
function pricesOf({ tiers = [], ...cost }: v.InferOutput<typeof Cost>, name: string): Prices | undefined {
  if (cost.input === 0 && cost.output === 0 && !/[:-]free$/.test(name)) return undefined
  const over = Object.entries(cost).flatMap(([key, value]) => {
    const [, thousands] = /^context_over_(\d+)k$/.exec(key) ?? []
    const tier = thousands ? v.safeParse(v.looseObject(costFields), value) : undefined
    return tier?.success ? [{ above: Number(thousands) * 1000, ...known(tier.output) }] : []
  })
  const listed = tiers.flatMap(tier => {
    const above = aboveOf(tier)
    return above === undefined ? [] : [{ above, ...known(tier) }]
  })
  const all = (listed.length > 0 ? listed : over).sort((a, b) => a.above - b.above)
  return { ...known(cost), ...(all.length > 0 && { tiers: all }) }
}

const costFields = cost
type Cost = { input: number; output: number; cache_read?: number; cache_write?: number }

const known = ({ input, output, cache_read, cache_write }: Cost): Cost => ({
  input,
  output,
  ...((cache_read || input === 0) && { cache_read: cache_read ?? 0 }),
  ...((cache_write || input === 0) && { cache_write: cache_write ?? 0 }),
})

/** `{tier: {size}}` or `{above}`: the number of tokens above which it holds. */
function aboveOf(tier: Record<string, unknown>): number | undefined {
  const { above, tier: nested } = tier
  const size = above ?? (typeof nested === 'object' && nested !== null && 'size' in nested ? nested.size : undefined)
  return v.is(tokens, size) ? size : undefined
}
