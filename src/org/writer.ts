import { SPACER, seal } from '../base/controls.ts'
import type { Leaf } from '../markdown/leaves.ts'
import type { Sink } from '../markdown/sink.ts'
import { codeOpening, writeLeaf } from './blocks.ts'
import type { Place } from './inlines.ts'
import { endOf, orgBlockLines } from './text.ts'

/** Where Org goes. Positions are UTF-16 units from the beginning of the text. */
export type Output = {
  readonly length: number
  append(text: string): void
  insert(text: string, position: number): void
}

/** A document, a quote or the body of an item. `indent` is what its lines begin with. */
type Level = { kind: 'document' | 'quote' | 'item'; count: number; indent: string }
/** `joins` are the line ends between its items, the last one first. */
type List = {
  number: number | undefined
  count: number
  loose: boolean
  joins: Joins | null
  before: string
  indent: string
}
type Joins = { position: number; earlier: Joins | null }

/**
 * Writes blocks of Markdown as Org, as they are read. What it appends stays, but for the blank lines that a list gets between
 * its items when it turns out to be loose.
 */
export class OrgWriter implements Sink {
  private readonly output: Output
  private readonly place: Place
  private levels: Level[] = [{ kind: 'document', count: 0, indent: '' }]
  private lists: List[] = []
  private code = { end: '', isEmpty: true }

  constructor(output: Output, place: Place) {
    this.output = output
    this.place = place
  }

  /** A writer that goes on where this one is, to an output and with links of its own. */
  copy(output: Output, place: Place): OrgWriter {
    const copy = new OrgWriter(output, place)
    copy.levels = this.levels.map(level => ({ ...level }))
    copy.lists = this.lists.map(list => ({ ...list }))
    copy.code = { ...this.code }
    return copy
  }

  leaf(leaf: Leaf): void {
    const text = writeLeaf(leaf, this.place)
    const { kind, count } = this.level
    if (kind !== 'item' && text === '') return
    const words = this.lead(leaf.type) + text
    this.write(kind === 'item' && count === 0 ? withoutTag(words) : words)
  }

  openCode(lang: string): void {
    const opening = codeOpening(lang)
    this.code = { end: endOf(opening), isEmpty: true }
    this.write(`${this.lead('code')}#+BEGIN_${opening}`)
  }
  codeLine(line: string): void {
    this.code.isEmpty = false
    this.write(`\n${orgBlockLines(line)}`)
  }
  closeCode(): void {
    this.write(`${this.code.isEmpty ? '\n' : ''}\n${this.code.end}`)
  }

  openQuote(): void {
    this.write(`${this.lead('quote')}#+BEGIN_QUOTE`)
    this.levels.push({ kind: 'quote', count: 0, indent: this.level.indent })
  }
  closeQuote(): void {
    const { count } = this.levels.pop()!
    this.write(`${count === 0 ? '\n' : ''}\n#+END_QUOTE`)
  }

  openList(start: number | undefined): void {
    const { indent } = this.level
    this.lists.push({ number: start, count: 0, loose: false, joins: null, before: this.lead('list'), indent })
  }
  /** `[@5]` starts an Org list at 5. */
  openItem(checked: boolean | undefined): void {
    const list = this.lists.at(-1)!
    const { number, count } = list
    const bullet = number === undefined ? '-' : `${number}.`
    const start = count === 0 && number !== undefined && number !== 1 ? ` [@${number}]` : ''
    const box = checked === undefined ? '' : checked ? ' [X]' : ' [ ]'
    if (count > 0) list.joins = { position: this.output.length, earlier: list.joins }
    const before = count === 0 ? list.before : list.loose ? '\n\n' : '\n'
    this.write(`${before}${bullet}${start}${box}`, list.indent)
    this.levels.push({ kind: 'item', count: 0, indent: list.indent + ' '.repeat(bullet.length + 1) })
    list.count++
    if (number !== undefined) list.number = number + 1
  }
  closeItem(): void {
    this.levels.pop()
  }
  loosen(): void {
    const list = this.lists.at(-1)!
    if (!list.loose) for (let join = list.joins; join; join = join.earlier) this.output.insert('\n', join.position)
    list.loose = true
  }
  closeList(): void {
    this.lists.pop()
  }

  private get level(): Level {
    return this.levels.at(-1)!
  }

  /** What stands between the block that comes and what is before it. */
  private lead(type: Leaf['type'] | 'quote' | 'list'): string {
    const { level } = this
    const isFirst = level.count++ === 0
    if (level.kind === 'item' && isFirst) return type === 'paragraph' || type === 'heading' ? ' ' : '\n'
    if (level.kind === 'item' && type === 'list') return '\n'
    if (!isFirst) return '\n\n'
    return level.kind === 'quote' ? '\n' : ''
  }

  /** Appends lines, of which the first goes on where the text is; what follows begins with a line end. */
  private write(text: string, indent = this.level.indent): void {
    this.output.append(seal(indent === '' ? text : text.replace(/\n(?=[^\n])/g, `\n${indent}`)))
  }
}

/** The first line of an item makes no term of a description list. */
const withoutTag = (body: string): string =>
  body.replace(/^[^\n]*/, line => line.replace(/([ \t]:)(?=:(?:[ \t]|$))/g, `$1${SPACER}`))
