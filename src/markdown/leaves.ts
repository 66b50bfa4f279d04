import { HEADING, interrupts, QUOTE, RULE } from './block-starts.ts'
import { dedent, indentOf, isBlank, startsHtml } from './columns.ts'
import { lastLineOfFormula } from './formulas.ts'
import { delimiterColumns, splitRow } from './table.ts'

/** Blocks that hold no blocks. */
export type Leaf =
  | { type: 'paragraph'; text: string }
  /** Shown as it is: raw HTML, quotes within quotes, nesting past the bound. */
  | { type: 'literal'; text: string }
  | { type: 'heading'; level: number; text: string }
  | { type: 'code'; lang: string; text: string }
  | { type: 'table'; head: string[]; rows: string[][] }
  | { type: 'rule' }

/** Where targets of labels are kept: of a label that has more than one, the first. */
export type Targets = Pick<Map<string, string>, 'get' | 'has' | 'set' | 'size'>

/**
 * A leaf, none for the target of a label, and the index of the line after it. `open`: lines that are still to come may change
 * it, although there are lines after it already.
 */
type Found = { block?: Leaf; next: number; open?: boolean }

const SETEXT = /^ {0,3}(={3,}|-{3,})[ \t]*$/
const DEFINITION = /^ {0,3}\[([^\]^][^\]]{0,200})\]:[ \t]*<?([^\s<>]{1,2000})>?(?:[ \t]+["'(].*)?$/

/**
 * Reads the leaf at the start of `lines`, the first of which is not blank and begins no fence or list, nor a quote unless it
 * is `quoted`. While `next` is below the number of lines, and the leaf not `open`, no line that follows can change
 * the leaf. Adds targets to `links`.
 */
export const readLeaf = (lines: string[], quoted: boolean, links: Targets): Found =>
  readIndented(lines) ??
  readHeading(lines[0]!) ??
  (RULE.test(lines[0]!) ? { block: { type: 'rule' }, next: 1 } : undefined) ??
  (quoted && QUOTE.test(lines[0]!) ? readInnerQuote(lines) : undefined) ??
  (startsHtml(lines[0]!) ? readHtml(lines) : undefined) ??
  readTable(lines) ??
  readDefinition(lines[0]!, links) ??
  readParagraph(lines)

/** What a line of a quote holds; `last` is what the line before it holds. Undefined for a line that is not of the quote. */
export function quotedText(line: string, last: string): string | undefined {
  if (QUOTE.test(line)) return line.replace(/^ {0,3}> ?/, '')
  return isBlank(line) || interrupts(line) || isBlank(last) ? undefined : line.trimStart()
}

/** A quote in a quote keeps its own `>` marks. */
function readInnerQuote(lines: string[]): Found {
  const inner: string[] = []
  for (const line of lines) {
    const text = quotedText(line, inner.at(-1) ?? '')
    if (text === undefined) break
    inner.push(text)
  }
  const text = inner.map(line => `> ${line}`.trimEnd()).join('\n')
  return { block: { type: 'literal', text }, next: inner.length }
}

function readIndented(lines: string[]): Found | undefined {
  if (indentOf(lines[0]!) < 4) return undefined
  let end = 0
  let last = 0
  for (; end < lines.length && (isBlank(lines[end]!) || indentOf(lines[end]!) >= 4); end++) {
    if (!isBlank(lines[end]!)) last = end
  }
  const text = lines.slice(0, last + 1).map(line => dedent(line, Math.min(4, indentOf(line))))
  return { block: { type: 'code', lang: '', text: text.join('\n') }, next: end }
}

function readHeading(line: string): Found | undefined {
  const match = HEADING.exec(line)
  if (!match) return undefined
  const text = line.slice(match[0].length).trim()
  let end = text.length
  while (end > 0 && text[end - 1] === '#') end--
  const closed = end === 0 || /[ \t]/.test(text[end - 1]!)
  const bare = closed ? text.slice(0, end).trim() : text
  return { block: { type: 'heading', level: match[1]!.length, text: bare }, next: 1 }
}

function readHtml(lines: string[]): Found {
  let end = 0
  while (end < lines.length && !isBlank(lines[end]!)) end++
  return { block: { type: 'literal', text: lines.slice(0, end).join('\n') }, next: end }
}

function readTable(lines: string[]): Found | undefined {
  if (lines.length < 2 || !lines[0]!.includes('|')) return undefined
  const head = splitRow(lines[0]!)
  if (delimiterColumns(lines[1]!) !== head.length) return undefined
  const rows: string[][] = []
  let end = 2
  for (; end < lines.length && !isBlank(lines[end]!) && !interrupts(lines[end]!); end++) {
    const row = splitRow(lines[end]!)
    rows.push(head.map((_, column) => row[column] ?? ''))
  }
  return { block: { type: 'table', head, rows }, next: end }
}

function readDefinition(line: string, links: Targets): Found | undefined {
  const match = line.length < 3000 ? DEFINITION.exec(line) : null
  if (!match || !/[/.#]/.test(match[2]!)) return undefined // `[Note]: text` is prose
  const label = match[1]!.trim().toLowerCase()
  if (!links.has(label)) links.set(label, match[2]!)
  return { next: 1 }
}

function readParagraph(lines: string[]): Found {
  let open = false
  const pass = (at: number): number => {
    const last = lastLineOfFormula(lines, at)
    open ||= last >= lines.length
    return last < lines.length ? last + 1 : at + 1
  }
  let end = pass(0)
  while (end < lines.length && !isBlank(lines[end]!)) {
    const underline = SETEXT.exec(lines[end]!)
    if (underline) {
      const text = lines
        .slice(0, end)
        .map(line => line.trim())
        .join(' ')
      return { block: { type: 'heading', level: underline[1]!.startsWith('=') ? 1 : 2, text }, next: end + 1, open }
    }
    if (interrupts(lines[end]!)) break
    end = pass(end)
  }
  const text = lines
    .slice(0, end)
    .map(line => line.trimStart())
    .join('\n')
  return { block: { type: 'paragraph', text: text.trimEnd() }, next: end, open }
}
