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
