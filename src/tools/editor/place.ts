import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { cut } from '../../base/text.ts'
import { hostOf } from '../host/local.ts'
import { confirmPath, locate, relative } from '../paths.ts'
import type { Effect, Roots, ToolContext } from '../tool.ts'
import type { At } from './language.ts'

const LARGEST_FILE = 10 * 1024 * 1024

/** How a model names a place in code: a symbol on a line, since models count columns badly; or the column. */
export const placeParams = v.object({
  path: v.string(),
  line: v.pipe(v.number(), v.integer(), v.minValue(1)),
  symbol: v.optional(v.string()),
  column: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
})
type Named = v.InferOutput<typeof placeParams>

export async function placeEffect(what: string, { path: input, line }: Named, context: ToolContext): Promise<Effect> {
  const path = await locate(input, context.roots)
  const shown = relative(path, context.roots)
  return {
    level: 'read',
    reason: `${what} at ${shown}:${line}`,
    reads: [path],
    writes: [],
    locations: [{ path: shown, line }],
  }
}

/** The place as a source is asked for it. Throws INVALID_PARAMS when the symbol is not on that line. */
export async function placeOf({ line, symbol, column }: Named, path: string, context: ToolContext): Promise<At> {
  await confirmPath(path, context.roots)
  const text = await lineOf(path, line, context)
  if (column !== undefined) return { path, line, column, symbol: symbol ?? identifierAt(text, column) }
  if (symbol === undefined || text === null) return { path, line, column: indentOf(text), symbol: symbol ?? '' }
  const at = indexOfWord(text, symbol)
  if (at >= 0) return { path, line, column: characters(text.slice(0, at)), symbol }
  const shown = `${relative(path, context.roots)}:${line}`
  throw new AppError('INVALID_PARAMS', `${symbol} is not on ${shown}, which is: ${cut(text.trim(), 200)}`)
}

/** The text of a line as the editor has it, else as it is on the disk; null where there is none to see. */
async function lineOf(path: string, line: number, { unsaved, roots }: ToolContext): Promise<string | null> {
  const text = unsaved.get(path) ?? (await onDisk(path, roots))
  return text?.split('\n')[line - 1]?.replace(/\r$/, '') ?? null
}

async function onDisk(path: string, roots: Roots): Promise<string | null> {
  try {
    return (await hostOf(roots).files.read(path, LARGEST_FILE)).toString()
  } catch {
    return null // the source may have the file all the same; otherwise it reports an error
  }
}

const WORD = /[\p{L}\p{N}_$]/u
const isWordAt = (text: string, at: number) => WORD.test(text[at] ?? '')

/** Where `word` stands by itself, else where it stands at all; -1 for nowhere. */
function indexOfWord(text: string, word: string): number {
  if (word === '') return -1
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const joinsBefore = isWordAt(text, at - 1) && isWordAt(word, 0)
    const joinsAfter = isWordAt(text, at + word.length) && isWordAt(word, word.length - 1)
    if (!joinsBefore && !joinsAfter) return at
  }
  return text.indexOf(word)
}

function identifierAt(text: string | null, column: number): string {
  if (text === null) return ''
  const chars = [...text]
  let [start, end] = [column, column]
  while (WORD.test(chars[start - 1] ?? '')) start--
  while (WORD.test(chars[end] ?? '')) end++
  return chars.slice(start, end).join('')
}

const indentOf = (text: string | null): number => text?.search(/\S|$/) ?? 0
const characters = (text: string): number => [...text].length
