import { closesFence, openFence } from '../markdown/block-starts.ts'
import { MAX_MARKDOWN, readBlock, readBlocks } from '../markdown/blocks.ts'
import { dedent, indentOf, isBlank } from '../markdown/columns.ts'
import { codeOpening, convertToOrg, writeBlock, writeBlocks } from './blocks.ts'
import { endOf, orgBlockLines, seal } from './text.ts'

/**
 * How the Org of a growing text changes: `org` is appended to it, or with `org_from` replaces it from that character on.
 * Characters are counted as Emacs counts them: one for each code point.
 */
export type Patch = { org: string; org_from?: number }

/** A block of code that is still open: the lines come one by one. `mark` is empty if nothing closes it. */
type Code = { mark: string; indent: number; end: string; isEmpty: boolean }

/** A last block of more characters (UTF-16 units) is written again only when it has grown by a fifth. */
const LARGE = 8_000

/**
 * The Org of Markdown that comes in pieces, cut anywhere: blocks that nothing can change any more are settled, the last one
 * is written again with each piece, but for code, which settles line by line. So a piece costs what the last block does, not
 * what the message does. After each piece the Org is that of `orgOf` for the text so far, but for labels whose target comes
 * after them, and but for a large last block: `finish` brings those.
 */
export class OrgFlow {
  /** The base of relative paths in links; without it they stay relative. */
  private readonly base: string | undefined
  private links = new Map<string, string>()
  private source: string[] = []
  private sourceLength = 0
  private settledPieces: string[] = []
  private hasBlocks = false
  private code: Code | null = null
  /** Markdown that may still change its meaning, with `\n` at the ends of its lines, and the Org that it is shown as. */
  private rest = ''
  private shown = ''
  private shownOf = 0
  /** The last piece ended in `\r`, of which the `\n` may come. */
  private hasReturn = false
  /** In code points. */
  settledLength = 0

  constructor(base?: string) {
    this.base = base
  }

  /** All of the Org. */
  get org(): string {
    return this.settled + this.shown
  }

  /** The part of `org` that only a `reset`, or `finish`, can change. */
  get settled(): string {
    if (this.settledPieces.length > 1) this.settledPieces = [this.settledPieces.join('')]
    return this.settledPieces[0] ?? ''
  }

  get sourceText(): string {
    if (this.source.length > 1) this.source = [this.source.join('')]
    return this.source[0] ?? ''
  }

  /** Takes the next piece in. */
  push(piece: string): Patch {
    const wasLong = this.sourceLength > MAX_MARKDOWN
    this.source.push(piece)
    this.sourceLength += piece.length
    if (!wasLong && this.sourceLength > MAX_MARKDOWN) return this.showAsItIs()
    const { shown, settledLength, settledPieces } = this
    const before = settledPieces.length
    this.take(piece)
    return patchOf(shown, settledPieces.slice(before).join('') + this.shown, settledLength)
  }

  /** Starts again with `text`. */
  reset(text: string): Patch {
    const before = this.org
    this.clear()
    this.push(text)
    return patchOf(before, this.org, 0)
  }

  /** Ends with `text`, which is what came, or what the model's answer turned out to be. The Org is `orgOf(text)` then. */
  finish(text: string): Patch {
    const isWhole = this.links.size === 0 && this.shownOf === this.rest.length && text === this.sourceText
    if (isWhole) return { org: '' }
    const before = this.org
    this.clear()
    this.settledPieces = [orgOf(text, this.base)]
    return patchOf(before, this.settled, 0)
  }

  private clear(): void {
    this.links = new Map()
    this.source = []
    this.sourceLength = 0
    this.settledPieces = []
    this.hasBlocks = false
    this.code = null
    this.rest = ''
    this.shown = ''
    this.shownOf = 0
    this.hasReturn = false
    this.settledLength = 0
  }

  /** A text that is longer than any message is a block of its own: the same as `convertToOrg` makes of it. */
  private showAsItIs(): Patch {
    const before = this.org
    const text = this.sourceText
    this.clear()
    this.source = [text]
    this.sourceLength = text.length
    this.openCode('EXAMPLE', { mark: '', indent: 0 })
    this.take(text)
    return patchOf(before, this.org, 0)
  }

