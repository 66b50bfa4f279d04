import type { Diagnostic } from './answers.ts'
import { linesOf } from './text.ts'

/** A text of a file and its diagnostics. */
type Reading = { items: readonly Diagnostic[]; text: string | null }

/**
 * Errors of a file that are there after a change and were not before. Lines move with a change, so an error is the same as an
 * earlier one if source, message and the text of its line agree, else if source and message do.
 */
export function newcomers(before: Reading, after: Reading): Diagnostic[] {
  const old = described(before)
  const isKnown = (fits: (known: (typeof old)[number]) => boolean): boolean => {
    const at = old.findIndex(fits)
    if (at >= 0) old.splice(at, 1)
    return at >= 0
  }
  const errors = described(after).filter(({ item }) => item.severity === 'error')
  const elsewhere = errors.filter(({ says, line }) => !isKnown(known => known.says === says && known.line === line))
  return elsewhere.filter(({ says }) => !isKnown(known => known.says === says)).map(({ item }) => item)
}

function described({ items, text }: Reading) {
  const lineAt = linesOf(text)
  return items.map(item => ({
    item,
    says: JSON.stringify([item.source, item.message]),
    line: lineAt(item.line - 1).trim(),
  }))
}
