/**
 * Marks stand inside a word for what cannot be known without running the line. They are control characters: where a line has
 * one itself, that is unknown too.
 */

/** A quoted expansion: one unknown text. */
export const VALUE = '\x00'
/** An unquoted expansion: unknown text that may also vanish or become several words. */
export const SPLIT = '\x01'
/** Unquoted glob characters: `*`, and `?` or `[…]`. */
export const STAR = '\x02'
export const ANY = '\x03'
/** Unquoted characters of a brace expansion, and a known blank that ends a word; gone when a word is complete. */
export const OPEN = '\x04'
export const COMMA = '\x05'
export const CLOSE = '\x06'
export const BREAK = '\x07'

const MARK = /[\x00-\x07]/
export const hasMark = (word: string): boolean => MARK.test(word)
export const isUnknown = (word: string): boolean => /[\x00\x01]/.test(word)
/** Text of the line itself has no marks. */
export const unmarked = (text: string): string => (MARK.test(text) ? text.replace(/[\x00-\x07]/g, VALUE) : text)
/** The word as text of a line again, for shells that parse their arguments; unknown parts stay unknown. */
export const asLine = (word: string): string => word.replaceAll(STAR, '*').replaceAll(ANY, '?')

/** A place in a line, and what to do with commands found inside a word. */
export type Cursor = {
  readonly text: string
  at: number
  /** Scans commands up to the `)` of a substitution. */
  list(cursor: Cursor, kind: 'substitution' | 'arithmetic'): void
  /** Scans commands in a text of their own: what was between backticks. */
  line(text: string): void
  /** Guards the recursion; throws when it goes too deep. */
  nested<T>(scan: () => T): T
  /** Notes that a shell may read this line otherwise than we do. */
  broken(): void
}

/** What a sticky expression matches at the cursor, which moves on; '' for nothing. */
export const match = (c: Cursor, expression: RegExp): string => matchAll(c, expression)?.[0] ?? ''

export function matchAll(c: Cursor, expression: RegExp): RegExpExecArray | null {
  expression.lastIndex = c.at
  const found = expression.exec(c.text)
  if (found) c.at = expression.lastIndex
  return found
}
