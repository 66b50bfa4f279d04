import { createHash } from 'node:crypto'
import type { Image, ModelMessage } from '../llm/provider.ts'
import { checkEncodedImage } from '../tools/files/image.ts'
import type { HistoryMessage } from './history.ts'

/**
 * Which images of a history are sent. One that a provider refused is never sent again in its session: the log names it by
 * its contents (`notice`, `images`), so the same picture read once more counts as the same.
 */

/** Anthropic takes images of up to 2000 pixels a side where one request has more than this (platform.claude.com, Vision). */
const MANY = 20
const LONGEST_SIDE_AMONG_MANY = 2_000
/** Base64 in one request; the tightest take 20 MB for the whole (Bedrock, Gemini inline). The oldest images give way. */
const MOST_CHARS = 16 * 1024 * 1024

const keys = new WeakMap<Image, string>()
/** Names an image by its contents; 16 hex digits. */
export function keyOf(image: Image): string {
  const known = keys.get(image) ?? createHash('sha256').update(image.data).digest('hex').slice(0, 16)
  keys.set(image, known)
  return known
}

export const imagesOf = (message: ModelMessage): readonly Image[] =>
  message.role === 'assistant' ? [] : (message.images ?? [])

/**
 * The history with the images that can be sent; where one is left out, the text says so and why. `most` is how many the model
 * is known to take: the newest ones.
 */
export function sendable(
  history: readonly HistoryMessage[],
  refused: ReadonlySet<string>,
  most = Number.POSITIVE_INFINITY,
): HistoryMessage[] {
  const left = history.map(message => withoutImages(message, image => (refused.has(keyOf(image)) ? REFUSED : '')))
  const isMany = left.reduce((sum, message) => sum + imagesOf(message).length, 0) > MANY
  const small = isMany ? left.map(message => withoutImages(message, image => (isLarge(image) ? LARGE : ''))) : left
  let chars = 0
  let count = 0
  const fits = (image: Image) => (chars += image.data.length) <= MOST_CHARS && ++count <= most
  return small.map((_, i) => withoutImages(small.at(-1 - i)!, image => (fits(image) ? '' : TOO_MUCH))).reverse()
}

const REFUSED = 'the provider refused it, and it is not sent again'
const LARGE = `among more than ${MANY} images, models take those of up to ${LONGEST_SIDE_AMONG_MANY} pixels a side`
const TOO_MUCH = 'the images after it take all the room that a request has for them'

/**
 * How many images a model takes, where these words say that `count` of them were too many: the number that is named, else half.
 * Undefined when they are about something else, or one is too many already.
 */
export function mostImages(words: string, count: number): number | undefined {
  if (count < 2 || !TOO_MANY.test(words) || MEASURE.test(words)) return undefined
  const named = Array.from(words.matchAll(/(?<![\w.[])\d+(?![\w.]*\d)/g), Number).filter(n => n > 0 && n < count)
  return named.length > 0 ? Math.max(...named) : Math.floor(count / 2)
}

const SEVERAL = '(?:images|image\\(s\\)|pictures|photos|media|data-?uris?|attachments|image (?:count|limit))'
const TOO = '(?:too (?:many|much)|at most|max(?:imum)?\\b|limit\\w*|exceed\\w*|up to|more than|no more|only|> ?\\d)'
const TOO_MANY = new RegExp(`${SEVERAL}.{0,80}${TOO}|${TOO}.{0,60}${SEVERAL}`, 'i')
/** The size of one, not their number. */
const MEASURE = /pixels?|bytes?\b|\b[MK]i?B\b|dimension|resolution|\btokens?\b|image size/i

const large = new WeakMap<Image, boolean>()
function isLarge(image: Image): boolean {
  const known = large.get(image)
  if (known !== undefined) return known
  const checked = checkEncodedImage(image.data)
  const found = 'fault' in checked || Math.max(checked.width, checked.height) > LONGEST_SIDE_AMONG_MANY
  large.set(image, found)
  return found
}

/** `why` completes “left out: …”; empty for an image that stays. */
function withoutImages(message: HistoryMessage, why: (image: Image) => string): HistoryMessage {
  if (message.role === 'assistant' || !message.images?.length) return message
  const images: Image[] = []
  const notes: string[] = []
  for (const image of message.images) {
    const reason = why(image)
    if (reason) notes.push(`[An image (${image.media_type}) was left out: ${reason}. Say so if it matters.]`)
    else images.push(image)
  }
  if (notes.length === 0) return message
  const told = notes.join('\n')
  if (message.role === 'tool')
    return { ...message, images, content: [message.content, told].filter(Boolean).join('\n') }
  return { ...message, images, text: [message.text, told].filter(Boolean).join('\n\n') }
}
