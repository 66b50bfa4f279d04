import { BREAK, type Cursor, match, matchAll, SPLIT, unmarked, VALUE } from './cursor.ts'

export function scanSingle(c: Cursor): string {
  const end = c.text.indexOf("'", c.at + 1)
  if (end < 0) c.broken()
  const text = c.text.slice(c.at + 1, end < 0 ? undefined : end)
  c.at = end < 0 ? c.text.length : end + 1
  return unmarked(text)
}

export function scanDouble(c: Cursor): string {
  c.at++
  return c.nested(() => scanUntil(c, '"', true))
}

export function scanEscape(c: Cursor): string {
  const next = c.text[c.at + 1]
  c.at += 2
  if (next === undefined) return '\\'
  return next === '\n' ? '' : unmarked(next)
}

/** Text in which expansions live, up to `close`: inside double quotes, `${…}`, `$[…]`, or a here-document (no close). */
export function scanUntil(c: Cursor, close: string, quoted: boolean): string {
  let out = ''
  while (c.at < c.text.length) {
    const text = match(c, TEXT)
    if (text) {
      const fields = close === '}' && !quoted // unquoted text of an expansion becomes words
      out += fields ? unmarked(text).replace(/[ \t\n]+/g, BREAK) : unmarked(text)
      continue
    }
    const ch = c.text[c.at]!
    if (ch === close) {
      c.at++
      return out
    }
    if (ch === '\\') {
      const next = c.text[c.at + 1]
      out += quoted && next !== undefined && !'$`"\\\n'.includes(next) ? '\\' : ''
      out += scanEscape(c)
    } else if (ch === '$') out += c.nested(() => scanDollar(c, quoted))
    else if (ch === '`') out += scanBackticks(c, quoted)
    else if (ch === '"' && close !== '') out += scanDouble(c)
    else if (ch === "'" && close === '}' && !quoted) out += scanSingle(c)
    else {
      if (ch === "'" && close === '}') c.broken() // shells differ on it
      out += ch
      c.at++
    }
  }
  if (close !== '') c.broken()
  return out
}
const TEXT = /[^"'\\$`}\]]+/y

/** At a `$`: what it stands for. */
export function scanDollar(c: Cursor, quoted: boolean): string {
  const hole = quoted ? VALUE : SPLIT
  const next = c.text[c.at + 1] ?? ''
  if (next === "'" && !quoted) return scanAnsi(c)
  if (next === '(') return scanSubstitution(c, c.text[c.at + 2] === '(', hole)
  if (next === '{') return c.nested(() => scanBraced(c, quoted))
  if (next === '[') {
    c.at += 2
    c.nested(() => scanUntil(c, ']', quoted))
    return hole
  }
  c.at++
  const name = match(c, NAME)
  if (name === 'HOME') return '~' // the one variable whose value we can tell
  if (name) return name === 'IFS' && !quoted ? BREAK : hole
  if (POSITIONAL.test(next)) {
    c.at++
    return ''
  }
  if (/[#?$!0-]/.test(next)) {
    c.at++
    return hole
  }
  return next === '"' && !quoted ? '' : '$'
}

const NAME = /[A-Za-z_]\w*/y
/** The positional parameters: nothing, in a line that is run by itself. */
const POSITIONAL = /^[@*1-9]$/

/** `${…}`: with a default or alternative (`${x:-rm}`), that; else unknown. */
function scanBraced(c: Cursor, quoted: boolean): string {
  c.at += 2
  const [, indirect, name, operator] = matchAll(c, PARAMETER) ?? []
  const text = scanUntil(c, '}', quoted)
  if (name === 'HOME' && !indirect) return '~'
  if (name === 'IFS' && !quoted) return BREAK
  if (operator && text !== '') return text
  if (name !== undefined && POSITIONAL.test(name) && !indirect) return ''
  return quoted ? VALUE : SPLIT
}
const PARAMETER = /([#!]?)(\w+|[@*#?$!-])(:?[-=+])?/y

/** At `$(`, `$((`, `<(` or `>(`. */
export function scanSubstitution(c: Cursor, arithmetic = false, hole = VALUE): string {
  c.at += 2
  c.nested(() => c.list(c, arithmetic ? 'arithmetic' : 'substitution'))
  return hole
}

export function scanBackticks(c: Cursor, quoted: boolean): string {
  let inner = ''
  for (c.at++; c.at < c.text.length && c.text[c.at] !== '`'; ) {
    const text = match(c, UNTICKED)
    inner += text
    if (text) continue
    const next = c.text[c.at + 1] ?? ''
    inner += '`\\$'.includes(next) || (quoted && next === '"') ? next : `\\${next}`
    c.at += 2
  }
  if (c.at >= c.text.length) c.broken()
  c.at++
  c.line(inner)
  return quoted ? VALUE : SPLIT
}
const UNTICKED = /[^`\\]+/y

/** `$'…'` (POSIX.1-2024 XCU 2.2.4). A NUL ends the text, as in bash. */
function scanAnsi(c: Cursor): string {
  let out = ''
  for (c.at += 2; c.at < c.text.length; ) {
    const text = match(c, ANSI_TEXT)
    out += text
    if (text) continue
    if (c.text[c.at] === "'") {
      c.at++
      const end = out.indexOf('\0')
      return unmarked(end < 0 ? out : out.slice(0, end))
    }
    out += ansiEscape(matchAll(c, ANSI) ?? [c.text[c.at++]!])
  }
  c.broken()
  return unmarked(out)
}
const ANSI_TEXT = /[^'\\]+/y
const ANSI = /\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c([\s\S])|([\s\S]))/y

function ansiEscape([all, octal, hex, u4, u8, control, other]: (string | undefined)[]): string {
  if (octal) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
  const code = hex ?? u4 ?? u8
  if (code) return String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff))
  if (control) return String.fromCharCode(control.charCodeAt(0) & 0x1f)
  if (other === undefined) return all!
  return ANSI_LETTERS[other] ?? (`\\'"?`.includes(other) ? other : `\\${other}`)
}
const ANSI_LETTERS: Record<string, string | undefined> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
