import type { Endpoint } from './endpoint.ts'
import type { LlmError } from './errors.ts'

/** Whether a model takes images at all: a thing about the model, and not about one image that it could not read. */

const IMAGES = '(?:images?|image[_ ]?(?:url|input|content)s?|vision|visual|multi-?modal(?:ity)?|pictures?|mmproj)'
const NOT =
  "(?:not|n't|never|no longer|cannot|unable|unsupported|lacks?|lacking|without|missing|only|at most 0|up to 0|unknown variant|no)"
const MODEL =
  '(?:models?|endpoints?|deployments?|llms?|checkpoints?|architectures?|engines?|providers?|servers?|api|text-only|chat template)'

/** Subject, denial and images, in any order and near each other. */
const orders = [
  [MODEL, NOT, IMAGES],
  [MODEL, IMAGES, NOT],
  [NOT, MODEL, IMAGES],
  [NOT, IMAGES, MODEL],
  [IMAGES, NOT, MODEL],
]
const NEAR = '[^.!?\\n]{0,90}?'
const BLIND = [
  ...orders.map(words => new RegExp(words.map(word => `\\b${word.replace("n't", "\\w*n't")}\\b`).join(NEAR), 'i')),
  // Servers that know no such part of a message, or have no eyes loaded.
  /unknown variant\W{0,3}(image|input_image|image_url)|\bmmproj\b/i,
  /(images?|vision|multi-?modal)( inputs?| content| messages?)?( is| are)? (not|n't) (supported|enabled|available|allowed|accepted)\s*(\.|$|[-–(,;])/i,
  /at most 0 images?|images? (limit|count)[^.]{0,30}\b0\b/i,
  /only ['"`]?text['"`]?( content)?( type| parts?| blocks?)? (is|are) (supported|allowed|accepted)/i,
  /not capable of [^.]{0,40}(image|vision|visual|multi-?modal)/i,
]
/** One image, not all of them: what is said of its kind, size or bytes. */
const ONE_IMAGE =
  /\b(format|mime|media[_ ]type|type of image|image\/\w+|corrupt\w*|damaged|malformed|decod\w+|could not (process|load|read)|(failed|unable) to (load|decode|process|read|fetch|download|open|parse)|(can|could) ?not be (read|loaded|processed|decoded)|invalid image|image is invalid|bytes?|[MK]i?B|pixels?|dimensions?|resolution|too (large|big|small|many)|larger than|exceeds?|animated|valid image|aspect)\b/i

/** Whether these words say that the model takes no images, whatever they are. */
export const saysBlind = (words: string): boolean =>
  BLIND.some(pattern => pattern.test(words)) && !ONE_IMAGE.test(words)

const SEEING = new Set<string>()
const nameOf = ({ provider, base_url, model }: Endpoint) => `${provider}\n${base_url ?? ''}\n${model}`

/** A model that took one image in this process takes images: a later refusal is about another image. */
export const sawImage = (endpoint: Endpoint): void => void SEEING.add(nameOf(endpoint))
export const isBlindTo = (endpoint: Endpoint, error: LlmError): boolean =>
  !SEEING.has(nameOf(endpoint)) && saysBlind(error.words)
