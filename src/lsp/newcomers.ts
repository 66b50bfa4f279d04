import type { Diagnostic } from 'vscode-languageserver-protocol'
import { lineAt } from './text.ts'

/**
 * Errors that are there after a change and were not before. Lines move with a change: an error is known by what it says and
 * by the text of its line, else by what it says alone.
 */
export function newcomers(
  before: readonly Diagnostic[],
  textBefore: string | null,
  after: readonly Diagnostic[],
  textAfter: string,
): Diagnostic[] {
  const old = before.map(item => ({ says: sayingOf(item), line: lineOf(item, textBefore) }))
  const take = (fits: (known: (typeof old)[number]) => boolean): boolean => {
    const at = old.findIndex(fits)
    if (at >= 0) old.splice(at, 1)
    return at >= 0
  }
  const errors = after.filter(({ severity }) => (severity ?? 1) === 1)
  const moved = errors.filter(item => {
    const [says, line] = [sayingOf(item), lineOf(item, textAfter)]
    return !take(known => known.says === says && known.line === line)
  })
  return moved.filter(item => !take(known => known.says === sayingOf(item)))
}

const sayingOf = ({ code, source, message }: Diagnostic): string => JSON.stringify([code, source, message])
const lineOf = ({ range }: Diagnostic, text: string | null): string => lineAt(text, range.start.line).trim()
