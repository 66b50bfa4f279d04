import { countCharacters } from '../base/text.ts'
import type { Output } from './writer.ts'

/** Org that stays, in pieces, and how it changed since `begin`. Lengths and positions are UTF-16 units. */
export class Settled implements Output {
  private readonly pieces: string[] = []
  length = 0
  /** Code points: what Emacs counts as characters. */
  characters = 0
  lengthBefore = 0
  charactersBefore = 0
  /** Everything before it is what it was at `begin`. */
  changedFrom = 0
  /** What was from there to the end at `begin`. */
  private changed = ''

  begin(): void {
    this.lengthBefore = this.length
    this.charactersBefore = this.characters
    this.changedFrom = this.length
    this.changed = ''
  }

  append(text: string): void {
    this.pieces.push(text)
    this.length += text.length
    this.characters += countCharacters(text)
  }

  insert(text: string, position: number): void {
    if (position < this.changedFrom) {
      this.changed = this.slice(position, this.changedFrom) + this.changed
      this.changedFrom = position
    }
    let index = this.pieces.length - 1
    let start = this.length - this.pieces[index]!.length
    while (start > position) start -= this.pieces[--index]!.length
    this.pieces[index] = insertAt(this.pieces[index]!, text, position - start)
    this.length += text.length
    this.characters += countCharacters(text)
  }

  /** A part of the text: the nearer `from` is to the end, the less it costs. */
  slice(from: number, to = this.length): string {
    const parts: string[] = []
    let end = this.length
    for (let index = this.pieces.length - 1; end > from; index--) {
      const piece = this.pieces[index]!
      const start = end - piece.length
      if (start < to) parts.push(piece.slice(Math.max(0, from - start), to - start))
      end = start
    }
    return parts.reverse().join('')
  }

  /** What was from `from` on at `begin`. */
  sliceBefore(from: number): string {
    return this.slice(from, this.changedFrom) + this.changed
  }

  /** Counted from the end, near which positions are. */
  charactersTo(position: number): number {
    return this.characters - countCharacters(this.slice(position))
  }
}

const insertAt = (whole: string, text: string, position: number): string =>
  whole.slice(0, position) + text + whole.slice(position)

/** What would follow settled Org, and be inserted in it, if the text ended here. */
export class Tail implements Output {
  private readonly settled: Settled
  private text = ''
  private readonly inserted: { text: string; position: number }[] = []

  constructor(settled: Settled) {
    this.settled = settled
  }

  get length(): number {
    return this.settled.length + this.text.length
  }

  append(text: string): void {
    this.text += text
  }

  insert(text: string, position: number): void {
    const at = position - this.settled.length
    if (at >= 0) this.text = insertAt(this.text, text, at)
    else this.inserted.push({ text, position })
  }

  /** What is shown from `shownAt` units of the settled Org on. */
  get shown(): string {
    const parts: string[] = []
    let from = this.shownAt
    for (const { text, position } of this.inserted.sort((a, b) => a.position - b.position)) {
      parts.push(this.settled.slice(from, position), text)
      from = position
    }
    return parts.join('') + this.settled.slice(from) + this.text
  }

  get shownAt(): number {
    return this.inserted.reduce((first, { position }) => Math.min(first, position), this.settled.length)
  }
}
