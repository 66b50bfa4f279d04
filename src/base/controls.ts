/** Text that holds what a person does not see or a program obeys: how it is shown, on terminals, in files and in Emacs. */

/** Characters that cannot be seen, or change the order in which others are; variation selectors only choose a glyph. */
const HIDDEN = /(?!\n|\t|\p{Variation_Selector})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{DI}]/gu
const HIDDEN_OR_BREAK = new RegExp(`[\\n\\t]|${HIDDEN.source}`, 'gu')
const HIDDEN_OR_ODD = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{DI}]|(?! )\p{Zs}/gu

const escaped = (char: string): string => `\\u{${hex(char)}}`

/** For a terminal, as a value on one line: what is hidden, line ends and tabs become `\u{…}`. */
export const printable = (text: string): string => text.replace(HIDDEN_OR_BREAK, escaped)

/** For a text of several lines: they and tabs stay, what is hidden becomes `\u{…}`. */
export const visible = (text: string): string => text.replace(/\r\n?/g, '\n').replace(HIDDEN, escaped)

/** The same for JSON: escapes that mean the same, so that a reader gets what was there and a terminal shows what is there. */
export const printableJson = (json: string): string =>
  json.replace(HIDDEN_OR_BREAK, char =>
    char
      .split('')
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )

/** For a line that a person has to judge: also variation selectors and odd spaces, with `\n` and `\t` as such. */
export const escapeInvisible = (text: string): string =>
  text.replace(HIDDEN_OR_ODD, char => (char === '\n' ? '\\n' : char === '\t' ? '\\t' : escaped(char)))

/** Zero width: parts what Org or Markdown would read as markup. */
export const SPACER = '\u200b'

/**
 * Control characters made visible (␛, ␀ …), line ends normalised to `\n`. Tabs and newlines stay. Emacs and terminals act
 * on the raw ones, and a page break moves the place where Emacs looks for file-local variables.
 */
export function showControls(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\0-\x08\x0b-\x1f]/g, char => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/\x7f/g, '␡')
}

const hex = (char: string): string => char.codePointAt(0)!.toString(16)

/** For a text by which a person decides: control characters as in `showControls`, all else that deceives as `<U+202E>`. */
export const showHidden = (text: string): string =>
  showControls(text).replace(HIDDEN, char => `<U+${hex(char).toUpperCase().padStart(4, '0')}>`)

/** Control characters made visible, on one line: runs of white space become one space. */
export const oneLine = (text: string): string => showControls(text).replace(/\s+/g, ' ').trim()

/** A whole document: Emacs finds file-local variables by searching near the end, whatever the syntax there, in fences too. */
export const seal = (document: string): string => document.replace(/(local)( variables:)/gi, `$1${SPACER}$2`)
