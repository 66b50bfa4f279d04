/**
 * Text from a file we do not trust, safe to show on a terminal: control characters, and those that hide or reorder text
 * (zero-width, bidirectional, tags), become `\u{…}`. Newlines too, so that one value stays on one line.
 */
export const printable = (text: string): string =>
  text.replace(UNSEEN, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)

/** Control, format, surrogate, private-use characters, and the line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu

/** The same for JSON: escapes that mean the same, so that a reader gets what was there and a terminal shows what is there. */
export const printableJson = (json: string): string =>
  json.replace(UNSEEN, character =>
    character
      .split('')
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
