import type { Params, ToolCall } from '../../event.ts'
import { newId } from '../../ids.ts'
import { parseArguments } from './arguments.ts'

type Block = { kind: 'tag' | 'fence'; opener: string; name?: string; closer: string; from: number }
/** What is at some place of the text: nothing special, perhaps the beginning of something, or the beginning of a block. */
type Sight = 'nothing' | 'maybe' | 'result' | Block

const TAG = '<tool_call'
const RESULT = '<tool_result'
const LANGUAGES = new Set(['', 'json', 'tool_call', 'tool_calls', 'tool'])

/**
 * Finds tool calls in text that comes in pieces of any size: `<tool_call>{…}</tool_call>`, or the same JSON in a fence. Text is
 * passed on as soon as it cannot be part of a call, and unchanged when it turns out not to be one.
 */
export class CallScanner {
  readonly tool_calls: ToolCall[] = []
  readonly raw_arguments: Record<string, string> = {}
  readonly #tools: ReadonlySet<string>
  #held = ''
  #block: Block | undefined
  #lineStart = true
  #muted = false
  #afterCall = false

  constructor(tools: ReadonlySet<string>) {
    this.#tools = tools
  }

  /** The text that can be shown now. */
  feed(text: string): string {
    if (this.#muted) return ''
    this.#held += text
    let shown = ''
    for (;;) {
      const { length } = this.#held
      const block = this.#block
      shown += block ? this.#inside(block) : this.#outside()
      if (this.#held === '' || (this.#held.length === length && this.#block === block)) return shown
    }
  }

  /** Nothing more comes: an unclosed call counts if it is whole, anything else is text after all. */
  end(): string {
    const held = this.#held
    const block = this.#block
    this.#held = ''
    this.#block = undefined
    if (!block) return this.#show(held)
    const body = held.replace(/<\/?[a-z_]*$|\n`{1,2}$/, '')
    return this.#take(block, body) ? '' : this.#show(block.opener) + this.feed(held) + this.end()
  }

  #outside(): string {
    const text = this.#held
    for (let at = 0; at < text.length; at++) {
      const sight = this.#look(text, at)
      if (sight === 'nothing') continue
      const shown = this.#show(text.slice(0, at))
      this.#held = text.slice(at)
      if (sight === 'maybe') return shown
      if (sight === 'result') {
        this.#muted = true // what the model makes up from here on is no answer
        this.#held = ''
        return shown
      }
      this.#held = text.slice(at + sight.opener.length)
      this.#block = sight
      return shown
    }
    this.#held = ''
    return this.#show(text)
  }

  #look(text: string, at: number): Sight {
    if (text[at] === '<') return this.#lookAtTag(text.slice(at, at + 200))
    const lineStart = at === 0 ? this.#lineStart : text[at - 1] === '\n'
    if (!lineStart || text[at] !== '`') return 'nothing'
    const line = text.slice(at, at + 40)
    const fence = line.match(/^(`{3,})([\w-]*)[ \t]*\r?\n/)
    if (fence)
      return LANGUAGES.has(fence[2]!)
        ? { kind: 'fence', opener: fence[0], closer: `\n${fence[1]}`, from: 0 }
        : 'nothing'
    return line.length < 40 && /^`{1,2}$|^`{3,}[\w-]*[ \t]*\r?$/.test(line) ? 'maybe' : 'nothing'
  }

  #lookAtTag(text: string): Sight {
    if (TAG.startsWith(text) || RESULT.startsWith(text)) return 'maybe'
    if (text.startsWith(RESULT)) return this.tool_calls.length > 0 ? 'result' : 'nothing'
    const tag = text.match(/^<tool_call(?:\s+name\s*=\s*"([\w./-]*)")?\s*>/)
    if (tag) return { kind: 'tag', opener: tag[0], closer: '</tool_call>', from: 0, ...(tag[1] && { name: tag[1] }) }
    return text.startsWith(TAG) && !text.includes('>') && text.length < 200 && /^<tool_call(\s|$)/.test(text)
      ? 'maybe'
      : 'nothing'
  }

  #inside(block: Block): string {
    const text = this.#held
    if (block.kind === 'fence' && !isPlausible(text)) return this.#giveUp(block)
    for (;;) {
      const at = text.indexOf(block.closer, block.from)
      if (at < 0) {
        block.from = Math.max(block.from, text.length - block.closer.length + 1)
        return ''
      }
      const body = text.slice(0, at)
      const after = at + block.closer.length
      if (parseCalls(body) === undefined && isInString(body)) {
        block.from = after // the closer is inside a JSON string: this block ends later
        continue
      }
      if (!this.#take(block, body)) return this.#giveUp(block)
      this.#held = text.slice(after)
      this.#block = undefined
      return ''
    }
  }

  /** Not a call: the opener is text, and what follows is looked at afresh. */
  #giveUp(block: Block): string {
    this.#block = undefined
    return this.#show(block.opener)
  }

  #show(text: string): string {
    const shown = this.#afterCall ? text.trimStart() : text
    if (text) this.#lineStart = text.endsWith('\n')
    if (shown) this.#afterCall = false
    return shown
  }

  #take(block: Block, body: string): boolean {
    const found = block.name === undefined ? parseCalls(body) : named(block.name, body)
    if (found?.every(({ name }) => block.kind === 'tag' || this.#tools.has(name))) {
      for (const { name, params } of found) this.#add(name, params)
      return true
    }
    // A tag says that a call was meant: the model is told that its arguments cannot be read.
    const name = block.name ?? body.match(/"(?:name|tool)"\s*:\s*"([\w./-]+)"/)?.[1]
    if (found || block.kind !== 'tag' || !name) return false
    this.raw_arguments[this.#add(name, {})] = body
    return true
  }

  #add(tool: string, params: Params): string {
    const tool_call_id = newId('tc')
    this.tool_calls.push({ tool_call_id, tool, params })
    this.#afterCall = true
    this.#lineStart = true
    return tool_call_id
  }
}

const NAMES = ['name', 'tool', 'tool_name', 'function'] as const
const ARGUMENTS = ['arguments', 'parameters', 'args', 'params', 'input'] as const

type Found = { name: string; params: Params }

const named = (name: string, body: string): Found[] | undefined => {
  const params = parseArguments(body)
  return params && [{ name, params: argumentsOf(params) ?? params }]
}

/** One call or a list of them, in the spellings that models use. Undefined for anything else. */
function parseCalls(body: string): Found[] | undefined {
  try {
    const data: unknown = JSON.parse(body)
    const list = Array.isArray(data) ? data : [data]
    const found = list.flatMap(each => toCall(each) ?? [])
    return found.length === list.length && found.length > 0 ? found : undefined
  } catch {
    return undefined // not JSON, or not yet
  }
}

function toCall(data: unknown): Found | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const fields = data as Params
  const inner = fields['function']
  if (typeof inner === 'object' && inner !== null) return toCall(inner)
  const key = NAMES.find(name => typeof fields[name] === 'string')
  const name = key && fields[key]
  if (typeof name !== 'string' || !name) return undefined
  const { [key!]: _, type: __, id: ___, ...rest } = fields
  return { name, params: argumentsOf(fields) ?? rest }
}

function argumentsOf(fields: Params): Params | undefined {
  const key = ARGUMENTS.find(name => name in fields)
  const value = key && fields[key]
  if (typeof value === 'string') return parseArguments(value)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Params) : undefined
}

/** Whether what a fence holds may still become a call: JSON whose first key is one of a call's. */
function isPlausible(body: string): boolean {
  const start = body.slice(0, 256).trimStart() // the beginning decides, however long it grows
  if (start === '') return true
  const [, key, closed] = start.match(/^\[?\s*\{\s*"(\w*)("?)/) ?? []
  if (key === undefined) return /^\[?\s*\{?\s*$/.test(start)
  const keys = [...NAMES, ...ARGUMENTS, 'type', 'id']
  return closed ? keys.includes(key as 'name') : keys.some(each => each.startsWith(key))
}

/** Whether a JSON text ends within a string. */
function isInString(json: string): boolean {
  let inside = false
  for (let at = 0; at < json.length; at++) {
    if (json[at] === '\\' && inside) at++
    else if (json[at] === '"') inside = !inside
  }
  return inside
}
