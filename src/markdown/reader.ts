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
import { dedent, indentOf, isBlank } from './columns.ts'
import { type Leaf, quotedText, readLeaf, type Targets } from './leaves.ts'

/** What is read, in order. A block is sent when no line can change it any more, or when the text ends. */
export type Sink = {
  leaf(leaf: Leaf): void
  openCode(lang: string): void
  codeLine(line: string): void
  closeCode(): void
  openQuote(): void
  closeQuote(): void
  /** `start` is the first number of an ordered list. */
  openList(start: number | undefined): void
  /** `checked` is undefined for what is no task. */
  openItem(checked: boolean | undefined): void
  closeItem(): void
  /** There is a blank line between items of the innermost list: those before and those that follow stand apart. */
  loosen(): void
  closeList(): void
}

/** Where what is read goes; targets of labels, in lower case, are added to `links`. */
export type Reading = { sink: Sink; links: Targets }

const MAX_DEPTH = 8
const TASK = /^\[([ xX])\][ \t]+/

/**
 * Reads the blocks of Markdown as models write it: the common part of CommonMark and GitHub's tables and task lists, line
 * by line, in time linear in the text and with a bound on nesting. (The `marked` lexer takes 30 s for 16 kB of `a\n-\n`,
 * and this runs on text from models beside live sessions.) Where CommonMark is stricter than what models write, nested
 * lists may be indented by two columns under any marker.
 *
 * A container is a document, the body of a list item, or that of a quote. `copy` goes on apart from the original: that is how
 * one learns what a text would be that ended here.
 */
export class Container {
  private readonly depth: number
  private readonly quoted: boolean
  /** The lines of a leaf that is not sent yet. */
  private lines: string[] = []
  private size = 0
  /** Whether the leaf is over is looked at again when it has so many lines: less and less often, to stay linear. */
  private nextLook = 2
  /** The mark of an open fence; an empty one closes with the container only. */
  private code: { mark: string; indent: number } | null = null
  private open: List | Quote | null = null

  constructor(depth = 0, quoted = false) {
    this.depth = depth
    this.quoted = quoted
  }

  copy(): Container {
    const copy = new Container(this.depth, this.quoted)
    copy.lines = this.lines.slice()
    copy.nextLook = this.nextLook
    copy.code = this.code
    copy.open = this.open?.copy() ?? null
    return copy
  }

  /** UTF-16 units of the innermost leaf that is not sent yet. */
  get pending(): number {
    return this.open ? this.open.pending : this.size
  }

  feed(line: string, reading: Reading): void {
    if (this.open?.feed(line, reading)) return
    this.close(reading)
    if (this.code) this.feedCode(line, this.code, reading)
    else this.feedBlock(line, reading)
  }

  private feedBlock(line: string, reading: Reading): void {
    if (this.lines.length === 0 && this.depth <= MAX_DEPTH && this.start(line, reading)) return
    this.lines.push(line)
    this.size += line.length
    if (this.lines.length < this.nextLook || this.depth > MAX_DEPTH) return
    const { next } = readLeaf(this.lines, this.quoted, reading.links)
    if (next < this.lines.length) this.send(reading)
    else this.nextLook = Math.max(this.lines.length + 1, Math.ceil(this.lines.length * 1.2))
  }

  end(reading: Reading): void {
    for (;;) {
      this.close(reading)
      if (this.code) reading.sink.closeCode()
      this.code = null
      if (this.lines.length === 0) return
      this.send(reading)
    }
  }

  /** Code from here on to the end of the container, whatever the lines are. */
  openEndlessCode(lang: string, { sink }: Reading): void {
    this.code = { mark: '', indent: 0 }
    sink.openCode(lang)
  }

  private close(reading: Reading): void {
    this.open?.end(reading)
    this.open = null
  }

  private feedCode(line: string, { mark, indent }: { mark: string; indent: number }, { sink }: Reading): void {
    if (mark !== '' && closesFence(line, mark)) {
      this.code = null
      sink.closeCode()
    } else sink.codeLine(dedent(line, Math.min(indent, indentOf(line))))
  }

  /** Whether a line that begins a block was more than the first line of a leaf. */
  private start(line: string, reading: Reading): boolean {
    if (isBlank(line)) return true
    const fence = openFence(line)
    if (fence) {
      this.code = fence
      reading.sink.openCode(fence.lang)
      return true
    }
    if (indentOf(line) >= 4 || HEADING.test(line) || RULE.test(line)) return false
    if (QUOTE.test(line)) {
      if (!this.quoted) this.open = Quote.begin(line, this.depth, reading)
    } else {
      const marker = readMarker(line)
      if (marker) this.open = List.begin(line, marker, this.depth, this.quoted, reading)
    }
    return this.open !== null
  }

