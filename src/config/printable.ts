/**
 * Text from a file we do not trust, safe to show on a terminal: control characters, and those that hide or reorder text
 * (zero-width, bidirectional, tags), become `\u{…}`. Newlines too, so that one value stays on one line.
 */
export const printable = (text: string): string =>
  text.replace(UNSEEN, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)

/** Control, format, surrogate, private-use characters, and the line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu
