import type { CharSet } from '../search/charset.ts'
import type { Node } from '../search/regex.ts'

/**
 * For `grep -E` in the C locale, where a byte is a character: finds all lines that the pattern matches, and some more. Borders
 * are left out, and a character that is not ASCII may be any.
 */
export function posixSource(node: Node): string {
  if (node.type === 'set') return setSource(node.set)
  if (node.type === 'sequence') return node.nodes.map(posixSource).join('')
  if (node.type === 'assert') return ''
  if (node.type === 'choice') {
    const sources = node.nodes.map(posixSource)
    return sources.includes('') ? '' : `(${sources.join('|')})`
  }
  const inner = posixSource(node.node)
  return inner === '' ? '' : `(${inner})${node.min === 0 ? '*' : '+'}`
}

/** Bytes beyond ASCII, of which one character has several. */
const OTHERS = '[^[:print:][:cntrl:]]+'

function setSource(set: CharSet): string {
  if (set.only !== undefined) return set.only > '~' ? OTHERS : /\w/.test(set.only) ? set.only : bracket([set.only])
  const ascii = ASCII.filter(char => set.has(char.charCodeAt(0)))
  return ascii.length === ASCII.length ? '.' : ascii.length === 0 ? OTHERS : `(${bracket(ascii)}|${OTHERS})`
}

const ASCII = Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)).filter(char => char !== '\n')
const CONTROL = /[\x00-\x1f\x7f]/

/** In a bracket expression `]` comes first, `-` last, and `^` not first (POSIX, 9.3.5). */
function bracket(chars: readonly string[]): string {
  if (chars.length === 1 && chars[0] === '^') return '\\^'
  const order = (char: string) => (char === ']' ? 0 : char === '-' ? 3 : char === '^' ? 2 : 1)
  const visible = chars.filter(char => !CONTROL.test(char)).toSorted((a, b) => order(a) - order(b))
  const controls = visible.length < chars.length ? '[:cntrl:]' : ''
  // The class stands between what has to be first and what has to be last.
  const first = visible[0] === ']' ? ']' : ''
  return `[${first}${controls}${visible.slice(first.length).join('')}]`
}
