import { newId } from '../../base/ids.ts'
import type { ToolCall } from '../../event.ts'
import type { ModelEvent } from '../provider.ts'
import { PLACEHOLDER, parseArguments } from './arguments.ts'

/** A piece of a call as it comes. Servers leave out, delay, repeat and empty every one of these. */
export type Piece = { index?: number; id?: string; name?: string; args?: string }

type CallDraft = {
  tool_call_id: string
  id: string
  name: string
  args: string
  /** Where in `args` a later piece began with `{`: perhaps the arguments once more. */
  starts: number[]
  index?: number
  told: number
  path?: string
}
type Draft = Extract<ModelEvent, { type: 'draft' }>

/** A draft is reported again when its arguments have grown by this much. */
const STEP = 512
/** How far into the arguments their path is looked for. */
const HEAD = 4096

/** The tool calls of one answer, put together from their pieces. Whether a call can run is decided at the end only. */
export class Calls {
  #calls: CallDraft[] = []

  get size(): number {
    return this.#calls.length
  }

  add(piece: Piece): Draft[] {
    const call = this.#find(piece) ?? this.#open(piece)
    call.id ||= piece.id ?? ''
    call.name = nameWith(call, piece.name ?? '')
    const args = piece.args ?? ''
    if (call.args && args.trimStart().startsWith('{')) call.starts.push(call.args.length)
    call.args += args
    return this.#tell(call)
  }

  /** Replaces what was put together so far by what the provider says the arguments are. */
  settle(index: number, piece: Piece): Draft[] {
    const call = this.#calls.findLast(each => each.index === index) ?? this.#open({ ...piece, index, args: '' })
    call.id ||= piece.id ?? ''
    call.name ||= piece.name ?? ''
    if (piece.args) {
      call.args = piece.args
      call.starts = []
    }
    return this.#tell(call)
  }

  /** Our id of the call that the provider has at this index. */
  idAt(index: number): string | undefined {
    return this.#calls.findLast(call => call.index === index)?.tool_call_id
  }

  get lastId(): string | undefined {
    return this.#calls.at(-1)?.tool_call_id
  }

  /** Every call has a name and arguments that are a whole JSON object, or none at all. */
  get whole(): boolean {
    return this.#calls.length > 0 && this.#calls.every(call => call.name && parseArguments(call.args, call.starts))
  }

  /** Something was called, but not by name: nothing could answer it. */
  get nameless(): boolean {
    return this.#calls.some(call => !call.name)
  }

  finish(): { tool_calls: ToolCall[]; ids: Record<string, string>; raw_arguments: Record<string, string> } {
    const ids: Record<string, string> = {}
    const raw_arguments: Record<string, string> = {}
    const tool_calls: ToolCall[] = []
    const made = new Set<string>()
    const used = new Set<string>()
    for (const { tool_call_id, id, name, args, starts } of this.#calls) {
      const params = parseArguments(args, starts)
      // The same call once more, and no id that makes it another: running it twice would be our doing, not the model's.
      const same = `${name}\n${params ? JSON.stringify(params) : args}`
      if ((!id || used.has(id)) && made.has(same)) continue
      made.add(same)
      if (!params) raw_arguments[tool_call_id] = args
      if (id && !used.has(id)) ids[tool_call_id] = id
      used.add(id)
      tool_calls.push({ tool_call_id, tool: name, params: params ?? {} })
    }
    return { tool_calls, ids, raw_arguments }
  }

  #find(piece: Piece): CallDraft | undefined {
    const call = this.#pointedAt(piece)
    return call && begins(call, piece) ? undefined : call
  }

  #pointedAt({ index, id, name }: Piece): CallDraft | undefined {
    const last = this.#calls.at(-1)
    const known =
      index !== undefined
        ? this.#calls.findLast(call => call.index === index)
        : id
          ? this.#calls.findLast(call => call.id === id)
          : undefined
    if (known) return known
    if (index === undefined && !id) return name && last?.name !== name ? undefined : last
    // A piece without a name begins no call: its index or id came late.
    return !name && last && (index === undefined ? last.id === '' : last.index === undefined) ? last : undefined
  }

  #open({ index }: Piece): CallDraft {
    const call: CallDraft = { tool_call_id: newId('tc'), id: '', name: '', args: '', starts: [], told: -1 }
    if (index !== undefined) call.index = index
    this.#calls.push(call)
    return call
  }

  #tell(call: CallDraft): Draft[] {
    if (!call.name) return []
    const path = call.path ?? (call.args.length < 2 * HEAD ? pathIn(call.args) : undefined)
    const news = call.told < 0 || call.args.length - call.told >= STEP || path !== call.path
    if (!news) return []
    call.told = call.args.length
    if (path !== undefined) call.path = path
    const { tool_call_id, name: tool, args } = call
    return [{ type: 'draft', tool_call_id, tool, chars: args.length, ...(path !== undefined && { path }) }]
  }
}

/**
 * Whether a named piece that points at `call` begins another one all the same: Gemini and older Ollama number every call 0,
 * others send no ids. Arguments that are whole cannot go on, so a further `{` is the next call's; an id of its own under the
 * index of another ends it, too, unless it comes in the middle of that one's arguments.
 */
function begins(call: CallDraft, piece: Piece): boolean {
  if (!piece.name || !call.name) return false
  const args = piece.args?.trimStart() ?? ''
  const another = Boolean(piece.id && call.id && piece.id !== call.id)
  if (another) return call.args === '' || args === '' || args.startsWith('{')
  // A server that gives ids gives one to every call: this is what the empty arguments stood for.
  if (!piece.id && call.id && PLACEHOLDER.test(call.args.trim())) return false
  return args.startsWith('{') && isWhole(call.args) && !(piece.id && piece.id === call.id)
}

/** The name, which may come in pieces, ever longer, or whole with every piece; it is over when the arguments begin. */
function nameWith({ name, args }: CallDraft, piece: string): string {
  if (!name || !piece || args) return name || piece
  return piece.startsWith(name) ? piece : name + piece
}

const isWhole = (args: string): boolean => args.trimEnd().endsWith('}') && parseArguments(args) !== undefined

/** The file that a call is about, as soon as its arguments say so. */
function pathIn(args: string): string | undefined {
  const found = args.slice(0, HEAD).match(/"(?:path|file_path)"\s*:\s*("(?:[^"\\]|\\.)*")/)
  if (!found) return undefined
  try {
    return JSON.parse(found[1]!)
  } catch {
    return undefined // a control character inside: the draft goes without a path
  }
}
