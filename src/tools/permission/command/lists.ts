import { type Cursor, match, VALUE } from './cursor.ts'
import { scanUntil } from './expansion.ts'
import { scanWord } from './words.ts'

/** What a list of commands is made of, told as it is found. */
export type Listener = {
  /** A simple command and the operator behind it; `words` are marked as in `words.ts`, without assignments. */
  command(words: string[], redirects: Redirect[], operator: string): void
  /** A function of this name; its body follows as commands between `open` and `close`. */
  define(name: string): void
  open(): void
  close(): void
  /** A here-document or here-string: data, or commands when a shell reads it. */
  document(text: string): void
}

export type Redirect = { operator: string; target: string }

/** Reserved words after which a command may begin. */
const RESERVED = new Set([
  'if',
  'then',
  'elif',
  'else',
  'fi',
  'do',
  'done',
  'while',
  'until',
  '!',
  '{',
  '}',
  'esac',
  'in',
])
export const isReserved = (word: string): boolean => RESERVED.has(word)

const ASSIGNMENT = /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=/
const REDIRECT = /<<<|<<-|<<|<>|<&|>>|>\||>&|&>>|&>|<(?!\()|>(?!\()/y
const OPERATOR = /;;&|;;|;&|;|&&|\|\||\|&|&|\|/y
/** A carriage return that ends a line belongs to the line end, as on Windows; elsewhere it is a character of a word. */
const BLANKS = /(?:[ \t]|\\\n|\r(?=\n|$))+/y
const COMMENT = /#[^\n]*/y
const PARENTHESES = /[ \t]*\)/y
const FIRST_WORD = /[^ \t\r\n;&|()<>]*/y

type Kind = 'text' | 'subshell' | 'substitution' | 'arithmetic' | 'array'
type Heredoc = { delimiter: string; tabs: boolean; literal: boolean }

/**
 * Scans commands up to the `)` that closes the substitution or subshell, or to the end of the text ('text'). Compound
 * commands are not checked, only looked through. In an arithmetic expression `<<` and `#` mean what they mean in one; as a
 * shell may also take `((` for two subshells, what is inside is read as commands too.
 */
export function scanList(c: Cursor, kind: Kind, to: Listener, documents: Heredoc[] = []): void {
  const arithmetic = kind === 'arithmetic'
  let words: string[] = []
  let redirects: Redirect[] = []
  let prefixed = false // by an assignment or a redirection: no reserved word may follow
  let header = '' // the reserved word of a `for`, `select`, `case` or `coproc` that began this command
  let cases = 0
  let pattern = false // between `;;` and `)`: what is there never runs

  function finish(operator: string) {
    if (words.length + redirects.length > 0 && !pattern) to.command(words, redirects, operator)
    words = []
    redirects = []
    header = ''
    prefixed = false
  }

  /** A word where a command may begin. True when it was one of the grammar and not of a command. */
  function takeReserved(raw: string): boolean {
    if (raw === '{') to.open()
    else if (raw === '}') to.close()
    else if (raw === 'esac') {
      cases = Math.max(0, cases - 1)
      pattern = false
    } else if (raw === 'case') cases++
    if (raw === 'for' || raw === 'select' || raw === 'case' || raw === 'coproc') header = raw
    if (raw === 'function') {
      match(c, BLANKS)
      to.define(scanWord(c).texts[0] ?? '')
      if (match(c, OPENING)) match(c, PARENTHESES)
      return true
    }
    if (raw === 'coproc' || (raw === 'time' && isReserved(peek(c)))) return true
    return isReserved(raw)
  }

  /** Inside a header: a word that ends it. */
  function endsHeader(raw: string): boolean {
    if (header === 'case') return raw === 'esac' && words.length === 3
    if (header === 'coproc') return words.length === 1 && (isReserved(raw) || raw === 'for' || raw === 'case')
    return (header === 'for' || header === 'select') && (raw === 'do' || raw === '{')
  }

  function takeWord() {
    const { texts, raw } = scanWord(c)
    if (endsHeader(raw)) finish('')
    if (words.length === 0) {
      if (ASSIGNMENT.test(raw)) prefixed = true
      if (prefixed ? ASSIGNMENT.test(raw) : takeReserved(raw)) return
    }
    const next = c.text[c.at]
    if ((next === '<' || next === '>') && /^(?:\d+|\{\w+\})$/.test(raw)) return // a file descriptor
    for (const text of texts) words.push(text)
  }

  function takeRedirect(operator: string) {
    match(c, BLANKS)
    const { texts, raw } = scanWord(c)
    if (raw === '') c.broken()
    if (operator === '<<<') return to.document(texts.join(' '))
    if ((operator === '<<' || operator === '<<-') && !arithmetic) {
      const delimiter = raw.replace(/\\([\s\S])|['"]/g, '$1')
      documents.push({ delimiter, tabs: operator === '<<-', literal: /['"\\]/.test(raw) })
      return
    }
    prefixed ||= words.length === 0
    redirects.push({ operator, target: texts.length === 1 ? texts[0]! : VALUE })
  }

  function takeOpening() {
    c.at++
    const defined = words.length === 1 && match(c, PARENTHESES) !== ''
    if (defined) {
      to.define(words[0]!)
      words = []
      match(c, BLANKS)
      if (c.text[c.at] === '{') {
        c.at++ // `{:|:&}` without a blank: some shells take it
        to.open()
      }
      return
    }
    const assigned = prefixed && words.length === 0 && c.text[c.at - 2] === '='
    finish('(')
    to.open()
    const inner = assigned ? 'array' : arithmetic || c.text[c.at] === '(' ? 'arithmetic' : 'subshell'
    c.nested(() => scanList(c, inner, to, documents))
    to.close()
    pattern = false
  }

  function takeDocuments() {
    for (const { delimiter, tabs, literal } of documents.splice(0)) {
      const text = takeDocument(c, delimiter, tabs)
      to.document(text)
      if (!literal) c.nested(() => scanUntil({ ...c, text, at: 0 }, '', true))
    }
  }

  for (;;) {
    match(c, BLANKS)
    const ch = c.text[c.at]
    if (ch === undefined || ch === ')') {
      if (ch === ')' && cases > 0) {
        finish(')')
        pattern = false
        c.at++
        continue
      }
      finish(ch ?? '')
      if ((ch === undefined) !== (kind === 'text')) c.broken()
      if (documents.length > 0 && kind !== 'subshell') c.broken()
      if (ch === undefined || kind !== 'text') {
        c.at++
        return
      }
      c.at++
    } else if (ch === '\n') {
      finish(ch)
      c.at++
      takeDocuments()
    } else if (ch === '#' && !arithmetic) match(c, COMMENT)
    else if (ch === '(') takeOpening()
    else {
      const redirect = match(c, REDIRECT)
      const operator = redirect ? '' : match(c, OPERATOR)
      if (kind === 'array' && (redirect || operator)) c.broken() // bash drops the line and goes on with the next
      if (redirect) takeRedirect(redirect)
      else if (operator) {
        finish(operator)
        pattern = cases > 0 && /^;;|^;&/.test(operator)
      } else takeWord()
    }
  }
}
const OPENING = /[ \t]*\(/y

function peek(c: Cursor): string {
  const { at } = c
  match(c, BLANKS)
  const word = match(c, FIRST_WORD)
  c.at = at
  return word
}

/** The lines up to the delimiter, which is swallowed. */
function takeDocument(c: Cursor, delimiter: string, tabs: boolean): string {
  const start = c.at
  while (c.at < c.text.length) {
    const begin = c.at
    const end = c.text.indexOf('\n', begin)
    c.at = end < 0 ? c.text.length : end + 1
    const line = c.text.slice(begin, end < 0 ? undefined : end)
    if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) return c.text.slice(start, begin)
  }
  c.broken()
  return c.text.slice(start)
}
