import { closesFence, interrupts, MARKER, type Marker, openFence, readMarker } from './block-starts.ts'
import { dedent, indentOf, isBlank } from './columns.ts'
import type { Body, Reading } from './sink.ts'

const TASK = /^\[([ xX])\][ \t]+/

export class List {
  private readonly first: Marker
  private readonly bodyOf: () => Body
  private item: Item | null

  private constructor(first: Marker, bodyOf: () => Body, item: Item | null) {
    this.first = first
    this.bodyOf = bodyOf
    this.item = item
  }

  /** `bodyOf` makes what reads the body of an item. */
  static begin(line: string, marker: Marker, bodyOf: () => Body, reading: Reading): List {
    reading.sink.openList(marker.ordered ? marker.start : undefined)
    return new List(marker, bodyOf, Item.begin(line, marker, bodyOf(), reading))
  }

  copy(): List {
    return new List(this.first, this.bodyOf, this.item?.copy() ?? null)
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
    this.item = Item.begin(line, marker, this.bodyOf(), reading)
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
  private readonly marker: Marker
  private readonly body: Body
  private fence: string | undefined
  private blanks = 0
  endsBlank = false

  private constructor(marker: Marker, body: Body) {
    this.marker = marker
    this.body = body
  }

  static begin(line: string, marker: Marker, body: Body, reading: Reading): Item {
    const item = new Item(marker, body)
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
    const copy = new Item(this.marker, this.body.copy())
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
