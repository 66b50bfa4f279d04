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

/** Longer words, more braces, or more words from one, are not read one by one. */
const MOST_LENGTH = 4096
const MOST_BRACES = 32
const MOST_WORDS = 64

/** `{a,b}` becomes words, `{a..c}` something unknown; braces that expand nothing are themselves. */
function expandBraces(word: string): string[] {
  const braces = word.split(OPEN, MOST_BRACES + 2).length - 1
  const expands = braces > 0 && (word.includes(COMMA) || word.includes('..'))
  if (!expands) return [plainBraces(word)]
  if (braces > MOST_BRACES || word.length > MOST_LENGTH) return [SPLIT]
  let words = [word]
  for (let again = true; again; ) {
    again = false
    const next = words.flatMap(text => {
      const innermost = INNERMOST.exec(text)
      if (!innermost) return [text]
      again = true
      const [all, body] = innermost as unknown as [string, string]
      const [before, after] = [text.slice(0, innermost.index), text.slice(innermost.index + all.length)]
      const parts = body.includes(COMMA) ? body.split(COMMA) : [body.includes('..') ? SPLIT : `{${body}}`]
      return parts.map(part => before + part + after)
    })
    if (next.length > MOST_WORDS) return [SPLIT]
    words = next
  }
  return words.map(plainBraces)
}
const INNERMOST = /\x04([^\x04\x06]*)\x06/
const plainBraces = (word: string): string => word.replaceAll(OPEN, '{').replaceAll(COMMA, ',').replaceAll(CLOSE, '}')
