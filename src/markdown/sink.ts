import type { Leaf, Targets } from './leaves.ts'

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

/** What holds blocks, line by line. */
export type Body = {
  feed(line: string, reading: Reading): void
  end(reading: Reading): void
  /** Goes on apart from the original. */
  copy(): Body
  /** UTF-16 units of the innermost leaf that is not sent yet. */
  readonly pending: number
}
