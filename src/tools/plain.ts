import { isReserved } from './lists.ts'

/**
 * The words of a line that is one plain command with a literal name; null for any other. This is the only gate to being
 * allowed by a rule, so it stands on its own and names what is permitted, not what is forbidden. Not permitted: control and
 * invisible characters (tab and newline too), `$` and backticks anywhere, and outside of quotes operators, redirections,
 * braces, comments, and `=` at the start of a word. Quotes, backslashes, globs and `~` are permitted in operands: `words` have
 * them as they are written. The name is ASCII letters, digits and `_ . + / -`, without quotes; it is no reserved word.
 */
export function plainWords(line: string): string[] | null {
  if (INVISIBLE.test(line) || /[$`]/.test(line)) return null
  const words: string[] = []
  let at = 0
  for (;;) {
    BLANKS.lastIndex = at
    at += BLANKS.exec(line)![0].length
    if (at >= line.length) break
    WORD.lastIndex = at
    const raw = WORD.exec(line)?.[0]
    if (raw === undefined) return null
    at += raw.length
    if (at < line.length && line[at] !== ' ') return null
    words.push(raw.replace(PIECE, unquote))
    if (words.length === 1 && (!NAME.test(raw) || isReserved(raw) || KEYWORDS.has(raw))) return null
  }
  return words.length > 0 ? words : null
}

/** Control, format, unassigned, private and ignorable characters, lone surrogates, and every blank but the space. */
const INVISIBLE = /[\p{C}\p{DI}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/u
const NAME = /^[A-Za-z0-9_.+/-]+$/
const KEYWORDS = new Set([
  'for',
  'select',
  'case',
  'function',
  'coproc',
  'time',
  'repeat',
  'foreach',
  'end',
  'nocorrect',
])
const BLANKS = / */y
const WORD = /(?![#=])(?:[^ '"\\;&|<>(){}]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+/uy
const PIECE = /'[^']*'|"(?:[^"\\]|\\.)*"|\\./gu

function unquote(piece: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1)
  if (piece.startsWith('"')) return piece.slice(1, -1).replace(/\\(["\\])/g, '$1')
  return piece.slice(1)
}
