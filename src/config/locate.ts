/**
 * Finds the line of every key of a TOML text, for error messages: the parser gives positions for syntax errors only.
 * It expects text that parsed; on anything else it ends early, and never throws.
 */

export type Path = readonly (string | number)[]
/** The 1-based line of a key or array element, or of the nearest thing around it that is in the text. */
export type LineOf = (path: Path) => number

export function locateKeys(text: string): LineOf {
  const lines = new Map<string, number>()
  const scanner = createScanner(text)
  /** How many tables each array of tables has so far. */
  const counts = new Map<string, number>()

  const mark = (path: Path, line: number) => {
    for (let length = 1; length <= path.length; length++) {
      const key = JSON.stringify(path.slice(0, length))
      if (!lines.has(key)) lines.set(key, line)
    }
  }

  /** `a.b` names the last table of `a` when `a` is an array of tables. */
  const resolve = (keys: string[]): (string | number)[] => {
    const path: (string | number)[] = []
    for (const key of keys) {
      path.push(key)
      const count = counts.get(JSON.stringify(path))
      if (count !== undefined) path.push(count - 1)
    }
    return path
  }

  const header = (): Path => {
    const line = scanner.line()
    const many = scanner.skip('[[')
    if (!many) scanner.skip('[')
    const keys = scanner.keys()
    scanner.skip(many ? ']]' : ']')
    if (!many) {
      const path = resolve(keys)
      mark(path, line)
      return path
    }
    const path = [...resolve(keys.slice(0, -1)), keys.at(-1) ?? '']
    const index = counts.get(JSON.stringify(path)) ?? 0
    counts.set(JSON.stringify(path), index + 1)
    mark([...path, index], line)
    return [...path, index]
  }

  const assignment = (table: Path, depth: number) => {
    const line = scanner.line()
    const path = [...table, ...scanner.keys()]
    mark(path, line)
    scanner.blank()
    scanner.skip('=')
    scanner.blank()
    value(path, depth)
  }

  const value = (path: Path, depth: number) => {
    if (depth > DEEPEST) scanner.end()
    else if (scanner.skip('[')) {
      for (let index = 0; scanner.element(']'); index++) {
        mark([...path, index], scanner.line())
        value([...path, index], depth + 1)
      }
    } else if (scanner.skip('{')) {
      while (scanner.element('}')) assignment(path, depth + 1)
    } else scanner.scalar()
  }

  let table: Path = []
  while (scanner.next()) {
    if (scanner.at('[')) table = header()
    else assignment(table, 0)
  }

  return path => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return 1
  }
}

/** Deeper values are not part of any configuration, and the parser refuses them. */
const DEEPEST = 64

const BLANK = /[ \t]*/y
const SPACE = /[ \t\r\n\ufeff]+/y
const COMMENT = /#[^\n]*/y
const BARE = /[A-Za-z0-9_-]+/y
const BASIC = /"[^"\\\n]*(?:\\.[^"\\\n]*)*"/y
const LITERAL = /'[^'\n]*'/y
// Unrolled, so that a long string without its end takes linear time.
const LONG_BASIC = /"""[^"\\]*(?:(?:\\[\s\S]|"{1,2}(?!"))[^"\\]*)*"{3,5}/y
const LONG_LITERAL = /'''[^']*(?:'{1,2}(?!')[^']*)*'{3,5}/y
const PLAIN = /[^,\]}#\n]+/y

function createScanner(text: string) {
  let position = 0
  let counted = 0
  let lines = 1
  /** The text matched here, which is then behind us. */
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    const found = pattern.exec(text)?.[0]
    position += found?.length ?? 0
    return found
  }
  const space = () => {
    while (take(SPACE) !== undefined || take(COMMENT) !== undefined);
  }
  const at = (token: string) => text.startsWith(token, position)
  const end = () => {
    position = text.length
  }
  const skip = (token: string) => {
    const found = at(token)
    if (found) position += token.length
    return found
  }
  return {
    at,
    end,
    skip,
    blank: () => take(BLANK),
    /** Past blanks, newlines and comments; false at the end of the text. */
    next() {
      space()
      return position < text.length
    },
    /** Before an element of an array or inline table: past separators; false once `close` is behind us. */
    element(close: string) {
      space()
      if (skip(',')) space()
      return position < text.length && !skip(close)
    },
    scalar() {
      const found = take(LONG_BASIC) ?? take(LONG_LITERAL) ?? take(BASIC) ?? take(LITERAL) ?? take(PLAIN)
      if (found === undefined) end()
    },
    /** `a."b.c".d`; stops the scan at what is no key. */
    keys() {
      const keys: string[] = []
      do {
        take(BLANK)
        const key = take(BARE) ?? unquote(take(BASIC)) ?? take(LITERAL)?.slice(1, -1)
        if (key === undefined) {
          end()
          break
        }
        keys.push(key)
        take(BLANK)
      } while (skip('.'))
      return keys
    },
    line() {
      for (; counted < position; counted++) if (text[counted] === '\n') lines++
      return lines
    },
  }
}

const ESCAPES: Record<string, string> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b' }

const unquote = (quoted: string | undefined): string | undefined =>
  quoted?.slice(1, -1).replace(/\\(?:x(..)|u(.{4})|U(.{8})|(.))/gs, (whole, x, u, long, short) => {
    const code = Number.parseInt(x ?? u ?? long ?? '', 16)
    if (short !== undefined) return ESCAPES[short] ?? short
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
