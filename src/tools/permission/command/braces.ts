import { CLOSE, COMMA, OPEN, SPLIT } from './cursor.ts'

/** Longer words, more braces, or more words from one, are not read one by one. */
const MOST_LENGTH = 4096
const MOST_BRACES = 32
const MOST_WORDS = 64

/** `{a,b}` becomes words, `{a..c}` something unknown; braces that expand nothing are themselves. */
export function expandBraces(word: string): string[] {
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
