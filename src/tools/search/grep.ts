import { join } from 'node:path'
import { isShown, shownPaths, shownText } from '../files/proposed.ts'
import { hostOf, isThere } from '../host/local.ts'
import { isInside, relative } from '../paths.ts'
import { decodeText, isBinary } from '../text.ts'
import type { ToolContext } from '../tool.ts'
import { type Automaton, compile, matchingLines } from './automaton.ts'
import { showLines } from './lines.ts'
import type { Node } from './regex.ts'
import { createPrefilter } from './ripgrep.ts'
import { isHidden, walk } from './walk.ts'
import type { Wanted } from './wanted.ts'

const TIME_BUDGET_MS = 30_000
const MAX_BATCH = 2_000
/** The arguments of a program: Windows takes 32,767 characters in all, Linux some 2 MB. */
const MAX_BATCH_CHARS = process.platform === 'win32' ? 24_000 : 200_000

/** One file: how many of its lines match, and these lines as text. */
type Hits = { path: string; count: number; first: number; lines: string }
export type Found = {
  hits: Hits[]
  /** The limit was reached, or the time was up: there may be more. */
  stopped: 'limit' | 'time' | null
  hidden: number
  too_large: number
}

/** Real path, or directory to walk; matching lines in a fixed order, at most `limit` of them. */
export type Query = {
  start: string
  directory: boolean
  pattern: Node
  glob: Wanted | null
  limit: number
  context: number
}

/** Throws INVALID_PARAMS or TIMEOUT for a pattern that is too large or too slow. */
export async function findLines(query: Query, context: ToolContext): Promise<Found> {
  const automaton = compile(query.pattern)
  const prefilter = createPrefilter(query.pattern, context)
  const deadline = performance.now() + TIME_BUDGET_MS
  const found: Found = { hits: [], stopped: null, hidden: 0, too_large: 0 }
  let left = query.limit
  for await (const batch of batches(query, context, found)) {
    const matching = await prefilter(batch)
    // Of a name that is not UTF-8, what is shown finds no file for the program.
    const isOut = (path: string) => !matching?.has(path) && !isShown(path, context) && !path.includes('\uFFFD')
    const files = matching ? batch.filter(path => !isOut(path)) : batch
    for await (const { path, text } of texts(files, automaton, context, found)) {
      context.signal.throwIfAborted()
      const matches = matchingLines(automaton, text, left + 1)
      if (matches.length > left) found.stopped = 'limit'
      matches.splice(left)
      left -= matches.length
      const [first] = matches
      const lines = showLines(text, matches, query.context)
      if (first) found.hits.push({ path, count: matches.length, first: first.line, lines })
      if (!found.stopped && performance.now() > deadline) found.stopped = 'time'
      if (found.stopped) return found
    }
  }
  return found
}

/** The files to search, a few at first, so that an early end comes early. */
async function* batches(query: Query, context: ToolContext, found: Found): AsyncGenerator<string[]> {
  let batch: string[] = []
  let chars = 0
  let size = context.roots.host ? MAX_BATCH : 64 // on another machine, a call costs more than what it reads
  for await (const path of files(query, context, found)) {
    batch.push(path)
    chars += path.length + 1
    if (batch.length < size && chars < MAX_BATCH_CHARS) continue
    yield batch
    batch = []
    chars = 0
    size = Math.min(MAX_BATCH, 4 * size)
  }
  if (batch.length > 0) yield batch
}

async function* files({ start, directory, glob }: Query, context: ToolContext, found: Found): AsyncGenerator<string> {
  if (!directory) {
    yield start
    return
  }
  const base = { ...context.roots, project: start }
  const wanted = (path: string) => glob === null || glob.matches(relative(path, base), 'file')
  for await (const visited of walk(start, context)) {
    found.hidden += visited.hidden
    for (const name of visited.files) {
      const path = join(visited.path, name)
      if (wanted(path)) yield path
    }
  }
  for (const path of shownPaths(context)) {
    if (!isInside(path, start) || isHidden(path, context) || !wanted(path)) continue
    // A buffer that was never saved, or a new file that is proposed.
    if (!(await isThere(path, context.roots))) yield path
  }
}

/** In order. Files that cannot match or be read are left out; larger ones are logs and dumps: they are counted. */
async function* texts(paths: string[], automaton: Automaton, context: ToolContext, found: Found) {
  const onDisk = paths.map(path => (isShown(path, context) ? null : path))
  let i = 0
  for await (const bytes of hostOf(context.roots).files.readEach(onDisk)) {
    const path = paths[i++]!
    const shown = shownText(path, context)
    if (shown !== undefined) {
      yield { path, text: shown }
      continue
    }
    if (bytes === 'too large') found.too_large++
    const text = bytes instanceof Uint8Array && textToSearch(bytes, automaton.required)
    if (text) yield { path, text }
  }
}

/** null when the file is binary, or cannot contain what every match contains. */
function textToSearch(bytes: Uint8Array, required: string | null): string | null {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null
  if (utf16) return new TextDecoder(utf16).decode(bytes)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (required !== null && !buffer.includes(required)) return null
  return isBinary(bytes) ? null : decodeText(bytes).replace(/^\uFEFF/, '')
}
