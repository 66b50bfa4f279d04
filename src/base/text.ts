/**
 * Text that any JSON reader takes. A JavaScript string may hold half of a surrogate pair; Emacs (and some model servers)
 * refuse a whole document for one. So a text is cut between characters, and what others send is corrected at the edges: where
 * an event is appended or sent, where a log is read, and where a reply is written.
 */

const isHigh = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800
const isLow = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00

/** Whether a character begins before `at` (in UTF-16 units) and ends after it. */
const isInside = (text: string, at: number): boolean => at > 0 && isLow(text, at) && isHigh(text, at - 1)

/** `text.slice(from, to)`, without the character that either end would part. */
export const slice = (text: string, from: number, to: number): string =>
  text.slice(isInside(text, from) ? from + 1 : from, isInside(text, to) ? to - 1 : to)

/** At most the first `most` UTF-16 units. */
export const head = (text: string, most: number): string => (text.length <= most ? text : slice(text, 0, most))

/** At most the last `most` UTF-16 units. */
export const tail = (text: string, most: number): string =>
  text.length <= most ? text : slice(text, text.length - most, text.length)

/** At most `most` UTF-16 units, of which the last is an ellipsis when something is missing. */
export const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${head(text, Math.max(0, most - 1))}…`

/** A sentence to be put into another one: without its full stop. */
export const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '')

/** Whether the next piece of a stream may begin with the other half of the last character. */
export const endsInHalf = (text: string): boolean => isHigh(text, text.length - 1)

/** The same value with U+FFFD for every half of a pair in its strings and keys; the very same one where there is none. */
export function wellFormed<T>(value: T): T
export function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map(item => wellFormed(item))
    return items.every((item, i) => item === value[i]) ? value : items
  }
  let isSame = true
  const entries = Object.entries(value).map(([key, item]) => {
    const mended = [wellFormed(key), wellFormed(item)] as const
    isSame &&= mended[0] === key && mended[1] === item
    return mended
  })
  return isSame ? value : Object.fromEntries(entries)
}

/** As JSON that holds no half of a pair. `JSON.stringify` writes one as an escape, and nothing else as this one. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value)
  return json.includes('\\ud') ? JSON.stringify(wellFormed(value)) : json
}

/** Code points: what Emacs counts as characters. Half of a pair counts as one. */
export function countCharacters(text: string): number {
  let count = text.length
  for (let at = 1; at < text.length; at++) if (isInside(text, at)) count--
  return count
}
