import type { Diagnostic } from './answers.ts'
import { lineAt } from './text.ts'

/**
 * Errors of a file that are there after a change and were not before. Lines move with a change: an error is known by what it
 * says and by the text of its line, else by what it says alone.
 */
export function newcomers(
  before: { items: readonly Diagnostic[]; text: string | null },
  after: { items: readonly Diagnostic[]; text: string | null },
): Diagnostic[] {
  const old = before.items.map(item => ({ says: sayingOf(item), line: lineOf(item, before.text) }))
  const isKnown = (fits: (known: (typeof old)[number]) => boolean): boolean => {
    const at = old.findIndex(fits)
    if (at >= 0) old.splice(at, 1)
    return at >= 0
  }
  const errors = after.items.filter(({ severity }) => severity === 'error')
  const elsewhere = errors.filter(item => {
    const [says, line] = [sayingOf(item), lineOf(item, after.text)]
    return !isKnown(known => known.says === says && known.line === line)
  })
  return elsewhere.filter(item => !isKnown(known => known.says === sayingOf(item)))
}

const sayingOf = ({ source, message }: Diagnostic): string => JSON.stringify([source, message])
const lineOf = ({ line }: Diagnostic, text: string | null): string => lineAt(text, line - 1).trim()
