import { isReserved } from './lists.ts'

/**
 * The words of a line that is one plain command with a literal name; null for any other. This is the only gate to being
 * allowed by a rule, so it stands on its own and names what is permitted, not what is forbidden. Not permitted: control and
 * invisible characters, `$` and backticks outside of single quotes, and outside of quotes operators, redirections, comments,
 * braces that bash would expand, `~-` and `~1` (earlier directories), and `=` at the start of a word. Quotes, newlines in
 * quotes, tabs, backslashes, globs and `~` are permitted in operands; the latter two stay as they are written. The name is
 * ASCII letters, digits and `_ . + / -`, unquoted, and no reserved word.
 * `cmd`: the line is for cmd.exe, which has other quotes and expansions, so that only words without either are plain.
 */
export function plainWords(line: string, cmd: boolean = process.platform === 'win32'): string[] | null {
  if (INVISIBLE.test(line) || (cmd && !CMD.test(line))) return null
  const words = splitWords(line)
  const name = words?.[0]?.raw
  if (!words || name === undefined || !NAME.test(name) || isReserved(name) || KEYWORDS.has(name)) return null
  return words.map(word => word.text)
}

/**
 * Words by blanks and quotes alone; null where anything unquoted might mean more, and for a `$` or a backtick that is not in
 * single quotes. `raw` is as it was written.
 */
export function splitWords(line: string): { raw: string; text: string }[] | null {
  const words: { raw: string; text: string }[] = []
  let at = 0
  let start = 0
  let text = ''
  let braces = '' // the word as brace expansion sees it: what is quoted is one letter
  const end = () => {
    const raw = line.slice(start, at)
    if (at > start) words.push({ raw, text })
    const isLiteral = !expandsBraces(braces) && !ELSEWHERE.test(raw)
    text = ''
    braces = ''
    return isLiteral
  }
  while (at < line.length) {
    if (line[at] === ' ' || line[at] === '\t') {
      if (!end()) return null
      start = ++at
      continue
    }
    PIECE.lastIndex = at
    const piece = PIECE.exec(line)?.[0]
    if (piece === undefined || (at === start && /^[#=]/.test(piece))) return null
    if (!piece.startsWith("'") && /[$`]/.test(piece)) return null
    at += piece.length
    text += unquote(piece)
    braces += /^['"\\]/.test(piece) ? 'q' : piece
  }
  return end() ? words : null
}

/** Rather too often than not: a comma or two dots between the first brace and the last, the `@{1}` of git left aside. */
function expandsBraces(word: string): boolean {
  if (!word.includes('{')) return false
  const rest = word.replace(/@\{[\w-]+\}/g, '@')
  const [first, last] = [rest.indexOf('{'), rest.lastIndexOf('}')]
  return first >= 0 && /,|\.\./.test(rest.slice(first, last))
}

/** Control, format, unassigned, private and ignorable characters, lone surrogates, and every blank but space, tab and newline. */
const INVISIBLE = /(?![\t\n])[\p{C}\p{DI}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/u
/** Where the shell was before, or a directory of its stack: neither is known here. */
const ELSEWHERE = /(?:^|[=:])~(?:[-\d]|\+\d)/
const NAME = /^[A-Za-z0-9_.+/-]+$/
const CMD = /^[\w ./:@+-]*$/
const KEYWORDS = new Set('for select case function coproc time repeat foreach end nocorrect noglob'.split(' '))
const PIECE = /[^ \t\n'"\\;&|<>()]+|'[^']*'|"(?:[^"\\]+|\\.)*"|\\./uy

function unquote(piece: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1)
  if (piece.startsWith('"')) return piece.slice(1, -1).replace(/\\(["\\])/g, '$1')
  return piece.startsWith('\\') ? piece.slice(1) : piece
}
