/** Where links point: reading targets out of Markdown, and deciding which may stay links. */

export const PUNCTUATION = /[!-/:-@[-`{-~]/

/**
 * The target of a link whose `(` is just before `start`; a title is skipped. Bounded (2,000 characters, 16 parentheses),
 * so that a text full of openings stays linear.
 */
export function readTarget(text: string, start: number): { href: string; end: number } | undefined {
  const pointy = matchAt(/\s{0,100}<([^<>\n]{0,2000})>/y, text, start)
  const end = pointy ? start + pointy[0].length : bareTarget(text, start)
  const tail = end === undefined ? null : matchAt(TAIL, text, end)
  if (end === undefined || !tail) return undefined
  const href = pointy ? pointy[1]! : text.slice(start, end).trim()
  return { href: unescapeTarget(href), end: end + tail[0].length }
}

const TAIL = /\s{0,100}(?:"[^"]{0,500}"|'[^']{0,500}'|\([^()]{0,500}\))?\s{0,100}\)/y

export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function bareTarget(text: string, start: number): number | undefined {
  const limit = Math.min(text.length, start + 2000)
  let at = start
  while (at < limit && /\s/.test(text[at]!)) at++
  for (let depth = 0; at < limit; at++) {
    const char = text[at]!
    if (char === '\\' && PUNCTUATION.test(text[at + 1] ?? '')) at++
    else if (char === '(' && ++depth > 16) return undefined
    else if (char === ')' && --depth < 0) break
    else if (/[\s\0-\x1f]/.test(char)) break
  }
  return at
}

const unescapeTarget = (href: string): string =>
  href.replace(/\\([!-/:-@[-`{-~])/g, '$1').replace(/&[#\w]{1,31};/g, entity => decodeEntity(entity, 0)?.text ?? entity)

/** A URL in running text, without the punctuation that ends the sentence and without a `)` that it did not open. */
export function trimUrl(url: string): string {
  let surplus = 0
  for (const char of url) surplus += char === ')' ? 1 : char === '(' ? -1 : 0
  let end = url.length
  for (; end > 0; end--) {
    const char = url[end - 1]!
    if (char === ')' && surplus > 0) surplus--
    else if (!/[?!.,:;*_~'"}]/.test(char)) break
  }
  return url.slice(0, end)
}

export type Target = { kind: 'web'; url: string } | { kind: 'file'; path: string; line?: number }

/**
 * What a link may point to: http, https, or a file; anything else (other schemes, `#anchors`, `//hosts`, remote Emacs
 * paths such as `/ssh:host:`) is undefined, and stays text.
 */
export function readableTarget(href: string): Target | undefined {
  const target = href.trim()
  if (target === '' || /[\s\0-\x1f\x7f\u200b]/.test(target.replaceAll(' ', ''))) return undefined
  if (/^https?:\/\/[^/]/i.test(target)) return { kind: 'web', url: encodeUrl(target) }
  const scheme = /^([^/?#]*?):/.exec(target)?.[1]
  const local = scheme?.toLowerCase() === 'file' ? target.slice(5).replace(/^\/\/(?=\/)/, '') : target
  const [, path, line] = /^([^#]+?)(?:#L(\d{1,9})[^#]*|#[^#]*)?$/.exec(local) ?? []
  if (!path || /^\/\/|:/.test(path) || path.startsWith('?')) return undefined
  return { kind: 'file', path: decodePath(path), ...(line ? { line: Number(line) } : {}) }
}

/** Characters that mean something in Org or Markdown, as percent escapes: the URL stays the same URL. */
const encodeUrl = (url: string): string =>
  url.toWellFormed().replace(/[^!#%&'(),./:;=?@_~\p{L}\p{N}+-]/gu, char => encodeURIComponent(char).replace('*', '%2A'))

function decodePath(path: string): string {
  try {
    const decoded = decodeURIComponent(path)
    return /[\0-\x1f\x7f:]/.test(decoded) ? path : decoded
  } catch {
    return path // a stray % is part of the name
  }
}

const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  copy: '©',
  times: '×',
  rarr: '→',
  larr: '←',
  le: '≤',
  ge: '≥',
  ne: '≠',
  bull: '•',
  middot: '·',
}

const ENTITY = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,6}));/y

/** The character reference at `at`, if it is one we know: the numeric ones and those that models use. */
export function decodeEntity(text: string, at: number): { text: string; length: number } | undefined {
  ENTITY.lastIndex = at
  const match = ENTITY.exec(text)
  if (!match) return undefined
  const [all, decimal, hex, name] = match
  if (name) return Object.hasOwn(NAMED, name) ? { text: NAMED[name]!, length: all.length } : undefined
  const code = Number.parseInt(decimal ?? hex!, decimal ? 10 : 16)
  if (code > 0 && code <= 0x20) return { text: ' ', length: all.length } // lines are not made this way
  const valid = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return { text: valid ? String.fromCodePoint(code) : '\ufffd', length: all.length }
}
