import { type Cursor, match, matchAll, unmarked } from './cursor.ts'

/** `$'…'` (POSIX.1-2024 XCU 2.2.4). A NUL ends the text, as in bash. */
export function scanAnsi(c: Cursor): string {
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
