import { oneLine } from '../base/controls.ts'
import { messageOf } from '../base/errors.ts'
import type { ConfigProblem } from '../config/problem.ts'

/** What stands above a Markdown text, between two lines `---`. */
export type FrontMatter = {
  /** A text, also where a number or a truth value is written; undefined when absent or neither. */
  text(...keys: string[]): string | undefined
  /** A list of texts: written as one, or in one text with commas or spaces between them. */
  list(...keys: string[]): string[] | undefined
  flag(key: string): boolean | undefined
  /** A table, as keys and values. */
  table(key: string): Record<string, unknown> | undefined
  /** 1-based line of a key in the file; 1 where it has none. */
  lineOf(key: string): number
  body: string
  /** The line the body begins at. */
  bodyLine: number
}

/** More is no front matter. */
const MOST_CHARS = 64 * 1024
const FENCE = /^---[ \t]*$/

/**
 * Reads the front matter of `text`; a text without one has none of the keys. Returns a problem, which names the line, for what
 * is no YAML table, has no end, uses anchors, or is larger than 64 KiB. The parser is loaded when there is something to parse.
 */
export async function readFrontMatter(text: string, file: string): Promise<FrontMatter | ConfigProblem> {
  const lines = text.replace(/^\uFEFF/, '').split('\n')
  if (!FENCE.test(lines[0]!)) return frontMatter({}, () => 1, lines.join('\n'), 1)
  const problem = (line: number, message: string): ConfigProblem => ({ file, line, key: '', message })
  const end = lines.findIndex((line, index) => index > 0 && FENCE.test(line))
  if (end === -1) return problem(1, 'begins a front matter that has no end (a line ---)')
  const block = lines.slice(1, end).join('\n')
  if (block.length > MOST_CHARS) return problem(1, 'has a front matter of more than 64 KiB')
  const { Alias, isMap, LineCounter, parseDocument, visit } = await import('yaml')
  try {
    let counter = new LineCounter()
    const parse = (block: string) => {
      counter = new LineCounter()
      return parseDocument(block, { lineCounter: counter, prettyErrors: false, schema: 'core' })
    }
    let document = parse(block)
    // Written by hand, and read so by others: `description: Use it when: …`.
    if (document.errors.some(({ code }) => code === 'BLOCK_AS_IMPLICIT_KEY')) document = parse(quoted(block))
    const lineAt = (offset: number) => counter.linePos(offset).line + 1
    const [error] = document.errors
    if (error) return problem(lineAt(error.pos[0]), `is no YAML: ${oneLine(error.message)}`)
    let anchor: number | undefined
    visit(document, {
      Node(_, node) {
        if (anchor === undefined && (node instanceof Alias || ('anchor' in node && node.anchor)))
          anchor = node.range?.[0] ?? 0
      },
    })
    if (anchor !== undefined) return problem(lineAt(anchor), 'uses YAML anchors, which are not read here')
    const { contents } = document
    if (contents === null) return frontMatter({}, () => 1, lines.slice(end + 1).join('\n'), end + 2)
    if (!isMap(contents)) return problem(2, 'has a front matter that is no table of keys')
    const places = new Map(
      contents.items.map(({ key }) => {
        const scalar = key as { value?: unknown; range?: [number, number, number] }
        return [String(scalar.value), lineAt(scalar.range?.[0] ?? 0)]
      }),
    )
    const data = document.toJS({ maxAliasCount: 0 }) as Record<string, unknown>
    return frontMatter(data, key => places.get(key) ?? 1, lines.slice(end + 1).join('\n'), end + 2)
  } catch (error) {
    return problem(1, `has a front matter that cannot be read: ${oneLine(messageOf(error))}`)
  }
}

export const isProblem = (read: FrontMatter | ConfigProblem): read is ConfigProblem => 'message' in read

/** The values of plain `key: value` lines that hold another `: `, in quotes. */
const quoted = (block: string) =>
  block.replace(/^([\w-]+):[ \t]+(?!["'|>[{&*!#%@`])(.*: .*)$/gm, (_, key, value) => `${key}: ${JSON.stringify(value)}`)

function frontMatter(
  data: Record<string, unknown>,
  lineOf: (key: string) => number,
  body: string,
  bodyLine: number,
): FrontMatter {
  const valueAt = (keys: string[]) => {
    const key = keys.find(key => Object.hasOwn(data, key) && data[key] !== null)
    return key === undefined ? undefined : data[key]
  }
  const wordOf = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value).trim()
      : undefined
  return {
    text: (...keys) => wordOf(valueAt(keys)) || undefined,
    list(...keys) {
      const value = valueAt(keys)
      if (Array.isArray(value)) return value.flatMap(item => wordOf(item) ?? [])
      return wordOf(value) === undefined ? undefined : splitList(wordOf(value)!)
    },
    flag: key => (typeof valueAt([key]) === 'boolean' ? (valueAt([key]) as boolean) : undefined),
    table(key) {
      const value = valueAt([key])
      const isTable = typeof value === 'object' && value !== null && !Array.isArray(value)
      return isTable ? (value as Record<string, unknown>) : undefined
    },
    lineOf,
    body,
    bodyLine,
  }
}

/** At commas and spaces that stand in no parentheses: `Read, Bash(git log:*)`. */
const splitList = (text: string): string[] => text.match(/[^\s,(]+(?:\([^)]*\))?/g) ?? []
