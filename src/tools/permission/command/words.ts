import { expandBraces } from './braces.ts'
import { ANY, BREAK, CLOSE, COMMA, type Cursor, match, OPEN, SPLIT, STAR, VALUE } from './cursor.ts'
import { scanBackticks, scanDollar, scanDouble, scanEscape, scanSingle, scanSubstitution } from './expansion.ts'

export type Word = {
  /** Several after an expansion, none when there were only vanishing ones. */
  texts: string[]
  /** As it was written. */
  raw: string
}

/** Unquoted text up to the next character that means something; all but blanks and operators. */
const BARE = /[^ \t\r\n;&|()<>'"\\$`*?[{},\x00-\x07]+/y
/** Bounded, so that a row of `[` stays linear. */
const BRACKET = /\[[!^]?\]?[^\]\s;&|()<>'"\\$`]{0,64}\]/y

/** Scans one word at the cursor. Linear in its length. */
export function scanWord(c: Cursor): Word {
  const start = c.at
  let out = ''
  while (c.at < c.text.length) {
    const bare = match(c, BARE)
    if (bare) {
      out += bare
      continue
    }
    const ch = c.text[c.at]!
    if (ch === "'") out += scanSingle(c)
    else if (ch === '"') out += scanDouble(c)
    else if (ch === '\\') out += scanEscape(c)
    else if (ch === '`') out += scanBackticks(c, false)
    else if (ch === '$') out += scanDollar(c, false)
    else if ((ch === '<' || ch === '>') && c.text[c.at + 1] === '(') out += scanSubstitution(c)
    else if (BREAKS.has(ch) || (ch === '\r' && /^(?:\n|)$/.test(c.text[c.at + 1] ?? ''))) break
    else if (ch === '[' && match(c, BRACKET)) out += ANY
    else {
      c.at++
      out += MARKED[ch] ?? ch
    }
  }
  const texts = expandBraces(out).flatMap(text => text.split(BREAK))
  const raw = c.text.slice(start, c.at)
  return { texts: /['"]/.test(raw) ? texts : texts.filter(text => text !== ''), raw }
}

const BREAKS = new Set(' \t\n;&|()<>')
const MARKED: Record<string, string | undefined> = {
  '*': STAR,
  '?': ANY,
  '{': OPEN,
  ',': COMMA,
  '}': CLOSE,
  [STAR]: SPLIT,
  [ANY]: SPLIT,
  [OPEN]: SPLIT,
  [COMMA]: SPLIT,
  [CLOSE]: SPLIT,
  [VALUE]: SPLIT,
  [BREAK]: SPLIT,
}