  /** Sends the first leaf of the lines, and reads the others again. */
  private send(reading: Reading): void {
    const { lines } = this
    this.lines = []
    this.size = 0
    this.nextLook = 2
    if (this.depth > MAX_DEPTH) {
      reading.sink.leaf({ type: 'literal', text: lines.join('\n') })
      return
    }
    const { block, next } = readLeaf(lines, this.quoted, reading.links)
    if (block) reading.sink.leaf(block)
    for (const line of lines.slice(next)) this.feed(line, reading)
  }
}

/** Lines that start with `>`, and the lazy rest of a paragraph in them. */
class Quote {
  private readonly body: Container
  private last = ''

  private constructor(body: Container, last: string) {
    this.body = body
    this.last = last
  }

  static begin(line: string, depth: number, reading: Reading): Quote {
    reading.sink.openQuote()
    const quote = new Quote(new Container(depth + 1, true), '')
    quote.feed(line, reading)
    return quote
  }

  copy(): Quote {
    return new Quote(this.body.copy(), this.last)
  }

  get pending(): number {
    return this.body.pending
  }

  feed(line: string, reading: Reading): boolean {
    const text = quotedText(line, this.last)
    if (text === undefined) return false
    this.last = text
    this.body.feed(text, reading)
    return true
  }

  end(reading: Reading): void {
    this.body.end(reading)
    reading.sink.closeQuote()
  }
}

class List {
  private readonly first: Marker
  private item: Item | null

  private constructor(first: Marker, item: Item | null) {
    this.first = first
    this.item = item
  }

  static begin(line: string, marker: Marker, depth: number, quoted: boolean, reading: Reading): List {
    reading.sink.openList(marker.ordered ? marker.start : undefined)
    return new List(marker, Item.begin(line, marker, depth, quoted, reading))
  }

  copy(): List {
    return new List(this.first, this.item?.copy() ?? null)
  }

  get pending(): number {
    return this.item?.pending ?? 0
  }

  feed(line: string, reading: Reading): boolean {
    const { first, item } = this
    if (!item || item.feed(line, reading)) return item !== null
    this.endItem(reading)
    const marker = readMarker(line)
    const isOfKind = marker?.kind === first.kind
    if (item.endsBlank && isOfKind) reading.sink.loosen()
    if (!marker || !isOfKind || marker.indent > first.indent + 3) return false
    this.item = Item.begin(line, marker, item.depth, item.quoted, reading)
    return true
  }

  end(reading: Reading): void {
    this.endItem(reading)
    reading.sink.closeList()
  }

  private endItem(reading: Reading): void {
    this.item?.end(reading)
    this.item = null
  }
}

/** Its lines reach the body without the marker and the indentation; blank ones wait until there is more of it. */
class Item {
  readonly depth: number
  readonly quoted: boolean
  private readonly marker: Marker
  private readonly body: Container
  private fence: string | undefined
  private blanks = 0
  endsBlank = false

  private constructor(marker: Marker, depth: number, quoted: boolean, body: Container) {
    this.marker = marker
    this.depth = depth
    this.quoted = quoted
    this.body = body
  }

  static begin(line: string, marker: Marker, depth: number, quoted: boolean, reading: Reading): Item {
    const item = new Item(marker, depth, quoted, new Container(depth + 1, quoted))
    const spaced = line.replace(MARKER, mark => ' '.repeat(indentOf(mark) + mark.trim().length))
    const text = dedent(spaced, marker.content)
    item.fence = openFence(text)?.mark
    item.endsBlank = isBlank(text)
    const task = TASK.exec(text)
    reading.sink.openItem(task ? task[1] !== ' ' : undefined)
    item.body.feed(task ? text.slice(task[0].length) : text, reading)
    return item
  }

  copy(): Item {
    const copy = new Item(this.marker, this.depth, this.quoted, this.body.copy())
    copy.fence = this.fence
    copy.blanks = this.blanks
    copy.endsBlank = this.endsBlank
    return copy
  }

  get pending(): number {
    return this.body.pending
  }

  feed(line: string, reading: Reading): boolean {
    const text = this.textOf(line)
    if (text === undefined) return false
    if (this.fence) this.fence = closesFence(text, this.fence) ? undefined : this.fence
    else this.fence = openFence(text)?.mark
    this.endsBlank = text === ''
    if (this.endsBlank) this.blanks++
    else {
      for (; this.blanks > 0; this.blanks--) this.body.feed('', reading)
      this.body.feed(text, reading)
    }
    return true
  }

  end(reading: Reading): void {
    this.body.end(reading)
    reading.sink.closeItem()
  }

  private textOf(line: string): string | undefined {
    const { marker } = this
    if (isBlank(line)) return ''
    const indent = indentOf(line)
    if (indent >= marker.content) return dedent(line, marker.content)
    if (this.fence) return undefined
    const isMarker = readMarker(line) !== undefined
    if (indent >= marker.indent + 2 && isMarker) return line.trimStart()
    return this.endsBlank || isMarker || interrupts(line) ? undefined : line.trimStart()
  }
}
