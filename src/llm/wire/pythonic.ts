import type { Params } from '../../event.ts'
import type { Found } from './call-syntax.ts'

/** How a line begins that calls a tool by the name of a namespace. */
export const CALLEES = ['functions.', 'default_api.', 'print(functions.', 'print(default_api.'] as const

/** What a text that begins as calls in Python's spelling has for a name so far, and whether the name is over. */
export const PYTHON_HEAD = /^\[?\s*(?:print\s*\(\s*)?([\w.:/-]*)(\s*\()?/

const NAME = /\s*(?:(print)\s*\(\s*)?([A-Za-z_][\w.:/-]*)\s*\(\s*/y
const KEY = /\s*([A-Za-z_]\w*)\s*[=:](?!=)\s*/y
const STRING = /[rRuU]?("""|'''|"|')/y
const NUMBER = /[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?/iy
const WORD = /(?:True|False|None|true|false|null)\b/y
const WORDS: Record<string, unknown> = { True: true, true: true, False: false, false: false, None: null, null: null }
const DEEPEST = 64

/**
 * The calls that begin at `at` in Python's spelling: `[f(x=1), g(y="a")]` (Llama, Gemma), `print(default_api.f(x=1))`
 * (Gemini), `functions.f({"x": 1})` (GPT). Undefined where there is anything else, and where it is not at its end yet.
 */
export function pythonAt(body: string, at: number): { calls: Found[]; to: number } | undefined {
  const source = new Source(body, at)
  try {
    const calls = source.take('[') ? source.list(']', () => source.call()) : [source.call()]
    return { calls, to: source.at }
  } catch (error) {
    if (error instanceof NoPython) return undefined
    throw error
  }
}

/** The object or list that begins at `from`, in Python's spelling or as loose JSON: other quotes, a comma at the end. */
export function literalAt(text: string, from: number): { value: unknown; to: number } | undefined {
  if (text[from] !== '{' && text[from] !== '[') return undefined
  const source = new Source(text, from, true)
  try {
    return { value: source.value(), to: source.at }
  } catch (error) {
    if (error instanceof NoPython) return undefined
    throw error
  }
}

class NoPython extends Error {}

class Source {
  at: number
  readonly #text: string

  /** Keys of objects must be quoted. */
  readonly #quoted: boolean

  constructor(text: string, at: number, quoted = false) {
    this.#text = text
    this.at = at
    this.#quoted = quoted
  }

  call(): Found {
    const [, print, name = ''] = this.#match(NAME) ?? this.#fail()
    const params = this.#params()
    if (print && !this.take(')')) this.#fail()
    return { name, params }
  }

  take(sign: string): boolean {
    while (/\s/.test(this.#text[this.at] ?? '')) this.at++
    if (this.#text[this.at] !== sign) return false
    this.at++
    return true
  }

  list<T>(end: string, item: () => T): T[] {
    const items: T[] = []
    while (!this.take(end)) {
      items.push(item())
      if (!this.take(',') && this.#text[this.at] !== end) this.#fail()
    }
    return items
  }

  /** Keywords, or one object. */
  #params(): Params {
    if (this.take('{')) {
      const params = this.#entries(0)
      return this.take(')') ? params : this.#fail()
    }
    const named = this.list(')', () => [(this.#match(KEY) ?? this.#fail())[1]!, this.value()] as const)
    return Object.fromEntries(named)
  }

  #entries(depth: number): Params {
    const entries = this.list('}', () => {
      const key = this.#quoted ? undefined : this.#match(KEY)?.[1]
      if (key !== undefined) return [key, this.value(depth + 1)] as const
      const written = this.#string()
      return this.take(':') ? ([written, this.value(depth + 1)] as const) : this.#fail()
    })
    return Object.fromEntries(entries)
  }

  value(depth = 0): unknown {
    if (depth > DEEPEST) this.#fail()
    if (this.take('{')) return this.#entries(depth)
    if (this.take('[')) return this.list(']', () => this.value(depth + 1))
    if (this.take('(')) return this.list(')', () => this.value(depth + 1))
    const word = this.#match(WORD)?.[0]
    if (word) return WORDS[word]
    const number = this.#match(NUMBER)?.[0]
    return number ? Number(number.replaceAll('_', '')) : this.#string()
  }

  /** Strings side by side are one. */
  #string(): string {
    let text = ''
    for (let any = false; ; any = true) {
      while (/\s/.test(this.#text[this.at] ?? '')) this.at++
      const open = this.#match(STRING)
      if (!open) return any ? text : this.#fail()
      const raw = /^r/i.test(open[0])
      const from = this.at
      for (let to = from; ; to++) {
        if (to >= this.#text.length) this.#fail()
        if (this.#text[to] === '\\') to++
        else if (this.#text.startsWith(open[1]!, to)) {
          const written = this.#text.slice(from, to)
          text += raw ? written : unescaped(written)
          this.at = to + open[1]!.length
          break
        }
      }
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.#text)
    if (found) this.at = pattern.lastIndex
    return found
  }

  #fail(): never {
    throw new NoPython()
  }
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0', '\n': '' }

const unescaped = (written: string): string =>
  written.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|([\s\S]))/gi, (whole, hex, unit, sign) => {
    if (hex || unit) return String.fromCharCode(Number.parseInt(hex ?? unit, 16))
    return ESCAPES[sign] ?? (/[\\'"/]/.test(sign) ? sign : whole)
  })
