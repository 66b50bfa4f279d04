import type { Models } from '../llm/models/models.ts'

/** What takes over, one after another, for the rest of a turn when a model stays overloaded. */
export function createFallback(models: Models, names: readonly string[]) {
  const further = [...names]
  const fallback = {
    /** The model that took over; undefined while none has. */
    model: undefined as string | undefined,
    /** Takes the next usable one in place of `from`; undefined when there is none left. */
    async next(from: string): Promise<{ from: string; to: string } | undefined> {
      for (let name = further.shift(); name !== undefined; name = further.shift()) {
        const to = await models.resolve(name).catch(() => null) // no provider has it: the next one may do
        if (!to?.info.usable || to.id === from) continue
        fallback.model = to.id
        return { from, to: to.id }
      }
      return undefined
    },
  }
  return fallback
}
