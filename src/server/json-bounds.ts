import { AppError } from '../base/errors.ts'

const DEEPEST = 64
const MOST_VALUES = 100_000

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * Looks over JSON before it is parsed, in pieces as they come: nested brackets make a parser recurse, and millions of small
 * values take many times their size. `feed` throws INVALID_REQUEST for JSON that is deeper than 64 or has more than 100,000
 * values. It does not say whether the JSON is valid.
 */
export function createJsonBounds(): { feed(bytes: Uint8Array): void } {
  let depth = 0
  let values = 1
  let isInString = false
  /** The next byte belongs to an escape in a string. */
  let isEscaped = false
  /** A bracket was opened, and nothing stands in it yet. */
  let isFresh = false

  const countValue = () => {
    if (++values > MOST_VALUES) throw tooWide()
  }

  return {
    feed(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        if (isInString) {
          if (isEscaped) isEscaped = false
          else {
            at = endOfPlain(bytes, at)
            isEscaped = bytes[at] === BACKSLASH
            isInString = at >= bytes.length || isEscaped
          }
          continue
        }
        const byte = bytes[at]!
        if (isSpace(byte)) continue
        if (CLOSING.has(byte)) depth--
        else if (isFresh || byte === COMMA) countValue()
        isFresh = OPENING.has(byte)
        isInString = byte === QUOTE
        if (isFresh && ++depth > DEEPEST) throw tooDeep()
      }
    },
  }
}

/** Where the next quote or backslash stands; the length where there is none. */
function endOfPlain(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++
  return at
}

const tooDeep = () =>
  new AppError('INVALID_REQUEST', `The body is nested too deeply: at most ${DEEPEST} lists or objects in each other.`)
const tooWide = () =>
  new AppError('INVALID_REQUEST', `The body has too many values: at most ${MOST_VALUES.toLocaleString('en')}.`)
