import {
  closesFence,
  HEADING,
  interrupts,
  MARKER,
  type Marker,
  openFence,
  QUOTE,
  RULE,
  readMarker,
} from './block-starts.ts'
import { dedent, indentOf, isBlank, startsHtml } from './columns.ts'
import type { Links } from './inlines.ts'
import { delimiterColumns, splitRow } from './table.ts'

/*
 * Markdown, read once for all: `blocks` and `block-starts` line by line, `inlines` and `emphasis` within a line, `table` and
 * `links` for what their names say.
 */

/**
 * Reads the blocks of Markdown as models write it: the common part of CommonMark and GitHub's tables and task lists, line
 * by line, in time linear in the text and with a bound on nesting. (The `marked` lexer takes 30 s for 16 kB of `a\n-\n`,
 * and this runs on text from models beside live sessions.) Where CommonMark is stricter than what models write, nested
 * lists may be indented by two columns under any marker.
 */
export type Block =
  | { type: 'paragraph'; text: string }
  /** Shown as it is: raw HTML, quotes within quotes, nesting past the bound. */
  | { type: 'literal'; text: string }
  | { type: 'heading'; level: number; text: string }
  | { type: 'code'; lang: string; text: string }
  | { type: 'quote'; blocks: Block[] }
  | { type: 'list'; ordered: boolean; start: number; loose: boolean; items: Item[] }
  | { type: 'table'; head: string[]; rows: string[][] }
  | { type: 'rule' }
export type Item = { checked?: boolean; blocks: Block[] }

export type Document = { blocks: Block[]; links: Links }

/** Longer texts are shown as they are: no message of a model is, and a million characters would hold up the server. */
export const MAX_MARKDOWN = 200_000

const MAX_DEPTH = 8

