import { buildRequest, type RequestOptions } from '../agent/request.ts'
import type { Turn } from '../agent/turn.ts'
import type { Models } from '../llm/models/models.ts'
import { createFallback } from './fallback.ts'

/** The part of a turn that calls models, and the id of the model it calls now. */
export type Calling = {
  turn: Pick<Turn, 'request' | 'fit' | 'stream' | 'price' | 'fallBack'>
  model(): string
}

/** What stays the same for all requests of a turn. */
type Same = Omit<RequestOptions, 'model' | 'info' | 'shrink' | 'without' | 'stream' | 'price' | 'summariser' | 'signal'>

/**
 * `named` is asked before each request for the model that should answer; one of `fallback_models` that took over answers in its
 * place to the end of the turn. `first` is the id until then.
 */
export function createCalling(
  models: Models,
  same: Same,
  { named, first, fallback_models }: { named(): Promise<string>; first: string; fallback_models: readonly string[] },
): Calling {
  const fallback = createFallback(models, fallback_models)
  const { stream, price, summariser } = models
  let current = first
  return {
    model: () => current,
    turn: {
      async *request(need, signal) {
        const { id, info } = await models.resolve(fallback.model ?? (await named()))
        current = id
        return yield* buildRequest({ ...same, model: id, info, ...need, stream, price, summariser, signal })
      },
      fit: same.fit,
      stream,
      price,
      fallBack: () => fallback.next(current),
    },
  }
}
