import { AppError } from '../../base/errors.ts'
import { hashOf } from '../../base/files.ts'
import type { FormatConfig } from '../../config/config.ts'
import { relative } from '../paths.ts'
import { compileGlob } from '../search/glob.ts'
import { programFor } from '../shell/executable.ts'
import { exitCodeOf, run } from '../shell/process.ts'
import { BOM, decodeExactly, type Encoding, encode, encodingOf, isBinary, sameBytes } from '../text.ts'
import type { ToolContext } from '../tool.ts'
import { bytesAt } from './change.ts'
import { unifiedDiff } from './diff.ts'

export type Formatting = {
  formatters: readonly FormatConfig[]
  /** Programs that the project brings may be run. */
  trusted: boolean
  /** Results of calls that have not run yet: the effect is computed again after the approval, and must be what was shown. */
  done: Map<string, Promise<Formatted>>
}

/** What a formatter did to a text. */
export type Formatted = {
  command: string
  /** The text as it was given. */
  given: Uint8Array
  after: Uint8Array
  changed: boolean
  /** The file was another one once the formatter had run. */
  wrote?: boolean
  /** Why it was left as it was given. */
  problem?: string
}

const TIMEOUT_MS = 5000
/** Longer output is no formatted text: the length of the text times this, and that many bytes. */
const MOST_TIMES = 8
const MOST_MORE = 1024 * 1024
/** Results kept for calls that wait for a decision; those of older calls are made again after it. */
const MOST_KEPT = 32
/** A longer diff of what was reformatted is left out: the model reads the file instead. */
const LONGEST_DIFF = 1500

/** What the first formatter whose pattern fits makes of a text; undefined where none does. Rejects on abort alone. */
export async function formatted(path: string, given: Uint8Array, context: ToolContext): Promise<Formatted | undefined> {
  const { formatting, roots, tool_call_id } = context
  const formatter = formatting?.formatters.find(({ pattern }) => fits(pattern, relative(path, roots)))
  if (!formatting || !formatter || given.length === 0 || isBinary(given)) return undefined
  const key = JSON.stringify([tool_call_id, path, hashOf(given)])
  const known = formatting.done.get(key)
  if (known) return known
  const work = format(formatter, path, given, context)
  formatting.done.set(key, work)
  work.catch(() => formatting.done.delete(key))
  const [oldest] = formatting.done.keys()
  if (formatting.done.size > MOST_KEPT && oldest !== undefined) formatting.done.delete(oldest)
  return work
}

/** Of a call that has run. */
export function forgetFormatted({ formatting, tool_call_id }: ToolContext): void {
  for (const key of formatting?.done.keys() ?? []) if (JSON.parse(key)[0] === tool_call_id) formatting?.done.delete(key)
}

/** Of the text that is written where the formatter changed the file itself. */
export const ofOwnWriter = ({ command }: Formatted, after: Uint8Array): Formatted => ({
  command,
  given: after,
  after,
  changed: false,
  problem: 'it wrote to the file itself; a formatter has to read stdin and print to stdout',
})

/** For the model; undefined for a text that a person has changed since, or that was formatted already. */
export async function noteOn(
  written: Uint8Array,
  done: Formatted | undefined,
): Promise<
  { text: string; metadata: { formatted: { command: string; changed: boolean; problem?: string } } } | undefined
> {
  if (!done || !sameBytes(written, done.after)) return undefined
  const { command, changed, problem } = done
  const metadata = { formatted: { command, changed, ...(problem !== undefined && { problem }) } }
  if (problem !== undefined)
    return { text: `Not formatted, the text is as it was given. ${command}: ${problem}.`, metadata }
  if (!changed) return undefined
  const [from, to] = [done.given, done.after].map(bytes => decode(bytes)?.text ?? '') as [string, string]
  const diff = (await unifiedDiff('text', from, to)).split('\n').slice(2).join('\n').trimEnd()
  const how = diff.length <= LONGEST_DIFF ? `What it changed:\n${diff}` : 'Read it before you edit it again.'
  return { text: `Reformatted by ${command}: the file is not quite the text of this call. ${how}`, metadata }
}