const SETEXT = /^ {0,3}(={3,}|-{3,})[ \t]*$/
const DEFINITION = /^ {0,3}\[([^\]^][^\]]{0,200})\]:[ \t]*<?([^\s<>]{1,2000})>?(?:[ \t]+["'(].*)?$/
const TASK = /^\[([ xX])\][ \t]+/

export function parseMarkdown(text: string): Document {
  const links = new Map<string, string>()
  return { blocks: readBlocks(text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n'), links), links }
}

/** The blocks of a document in `lines`; targets of labels are added to `links`. */
export const readBlocks = (lines: string[], links: Map<string, string>): Block[] =>
  new Reader(links).read(lines, 0, false)

/**
 * The block of a document that starts at the line `at`, which is not blank, and the index of the line after it. While that is
 * below the number of lines, no line that follows can change the block.
 */
export const readBlock = (lines: string[], at: number, links: Map<string, string>): Found =>
  new Reader(links).next(lines, at, 0, false)

/** The lines of a fence opened at `start`, and the index after it. Without an end it runs to the end of its container. */
export function readFence(lines: string[], start: number): { block: Block; next: number } | undefined {
  const fence = openFence(lines[start]!)
  if (!fence) return undefined
  let end = start + 1
  while (end < lines.length && !closesFence(lines[end]!, fence.mark)) end++
  const text = lines.slice(start + 1, end).map(line => dedent(line, Math.min(fence.indent, indentOf(line))))
  return { block: { type: 'code', lang: fence.lang, text: text.join('\n') }, next: end + 1 }
}

class Reader {
  private readonly links: Map<string, string>

  constructor(links: Map<string, string>) {
    this.links = links
  }

  read(lines: string[], depth: number, quoted: boolean): Block[] {
    if (depth > MAX_DEPTH) return [{ type: 'literal', text: lines.join('\n') }]
    const blocks: Block[] = []
    let at = 0
    while (at < lines.length) {
      if (isBlank(lines[at]!)) {
        at++
        continue
      }
      const found = this.next(lines, at, depth, quoted)
      if (found.block) blocks.push(found.block)
      at = found.next
    }
    return blocks
  }

  next(lines: string[], at: number, depth: number, quoted: boolean): Found {
    const line = lines[at]!
    return (
      readFence(lines, at) ??
      readIndented(lines, at) ??
      readHeading(line, at) ??
      (RULE.test(line) ? { block: { type: 'rule' as const }, next: at + 1 } : undefined) ??
      (QUOTE.test(line) ? this.quote(lines, at, depth, quoted) : undefined) ??
      this.list(lines, at, depth, quoted) ??
      (startsHtml(line) ? readHtml(lines, at) : undefined) ??
      readTable(lines, at) ??
      this.definition(line, at) ??
      readParagraph(lines, at)
    )
  }

  /** Lines that start with `>`, and the lazy rest of a paragraph in them. A quote in a quote keeps its own `>` marks. */
  private quote(lines: string[], start: number, depth: number, quoted: boolean): Found {
    const inner: string[] = []
    let at = start
    for (; at < lines.length; at++) {
      const line = lines[at]!
      if (QUOTE.test(line)) inner.push(line.replace(/^ {0,3}> ?/, ''))
      else if (isBlank(line) || interrupts(line) || isBlank(inner.at(-1)!)) break
      else inner.push(line.trimStart())
    }
    if (quoted)
      return { block: { type: 'literal', text: inner.map(line => `> ${line}`.trimEnd()).join('\n') }, next: at }
    return { block: { type: 'quote', blocks: this.read(inner, depth + 1, true) }, next: at }
  }

  private list(lines: string[], start: number, depth: number, quoted: boolean): Found | undefined {
    const first = readMarker(lines[start]!)
    if (!first) return undefined
    const items: Item[] = []
    let loose = false
    let at = start
    while (at < lines.length) {
      const marker = readMarker(lines[at]!)
      if (!marker || marker.kind !== first.kind || marker.indent > first.indent + 3) break
      const body = readItem(lines, at, marker)
      at += body.length
      const blank = isBlank(body.at(-1)!)
      while (body.length > 1 && isBlank(body.at(-1)!)) body.pop()
      if (blank && at < lines.length && readMarker(lines[at]!)?.kind === first.kind) loose = true
      items.push(this.item(body, depth, quoted))
    }
    return { block: { type: 'list', ordered: first.ordered, start: first.start, loose, items }, next: at }
  }

  private item(body: string[], depth: number, quoted: boolean): Item {
    const task = TASK.exec(body[0]!)
    if (!task) return { blocks: this.read(body, depth + 1, quoted) }
    body[0] = body[0]!.slice(task[0].length)
    return { checked: task[1] !== ' ', blocks: this.read(body, depth + 1, quoted) }
  }

  private definition(line: string, at: number): Found | undefined {
    const match = line.length < 3000 ? DEFINITION.exec(line) : null
    if (!match || !/[/.#]/.test(match[2]!)) return undefined // `[Note]: text` is prose
    const label = match[1]!.trim().toLowerCase()
    if (!this.links.has(label)) this.links.set(label, match[2]!)
    return { next: at + 1 }
  }
}

export type Found = { block?: Block; next: number }

/** The lines of one item, without its marker and indentation; blank lines after it are still there. */
function readItem(lines: string[], start: number, marker: Marker): string[] {
  const body = [
    dedent(
      lines[start]!.replace(MARKER, mark => ' '.repeat(indentOf(mark) + mark.trim().length)),
      marker.content,
    ),
  ]
  let fence = openFence(body[0]!)?.mark
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at]!
    const indent = indentOf(line)
    if (isBlank(line)) body.push('')
    else if (indent >= marker.content) body.push(dedent(line, marker.content))
    else if (fence) break
    else if (indent >= marker.indent + 2 && readMarker(line)) body.push(line.trimStart())
    else if (isBlank(body.at(-1)!) || interrupts(line) || readMarker(line)) break
    else body.push(line.trimStart())
    const last = body.at(-1)!
    if (fence) fence = closesFence(last, fence) ? undefined : fence
    else fence = openFence(last)?.mark
  }
  return body
}

function readIndented(lines: string[], start: number): Found | undefined {
  if (indentOf(lines[start]!) < 4) return undefined
  let end = start
  let last = start
  for (; end < lines.length && (isBlank(lines[end]!) || indentOf(lines[end]!) >= 4); end++) {
    if (!isBlank(lines[end]!)) last = end
  }
  const text = lines.slice(start, last + 1).map(line => dedent(line, Math.min(4, indentOf(line))))
  return { block: { type: 'code', lang: '', text: text.join('\n') }, next: end }
}

function readHeading(line: string, at: number): Found | undefined {
  const match = HEADING.exec(line)
  if (!match) return undefined
  const text = line.slice(match[0].length).trim()
  let end = text.length
  while (end > 0 && text[end - 1] === '#') end--
  const closed = end === 0 || /[ \t]/.test(text[end - 1]!)
  const bare = closed ? text.slice(0, end).trim() : text
  return { block: { type: 'heading', level: match[1]!.length, text: bare }, next: at + 1 }
}

function readHtml(lines: string[], start: number): Found {
  let end = start
  while (end < lines.length && !isBlank(lines[end]!)) end++
  return { block: { type: 'literal', text: lines.slice(start, end).join('\n') }, next: end }
}

function readTable(lines: string[], start: number): Found | undefined {
  if (start + 1 >= lines.length || !lines[start]!.includes('|')) return undefined
  const head = splitRow(lines[start]!)
  if (delimiterColumns(lines[start + 1]!) !== head.length) return undefined
  const rows: string[][] = []
  let end = start + 2
  for (; end < lines.length && !isBlank(lines[end]!) && !interrupts(lines[end]!); end++) {
    const row = splitRow(lines[end]!)
    rows.push(head.map((_, column) => row[column] ?? ''))
  }
  return { block: { type: 'table', head, rows }, next: end }
}

function readParagraph(lines: string[], start: number): Found {
  let end = start + 1
  for (; end < lines.length && !isBlank(lines[end]!); end++) {
    const underline = SETEXT.exec(lines[end]!)
    if (underline) {
      const text = lines
        .slice(start, end)
        .map(line => line.trim())
        .join(' ')
      return { block: { type: 'heading', level: underline[1]!.startsWith('=') ? 1 : 2, text }, next: end + 1 }
    }
    if (interrupts(lines[end]!)) break
  }
  const text = lines
    .slice(start, end)
    .map(line => line.trimStart())
    .join('\n')
  return { block: { type: 'paragraph', text: text.trimEnd() }, next: end }
}
