import { countCharacters } from '../base/text.ts'
import { MAX_MARKDOWN } from '../markdown/blocks.ts'
import type { Targets } from '../markdown/leaves.ts'
import { Container } from '../markdown/reader.ts'
import { convertToOrg } from './convert.ts'
import { Settled, Tail } from './outputs.ts'
import { OrgWriter } from './writer.ts'

/**
 * How the Org of a growing text changes: `org` is appended to it, or with `org_from` replaces it from that character on.
 * Characters are counted as Emacs counts them: one for each code point.
 */
export type Patch = { org: string; org_from?: number }

/** An open block of more UTF-16 units is written again only when it has grown by `GROWTH`: so a token costs no more. */
const LARGE = 2_000
const GROWTH = 1 / 32

/**
 * The Org of Markdown that comes in pieces, cut anywhere. What no line can change any more is settled: blocks, also in lists
 * and quotes, and code line by line; the block that is still open is written for the time being, and again with each piece.
 * So a piece costs what its block does, not what the message does. After each piece the Org is that of the text so far, as
 * `convertToOrg` has it, but for labels whose target comes after them, and for a large last block: `finish` brings those.
 */
export class OrgFlow {
  private readonly base: string | undefined
  private source: string[] = []
  private sourceLength = 0
  private links: Targets = new Map<string, string>()
  private settled = new Settled()
  private document = new Container()
  private writer: OrgWriter
  private readonly cells = new Map<string, string>()
  /** The line that is not whole yet. */
  private line = ''
  /** The last piece ended in `\r`, of which the `\n` may come. */
  private hasReturn = false
  /** The text is too long to be read as Markdown, and shown as it is. */
  private isLiteral = false
  /** What is shown after `shownAt` units of the settled Org, and of how many units that are not settled. */
  private shown = ''
  private shownAt = 0
  private shownOf = 0
  /** The text has targets of labels, which may stand before them. */
  private hasTargets = false
  /** How often what had been stable changed. */
  epoch = 0

  /** `base` is where relative paths in links start from; without it they stay relative. */
  constructor(base?: string) {
    this.base = base
    this.writer = new OrgWriter(this.settled, this.place)
  }

  /** For text that is shown as it is, in an example block. */
  static example(): OrgFlow {
    const flow = new OrgFlow()
    flow.takeLiteral('')
    return flow
  }

  /** All of the Org. */
  get org(): string {
    return this.settled.slice(0, this.shownAt) + this.shown
  }

  /** So much of `org` no piece changes in this epoch: in UTF-16 units, and in characters. */
  get stable(): { units: number; characters: number } {
    const { length, characters } = this.settled
    if (this.shownAt === length) return { units: length, characters }
    return { units: this.shownAt, characters: this.settled.charactersTo(this.shownAt) }
  }

  /** Takes the next piece in. */
  push(piece: string): Patch {
    const wasLong = this.sourceLength > MAX_MARKDOWN
    this.source.push(piece)
    this.sourceLength += piece.length
    if (!wasLong && this.sourceLength > MAX_MARKDOWN) return this.restart(text => this.takeLiteral(text))
    const { settled, shown, shownAt } = this
    settled.begin()
    this.take(piece)
    const { lengthBefore, charactersBefore } = settled
    const from = Math.min(shownAt, this.shownAt, settled.changedFrom)
    if (from < lengthBefore) this.epoch++
    const before = settled.sliceBefore(from).slice(0, shownAt - from) + shown
    const after = settled.slice(from, this.shownAt) + this.shown
    return patchOf(before, after, from === lengthBefore ? charactersBefore : settled.charactersTo(from))
  }

  /** Starts again with `text`. */
  reset(text: string): Patch {
    this.source = []
    this.sourceLength = 0
    return this.restart(() => void this.push(text))
  }

  /** Ends with `text`, which is what came, or what it turned out to be. The Org is that of `convertToOrg` then. */
  finish(text: string): Patch {
    const isWhole = !this.hasTargets && this.shownOf === this.pending && text === this.source.join('')
    if (isWhole) return { org: '' }
    return this.restart(() => {
      this.settled.append(convertToOrg(text, this.base))
      this.shownAt = this.settled.length
    })
  }

  /** What is shown becomes what `work` makes of all that came. */
  private restart(work: (text: string) => void): Patch {
    const before = this.org
    this.epoch++
    this.links = new Map<string, string>()
    this.settled = new Settled()
    this.document = new Container()
    this.writer = new OrgWriter(this.settled, this.place)
    this.line = ''
    this.hasReturn = false
    this.isLiteral = false
    this.shown = ''
    this.shownAt = 0
    this.shownOf = 0
    work(this.source.join(''))
    return patchOf(before, this.org, 0)
  }

  private takeLiteral(text: string): void {
    this.isLiteral = true
    this.document.openEndlessCode('', { sink: this.writer, links: this.links })
    this.take(text)
  }

  private take(piece: string): void {
    let text = this.hasReturn ? `\r${piece}` : piece
    this.hasReturn = text.endsWith('\r')
    if (this.hasReturn) text = text.slice(0, -1)
    const lines = text.replace(/\r\n?/g, '\n').split('\n')
    lines[0] = this.line + lines[0]
    this.line = lines.pop()!
    const { length } = this.settled
    for (const line of lines) this.document.feed(line, { sink: this.writer, links: this.links })
    const isNew = this.settled.length !== length
    if (isNew || this.pending <= LARGE || this.pending > this.shownOf * (1 + GROWTH)) this.show()
  }

  /** UTF-16 units that have to be read again to show what is not settled. */
  private get pending(): number {
    return this.document.pending + this.line.length
  }

  /** Shows what the text would be if it ended here. */
  private show(): void {
    const tail = new Tail(this.settled)
    const links = over(this.links)
    const sink = this.writer.copy(tail, { ...this.place, links })
    const document = this.document.copy()
    if (this.line !== '' || this.hasReturn || this.isLiteral) document.feed(this.line, { sink, links })
    if (this.hasReturn && this.isLiteral) document.feed('', { sink, links })
    document.end({ sink, links })
    this.shown = tail.shown
    this.shownAt = tail.shownAt
    this.shownOf = this.pending
    this.hasTargets = links.size > 0
  }

  private get place() {
    return { links: this.links, cells: this.cells, ...(this.base !== undefined && { base: this.base }) }
  }
}

/** Targets of which those that are added leave `known` as it is. */
function over(known: Targets): Targets {
  const own = new Map<string, string>()
  return {
    get size() {
      return known.size + own.size
    },
    get: label => known.get(label) ?? own.get(label),
    has: label => known.has(label) || own.has(label),
    set: (label, target) => own.set(label, target),
  }
}

/** What makes `after` of `before`, texts that begin at the character `start`. */
function patchOf(before: string, after: string, start: number): Patch {
  const same = commonStart(before, after)
  const org = after.slice(same)
  return same === before.length ? { org } : { org, org_from: start + countCharacters(before.slice(0, same)) }
}

/** How many UTF-16 units two texts begin alike, not counting a character that one of them parts. */
function commonStart(one: string, other: string): number {
  if (other.startsWith(one)) return one.length
  const most = Math.min(one.length, other.length)
  let same = 0
  while (same < most && one.charCodeAt(same) === other.charCodeAt(same)) same++
  return same > 0 && (one.charCodeAt(same - 1) & 0xfc00) === 0xd800 ? same - 1 : same
}
