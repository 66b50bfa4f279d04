import { newId } from '../../base/ids.ts'
import type { Params, ToolCall } from '../../event.ts'
import type { ToolDefinition } from '../provider.ts'
import { type Block, bareBlock, HEAD, isPlausible, isSpoken, isUnfinished } from './call-block.ts'
import { ARGUMENTS, callsIn, type Found, namedCall, OPENERS, type Schemas } from './call-syntax.ts'
import { offeredName } from './tool-name.ts'

/** What is at some place of the text: nothing special, perhaps the beginning of something, or the beginning of a block. */
type Sight = 'nothing' | 'maybe' | 'result' | Block

const RESULT = '<tool_result'
const LANGUAGES = new Set(['', 'json', 'tool_call', 'tool_calls', 'tool', 'tool_code'])
const TRIGGER = /[<[{`]|(?<!\S)(?:d(?:e|$)|f(?:u|$)|p(?:r|$))/g // the letters begin the callees of `pythonic.ts`
/** So many blocks that turn out to be none: the text is about calls, and looking on would cost more with each. */
const PATIENCE = 64

/**
 * Finds tool calls in text that comes in pieces of any size: in the syntaxes of `call-syntax.ts`, and as JSON that names a tool
 * which was offered, in a fence or on lines of its own. Text is passed on as soon as it cannot be part of a call, and
 * unchanged when it turns out not to be one. In code, and where text follows JSON, calls are only spoken of.
 */
export class CallScanner {
  readonly tool_calls: ToolCall[] = []
  readonly raw_arguments: Record<string, string> = {}
  readonly #schemas: Schemas
  readonly #asked: boolean
  #held = ''
  #block: Block | undefined
  /** Of the line so far: nothing but blanks is in it, and it has an odd number of backticks. */
  #blank = true
  #odd = false
  #fence = ''
  #muted = false
  #afterCall = false
  #patience = PATIENCE

  /** `asked`: the model was told to write its calls as text, so that a fence in the middle of it is one as well. */
  constructor(tools: readonly Pick<ToolDefinition, 'name' | 'parameters'>[], asked = false) {
    this.#schemas = new Map(tools.map(({ name, parameters }) => [name, parameters]))
    this.#asked = asked
  }

  /** The text that can be shown now. */
  feed(text: string): string {
    if (this.#muted || text === '') return ''
    if (this.#patience <= 0) return this.#show(text)
    this.#held += text
    let shown = ''
    for (;;) {
      const held = this.#held
      const block = this.#block
      shown += block ? this.#inside(block) : this.#outside()
      if (this.#held === '' || (this.#held === held && this.#block === block)) return shown
    }
  }

  /** Nothing more comes: an unclosed call counts if it is whole, anything else is text after all. */
  end(): string {
    let shown = ''
    for (;;) {
      const block = this.#block
      if (!block) {
        const held = this.#held
        this.#held = ''
        return shown + this.#show(held)
      }
      const cut = block.body.replace(/<[^<>\s]*$|\n`{1,2}$/, '')
      if (this.#take(block, block.body) || (cut !== block.body && this.#take(block, cut)) || this.#salvage(block, cut))
        this.#block = undefined
      else {
        const opener = this.#giveUp(block)
        const rest = this.#held
        this.#held = ''
        shown += opener + this.feed(rest)
      }
    }
  }

  #outside(): string {
    const text = this.#held
    TRIGGER.lastIndex = 0
    let from = 0
    let shown = ''
    for (let found = TRIGGER.exec(text); found; found = TRIGGER.exec(text)) {
      const at = found.index
      shown += this.#show(text.slice(from, at))
      from = at
      const sight = this.#look(text, at)
      if (sight === 'nothing') continue
      this.#held = sight === 'maybe' ? text.slice(at) : ''
      if (sight === 'maybe') return shown
      if (sight === 'result') {
        this.#muted = true // what the model makes up from here on is no answer
        return shown
      }
      this.#held = text.slice(at + sight.opener.length)
      this.#block = sight
      return shown
    }
    this.#held = ''
    return shown + this.#show(text.slice(from))
  }

  #look(text: string, at: number): Sight {
    const sign = text[at]
    if (sign === '`') return this.#blank ? this.#lookAtFence(text.slice(at, at + 40)) : 'nothing'
    if (this.#fence || this.#odd) return 'nothing'
    if (sign === '<' || sign === '[') {
      const sight = this.#lookAtTag(text.slice(at, at + 200))
      if (sight !== 'nothing' || sign === '<') return sight
    }
    return this.#blank ? bareBlock(text.slice(at, at + 40)) : 'nothing'
  }

  #lookAtFence(line: string): Sight {
    const fence = line.match(/^(`{3,})([\w-]*)[ \t]*\r?\n/)
    if (this.#fence) {
      if (fence && !fence[2] && fence[1]!.length >= this.#fence.length) this.#fence = ''
      return !fence && line.length < 40 && /^`+[ \t]*\r?$/.test(line) ? 'maybe' : 'nothing'
    }
    if (fence && LANGUAGES.has(fence[2]!))
      return {
        ...{ kind: 'fence', opener: fence[0], closer: `\n${fence[1]}`, body: '', head: '', tail: '' },
        ...(fence[2] === 'tool_code' && { python: true }),
      }
    if (/^`{3,}[^`\n]*\n/.test(line)) {
      this.#fence = line.match(/^`+/)![0]
      return 'nothing'
    }
    return line.length < 40 && /^(`{1,2}|`{3,}[^`\n]*)$/.test(line) ? 'maybe' : 'nothing'
  }

  #lookAtTag(text: string): Sight {
    if (RESULT.startsWith(text) || OPENERS.some(({ opener }) => opener.startsWith(text) && opener !== text))
      return 'maybe'
    if (text.startsWith(RESULT)) return this.tool_calls.length > 0 ? 'result' : 'nothing'
    const known = OPENERS.find(({ opener }) => text.startsWith(opener))
    if (known) return { ...known, kind: 'tag', body: '', head: '', tail: '' }
    const tag = text.match(/^<tool_call\s+name\s*=\s*"([\w./-]*)"\s*>/)
    if (tag) return { kind: 'tag', opener: tag[0], closer: '</tool_call>', name: tag[1]!, body: '', head: '', tail: '' }
    return /^<tool_call\s[^>]*$/.test(text) && text.length < 200 ? 'maybe' : 'nothing'
  }

  #inside(block: Block): string {
    const piece = this.#held
    this.#held = ''
    block.body += piece
    if (block.head.length < HEAD) {
      block.head = (block.head + piece).slice(0, HEAD)
      if (!isPlausible(block, this.#offers)) return this.#giveUp(block)
    }
    const { closer } = block
    if (closer === undefined) return block.kind === 'fence' && isSpoken(block, piece) ? this.#giveUp(block) : ''
    const text = block.tail + piece
    const before = block.body.length - text.length
    for (let at = text.indexOf(closer); at >= 0; at = text.indexOf(closer, at + 1)) {
      const body = block.body.slice(0, before + at + (block.kept ? closer.length : 0))
      const rest = text.slice(at + closer.length)
      if (block.kind === 'fence' && !this.#asked) {
        if (isUnfinished(body) && --this.#patience > 0) continue
        if (!this.#calls(block, body)) return this.#giveUp(block)
        // A call if nothing but calls comes behind it: for the end to say.
        const { closer: _, ...open } = block
        this.#block = open
        return isSpoken(open, rest) ? this.#giveUp(open) : ''
      }
      if (this.#take(block, body)) {
        this.#block = undefined
        this.#held = rest
        return ''
      }
      if (isUnfinished(body)) {
        if (--this.#patience > 0) continue // the closer is in a string or in a value: this block ends later
      } else if (this.#salvage(block, body)) {
        this.#block = undefined
        this.#held = rest
        return ''
      }
      return this.#giveUp(block)
    }
    block.tail = text.slice(1 - closer.length)
    return ''
  }

  /** Not a call: the opener is text, and what follows is looked at afresh. */
  #giveUp(block: Block): string {
    this.#patience--
    this.#block = undefined
    this.#held = block.body
    if (block.kind === 'fence') this.#fence = block.opener.match(/^`+/)![0]
    if (block.kind !== 'bare') return this.#show(block.opener)
    // The bracket itself, or it would be looked at again.
    this.#held = block.body.slice(1)
    const shown = this.#show(block.body.slice(0, 1))
    if (this.#patience > 0) return shown
    const rest = this.#held
    this.#held = ''
    return shown + this.#show(rest)
  }

  #show(text: string): string {
    if (text === '') return ''
    const line = text.slice(text.lastIndexOf('\n') + 1)
    const fresh = line.length < text.length
    this.#blank = (fresh || this.#blank) && line.trim() === ''
    if (fresh) this.#odd = false
    for (let at = line.indexOf('`'); at >= 0; at = line.indexOf('`', at + 1)) this.#odd = !this.#odd
    const shown = this.#afterCall ? text.trimStart() : text
    if (shown) this.#afterCall = false
    return shown
  }

  /** The calls of a block; JSON that merely stands there must name tools that were offered, and their arguments. */
  #calls(block: Block, body: string): Found[] | undefined {
    const found = block.name
      ? namedCall(block.name, body)
      : callsIn((block.kept ? block.opener : '') + body, this.#schemas)
    const calls = found?.map(({ name, params }) => ({ name: offeredName(name, this.#schemas.keys()), params }))
    if (block.kind === 'tag' && !block.common) return calls
    if (block.kind === 'tag') return calls?.every(({ name }) => this.#schemas.has(name)) ? calls : undefined
    if (block.kind === 'bare' && /^`{3}/m.test(body)) return undefined // the end of a fence that began within a line
    const python = /^\s*\[?\s*[A-Za-z_]/.test(body)
    if (python ? !block.python : !this.#asked && !ARGUMENTS.some(key => body.includes(`"${key}"`))) return undefined
    return calls?.every(({ name }) => this.#schemas.has(name)) ? calls : undefined
  }

  readonly #offers = (name: string): boolean => this.#schemas.has(offeredName(name, this.#schemas.keys()))

  #take(block: Block, body: string): boolean {
    const calls = this.#calls(block, body)
    for (const { name, params } of calls ?? []) this.#add(name, params)
    return calls !== undefined
  }

  /** A tag says that a call was meant: the model gets an error result about its arguments. */
  #salvage(block: Block, body: string): boolean {
    const name = block.name || body.match(/"(?:name|tool)"\s*:\s*"([\w./-]+)"/)?.[1]
    if (block.kind !== 'tag' || block.common || !name) return false
    this.raw_arguments[this.#add(offeredName(name, this.#schemas.keys()), {})] = body
    return true
  }

  #add(tool: string, params: Params): string {
    const tool_call_id = newId('tc')
    this.tool_calls.push({ tool_call_id, tool, params })
    this.#afterCall = true
    this.#blank = true
    this.#odd = false
    return tool_call_id
  }
}