  private take(piece: string): void {
    let text = this.hasReturn ? `\r${piece}` : piece
    this.hasReturn = text.endsWith('\r')
    if (this.hasReturn) text = text.slice(0, -1)
    text = text.replace(/\r\n?/g, '\n')
    this.rest += text
    if (text.includes('\n')) this.settle()
    this.show()
  }

  private settle(): void {
    const lines = this.rest.split('\n')
    const unfinished = lines.pop()!
    let at = 0
    while (at < lines.length) {
      const taken = this.code ? this.settleCode(lines, at) : this.settleBlock(lines, at)
      if (taken === 0) break
      at += taken
    }
    if (at === 0) return
    this.rest = [...lines.slice(at), unfinished].join('\n')
    this.shownOf = 0
  }

  /** How many of the lines from `at` on, all of which are complete, were settled. */
  private settleBlock(lines: string[], at: number): number {
    const line = lines[at]!
    if (isBlank(line)) return 1
    const fence = openFence(line)
    if (fence) {
      this.openCode(codeOpening(fence.lang), fence)
      return 1
    }
    const { block, next } = readBlock(lines, at, this.links)
    if (next >= lines.length) return 0
    if (block) this.put(writeBlock(block, this.place))
    return next - at
  }

  private settleCode(lines: string[], at: number): number {
    const code = this.code!
    const line = lines[at]!
    if (code.mark && closesFence(line, code.mark)) {
      this.add(endOfCode(code))
      this.code = null
      return 1
    }
    this.add(lineOfCode(code, line))
    code.isEmpty = false
    return 1
  }

  private openCode(opening: string, { mark, indent }: { mark: string; indent: number }): void {
    this.put(`#+BEGIN_${opening}`)
    this.code = { mark, indent, end: endOf(opening), isEmpty: true }
  }

  private show(): void {
    const { rest, code } = this
    if (rest.length > LARGE && rest.length < this.shownOf * 1.2) return
    this.shownOf = rest.length
    this.shown = code ? this.unfinishedCode(code) : this.unfinishedBlocks()
  }

  private unfinishedCode(code: Code): string {
    const { rest } = this
    if (code.mark && closesFence(rest, code.mark)) return endOfCode(code)
    const hasLine = rest !== '' || this.hasReturn || !code.mark
    const line = hasLine ? lineOfCode(code, rest) + (this.hasReturn && !code.mark ? '\n' : '') : ''
    return line + endOfCode(hasLine ? { ...code, isEmpty: false } : code)
  }

  private unfinishedBlocks(): string {
    const lines = (this.hasReturn ? `${this.rest}\n` : this.rest).replace(/\n$/, '').split('\n')
    const links = new Map(this.links)
    const text = seal(writeBlocks(readBlocks(lines, links), { ...this.place, links }))
    return text === '' ? '' : this.gap + text
  }

  private get place() {
    return { links: this.links, ...(this.base !== undefined && { base: this.base }) }
  }
  private get gap(): string {
    return this.hasBlocks ? '\n\n' : ''
  }

  /** Settles the Org of a block. */
  private put(text: string): void {
    if (text === '') return
    this.add(this.gap + seal(text))
    this.hasBlocks = true
  }

  private add(text: string): void {
    this.settledPieces.push(text)
    this.settledLength += countCharacters(text)
  }
}

/** The whole Org of a message, with nothing in it that Emacs takes for file-local variables. */
export const orgOf = (markdown: string, base?: string): string => seal(convertToOrg(markdown, base))

const lineOfCode = ({ indent }: Code, line: string): string =>
  `\n${seal(orgBlockLines(dedent(line, Math.min(indent, indentOf(line)))))}`
const endOfCode = ({ end, isEmpty }: Code): string => `${isEmpty ? '\n' : ''}\n${end}`

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

/** Code points: what Emacs counts as characters. */
export function countCharacters(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length; at++)
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00 && at > 0 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) count--
  return count
}
