import { closesFence, openFence } from './block-starts.ts'
import { dedent, indentOf } from './columns.ts'
import type { Links } from './inlines.ts'
import type { Leaf } from './leaves.ts'
import { Container } from './reader.ts'
import type { Reading, Sink } from './sink.ts'

/** The blocks of a whole text. */
export type Block =
  | Leaf
  | { type: 'quote'; blocks: Block[] }
  | { type: 'list'; ordered: boolean; start: number; loose: boolean; items: Item[] }
export type Item = { checked?: boolean; blocks: Block[] }

export type Document = { blocks: Block[]; links: Links }

/** Longer texts are shown as they are: no message of a model is, and a million characters would hold up the server. */
export const MAX_MARKDOWN = 200_000

export function parseMarkdown(text: string): Document {
  const reading = { sink: new Tree(), links: new Map<string, string>() }
  readLines(linesOf(text), reading)
  return { blocks: reading.sink.blocks, links: reading.links }
}

/** The lines of a text; a line end at its end begins no line. */
export const linesOf = (text: string): string[] => text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n')

export function readLines(lines: readonly string[], reading: Reading): void {
  const document = new Container()
  for (const line of lines) document.feed(line, reading)
  document.end(reading)
}

/** The targets of labels in a text. */
export function readTargets(lines: readonly string[]): Map<string, string> {
  const nothing = () => {}
  const sink: Sink = {
    leaf: nothing,
    openCode: nothing,
    codeLine: nothing,
    closeCode: nothing,
    openQuote: nothing,
    closeQuote: nothing,
    openList: nothing,
    openItem: nothing,
    closeItem: nothing,
    loosen: nothing,
    closeList: nothing,
  }
  const links = new Map<string, string>()
  readLines(lines, { sink, links })
  return links
}

/** The lines of a fence opened at `start`, and the index after it. Without an end it runs to the end of its container. */
export function readFence(
  lines: string[],
  start: number,
): { block: Leaf & { type: 'code' }; next: number } | undefined {
  const fence = openFence(lines[start]!)
  if (!fence) return undefined
  let end = start + 1
  while (end < lines.length && !closesFence(lines[end]!, fence.mark)) end++
  const text = lines.slice(start + 1, end).map(line => dedent(line, Math.min(fence.indent, indentOf(line))))
  return { block: { type: 'code', lang: fence.lang, text: text.join('\n') }, next: end + 1 }
}

class Tree implements Sink {
  /** Those of the document, then of each container that is open. */
  private readonly open: Block[][] = [[]]
  private readonly lists: (Block & { type: 'list' })[] = []
  private code: { lang: string; lines: string[] } = { lang: '', lines: [] }

  get blocks(): Block[] {
    return this.open[0]!
  }

  leaf(leaf: Leaf): void {
    this.open.at(-1)!.push(leaf)
  }
  openCode(lang: string): void {
    this.code = { lang, lines: [] }
  }
  codeLine(line: string): void {
    this.code.lines.push(line)
  }
  closeCode(): void {
    this.leaf({ type: 'code', lang: this.code.lang, text: this.code.lines.join('\n') })
  }
  openQuote(): void {
    const blocks: Block[] = []
    this.open.at(-1)!.push({ type: 'quote', blocks })
    this.open.push(blocks)
  }
  closeQuote(): void {
    this.open.pop()
  }
  openList(start: number | undefined): void {
    const list = { type: 'list' as const, ordered: start !== undefined, start: start ?? 0, loose: false, items: [] }
    this.open.at(-1)!.push(list)
    this.lists.push(list)
  }
  openItem(checked: boolean | undefined): void {
    const item = { ...(checked !== undefined && { checked }), blocks: [] }
    this.lists.at(-1)!.items.push(item)
    this.open.push(item.blocks)
  }
  closeItem(): void {
    this.open.pop()
  }
  loosen(): void {
    this.lists.at(-1)!.loose = true
  }
  closeList(): void {
    this.lists.pop()
  }
}
