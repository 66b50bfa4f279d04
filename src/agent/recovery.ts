import { AppError } from '../base/errors.ts'
import { LlmError } from '../llm/errors.ts'
import type { ModelMessage, ModelRequest } from '../llm/provider.ts'
import type { Fit } from './context.ts'
import { imagesOf, keyOf, mostImages } from './images.ts'

/** How a request is made differently after it was refused: with less room for each `shrink`, and without these images. */
export type Need = { shrink: number; without: ReadonlySet<string> }

export type Recovery = {
  readonly need: Need
  /** The refusal behind the images that are left out now. */
  readonly refusal: AppError | undefined
  /** What is tried next, in `need`; undefined when the error is final. */
  next(error: unknown, request: ModelRequest): 'images' | 'room' | undefined
  /** What to report in the end: a guess that did not help must not hide what the provider said. */
  final(error: unknown): unknown
  /** The model took the request. */
  accepted(request: ModelRequest): void
}

const MAX_SHRINKS = 3

/**
 * What becomes of one model call whose request is refused, whatever the words are. One that holds images which this model has
 * not taken yet is sent without the newest of them, then without all of them, or with as many as it may hold; one that is too long, or much longer than the last
 * that was taken and refused without a reason, is made shorter. Each way is tried once.
 */
export function createRecovery(fit: Fit): Recovery {
  let need: Need = { shrink: 0, without: new Set() }
  let refusal: AppError | undefined
  let ways: Set<string>[] | undefined
  /** The refusal that was taken for a full context without saying so. */
  let guess: unknown

  return {
    get need() {
      return need
    },
    get refusal() {
      return refusal
    },
    next(error, request) {
      if (mayBeImages(error, request)) {
        const most = mostImages(error.words, request.messages.flatMap(imagesOf).length)
        if (most) {
          fit.most_images.set(request.model, most)
          return 'images'
        }
        ways ??= waysWithout(request, fit.taken.get(request.model), error)
        const without = ways.shift()
        if (without) {
          refusal ??= error
          need = { ...need, without }
          return 'images'
        }
        // It was refused without them as well: they are not to blame.
        need = { ...need, without: new Set() }
        refusal = undefined
      }
      if (!isTooLong(error)) {
        if (!seemsTooLong(error, request, fit)) return undefined
        guess ??= error
      }
      if (need.shrink === MAX_SHRINKS) return undefined
      need = { ...need, shrink: need.shrink + 1 }
      return 'room'
    },
    final: error => (guess && (isTooLong(error) || (error instanceof LlmError && isBlocked(error))) ? guess : error),
    accepted({ model, messages }) {
      fit.accepted.set(model, fit.sent)
      const taken = fit.taken.get(model) ?? new Set()
      for (const message of messages) for (const image of imagesOf(message)) taken.add(keyOf(image))
      fit.taken.set(model, taken)
    },
  }
}

export const isTooLong = (error: unknown): error is AppError =>
  error instanceof AppError && error.code === 'LLM_CONTEXT_LENGTH'

/** The provider turned the request down, and would again: no matter of keys, limits or the network. */
const isBlocked = (error: LlmError): boolean => !error.shown && error.code === 'LLM_INVALID_REQUEST'

const ABOUT_IMAGES = /image|picture|vision|visual|multi-?modal|media|base64|pixel/i

/** A body that is too large for a gateway (413) is so because of its images, where they are most of it. */
function mayBeImages(error: unknown, { messages }: ModelRequest): error is LlmError {
  const images = messages.flatMap(imagesOf)
  if (images.length === 0 || !(error instanceof LlmError) || error.shown) return false
  if (error.code === 'LLM_CONTEXT_LENGTH' || error.http_status === 413) {
    const chars = images.reduce((sum, image) => sum + image.data.length, 0)
    return error.http_status === 413 && chars > JSON.stringify(messages).length / 2
  }
  return isBlocked(error) || (error.code === 'LLM_AUTH' && error.http_status === 403 && ABOUT_IMAGES.test(error.words))
}

/** The sets of images to do without, one after the other. Those that this model took before are above suspicion. */
function waysWithout(
  { messages }: ModelRequest,
  taken: ReadonlySet<string> | undefined,
  error: LlmError,
): Set<string>[] {
  const inAll = keysIn(messages)
  const suspects = new Set([...inAll].filter(key => !taken?.has(key)))
  if (suspects.size === 0) return ABOUT_IMAGES.test(error.words) ? [inAll] : []
  const seen = messages.findLastIndex(message => message.role === 'assistant')
  const last = messages.findLastIndex(message => imagesOf(message).some(image => suspects.has(keyOf(image))))
  const newest = new Set([...keysIn(messages.slice(Math.min(seen + 1, last)))].filter(key => suspects.has(key)))
  return newest.size < suspects.size ? [newest, suspects] : [suspects]
}

const keysIn = (messages: readonly ModelMessage[]): Set<string> => new Set(messages.flatMap(imagesOf).map(keyOf))

/** Tokens of history that are much more than in the last request that was taken: so many, or this share. */
const GROWTH_TOKENS = 3_000
const GROWTH = 1.5
const LEAST_GROWTH_TOKENS = 1_000
/** Where there is nothing to compare with: a refusal without a word, of more than this. */
const LONG = 6_000
/** Words that blame something else than the length of the request. */
const BLAMES_ELSE =
  /safety|polic(y|ies)|moderat|inspection|sensitive|inappropriate|harm|block|prohibit|violat|\brisk|filter|account|access|subscri|credit|region|country|permission|disabled|deprecat|exist|not found|\b(tools?|functions?|schema|roles?|template|parameters?|arguments?|model|images?|keys?|json|assistant|system|reasoning\w*|thinking)\b|messages?[.[]\d/i

function seemsTooLong(error: unknown, { model }: ModelRequest, { sent, accepted }: Fit): boolean {
  if (!(error instanceof LlmError) || !isBlocked(error) || error.http_status === 404 || BLAMES_ELSE.test(error.words))
    return false
  const before = accepted.get(model)
  if (before === undefined) return sent > LONG && error.words.trim() === ''
  const grown = sent - before
  return grown > GROWTH_TOKENS || (grown > LEAST_GROWTH_TOKENS && sent > before * GROWTH)
}