function fits(pattern: string, path: string): boolean {
  try {
    return compileGlob(pattern)(path)
  } catch {
    return false // larger than any pattern of files
  }
}

async function format(
  { command: [name, ...args] }: FormatConfig,
  path: string,
  given: Uint8Array,
  context: ToolContext,
): Promise<Formatted> {
  const command = name!.split(/[/\\]/).at(-1)!
  const unchanged = (problem: string): Formatted => ({ command, given, after: given, changed: false, problem })
  const input = decode(given)
  if (!input) return unchanged('the file is not UTF-8')
  const { env, roots, formatting } = context
  const program = await programFor(name!, env, roots.project, formatting?.trusted === true)
  if (program === null) return unchanged('there is no such program, or it is one of a project that is not trusted')

  const before = await bytesAt(path)
  const printed = await ran([program, ...argumentsFor(path, name!, args)], path, input.text, context)
  if (!sameBytes(await bytesAt(path), before)) return { ...unchanged(''), wrote: true }
  if (typeof printed === 'string') return unchanged(printed)
  const output = decode(printed)
  if (output?.encoding !== 'utf-8' || isBinary(printed)) return unchanged('it printed no UTF-8 text')
  if (output.text.trim() === '' && input.text.trim() !== '') return unchanged('it printed nothing')
  const after = encode(input.bom + output.text, input.encoding)
  return { command, given, after, changed: !sameBytes(after, given) }
}

const SHELLS = /^(ba|da|z|k|fi|a)?sh$/

/** A shell gets the path by its environment: within a shell line, parts of the path could run as commands. */
function argumentsFor(path: string, name: string, args: string[]): string[] {
  const isShell = [name, ...args].some(word => SHELLS.test(word.split('/').at(-1)!))
  return args.map(arg => (isShell && arg !== '$FILE' ? arg : arg.replaceAll('$FILE', () => path)))
}

/** What it printed, or what went wrong. Throws INTERRUPTED. */
async function ran(argv: string[], path: string, stdin: string, context: ToolContext): Promise<Uint8Array | string> {
  const most = stdin.length * MOST_TIMES + MOST_MORE
  const chunks: Uint8Array[] = []
  let size = 0
  const enough = new AbortController()
  try {
    const result = await run(argv, {
      children: context.children,
      cwd: context.roots.project,
      env: { ...context.env, FILE: path },
      signal: AbortSignal.any([context.signal, enough.signal]),
      timeout_ms: TIMEOUT_MS,
      stdin,
      max_output_bytes: 8 * 1024,
      keep: 'start',
      onOutput(chunk, stream) {
        if (stream === 'stderr') return
        size += chunk.length
        if (size > most) enough.abort()
        else chunks.push(chunk.slice())
      },
    })
    if (result.timed_out) return `it took more than ${TIMEOUT_MS / 1000} s and was ended`
    const status = exitCodeOf(result)
    const said = context.redactor?.value(result.stderr) ?? result.stderr
    if (status !== 0) return `exit status ${status}${firstLines(said)}`
    return Buffer.concat(chunks)
  } catch (error) {
    context.signal.throwIfAborted()
    if (enough.signal.aborted) return `it printed more than ${most.toLocaleString('en')} bytes and was ended`
    if (!(error instanceof AppError)) throw error
    return error.message.replace(/\.$/, '')
  }
}

const firstLines = (text: string): string => {
  const lines = text.trim().split('\n').slice(0, 3).join('; ').slice(0, 300)
  return lines && `: ${lines}`
}

/** Null for what is no text. `text` is without a byte order mark. */
function decode(bytes: Uint8Array): { text: string; bom: string; encoding: Encoding } | null {
  const raw = decodeExactly(bytes)
  if (raw === null) return null
  const bom = raw.startsWith(BOM) ? BOM : ''
  return { text: raw.slice(bom.length), bom, encoding: encodingOf(bytes) }
}
