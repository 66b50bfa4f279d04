import type { ModelInfo } from '../provider.ts'

/** A model of an older generation may cost less and do worse; one with a small window hardly does at all. */
const LEAST_WINDOW = 100_000

/** Of those that a maker offers through this provider, the one that costs least, and no more than `id` itself. */
export function cheapest(models: ModelInfo[], id: string): string | undefined {
  const cost = ({ prices }: ModelInfo) => (prices ? prices.input + prices.output : 0)
  const maker = id.slice(0, id.lastIndexOf('/'))
  const own = models.find(model => model.id === id)
  if (!own) return undefined
  const fit = models.filter(
    model =>
      model.usable && cost(model) > 0 && model.context_window! >= LEAST_WINDOW && model.id.startsWith(`${maker}/`),
  )
  return fit.sort((a, b) => cost(a) - cost(b)).find(model => cost(model) <= cost(own))?.id
}
