import { closesFence, HEADING, openFence, QUOTE, RULE, readMarker } from './block-starts.ts'
import { dedent, indentOf, isBlank } from './columns.ts'
import { quotedText, readLeaf } from './leaves.ts'
import { List } from './list.ts'
import type { Body, Reading } from './sink.ts'

const MAX_DEPTH = 8

/**
 * Reads the blocks of Markdown as models write it: the common part of CommonMark and GitHub's tables and task lists, line
 * by line, in time linear in the text and with a bound on nesting. (The `marked` lexer takes 30 s for 16 kB of `a\n-\n`,
 * and this runs on text from models beside live sessions.) Where CommonMark is stricter than what models write, nested
 * lists may be indented by two columns under any marker.
 *
 * A container is a document, the body of a list item, or that of a quote. `copy` goes on apart from the original: that is how
 * one learns what a text would be that ended here.
 */
export class Container implements Body {
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
    const { next, open } = readLeaf(this.lines, this.quoted, reading.links)
    if (next < this.lines.length && !open) this.send(reading)
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
      if (marker) this.open = List.begin(line, marker, () => new Container(this.depth + 1, this.quoted), reading)
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
