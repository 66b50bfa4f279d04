import * as v from 'valibot'
import { AppError } from '../../base/errors.ts'
import { type Diagnostic, diagnostic, type Spot, spot } from './language.ts'

/**
 * Reads the results of an editor. Each throws TOOL_FAILED for another shape. No result counts as an empty one, and a list
 * loses the entries that have another shape.
 */

const isNothing = (result: unknown): result is null | undefined => result === undefined || result === null

/** Further entries of a list are not read. */
const MOST_ENTRIES = 10_000

export const readDiagnostics = (result: unknown): Diagnostic[] => {
  if (isNothing(result)) return []
  const list = result !== null && typeof result === 'object' && 'diagnostics' in result ? result.diagnostics : undefined
  return entries(diagnostic, list, 'an object with the list `diagnostics`')
}

export const readSpots = (result: unknown): Spot[] =>
  isNothing(result) ? [] : entries(spot, result, 'a list of places')

export function readText(result: unknown): string {
  if (isNothing(result)) return ''
  if (typeof result === 'string') return result
  throw otherwise('a string')
}

const buffer = v.object({
  name: v.string(),
  path: v.pipe(
    v.nullish(v.string(), null),
    v.transform(path => path || null),
  ),
  modified: v.pipe(v.nullish(v.unknown(), false), v.transform(Boolean)),
})
export type Buffer = v.InferOutput<typeof buffer>

export const readBuffers = (result: unknown): Buffer[] => {
  const list = result !== null && typeof result === 'object' && 'buffers' in result ? result.buffers : undefined
  return entries(buffer, list, 'an object with the list `buffers`')
}

const withText = v.object({ ...buffer.entries, name: v.optional(v.string(), ''), text: v.string() })

export function readBuffer(result: unknown): v.InferOutput<typeof withText> {
  const parsed = v.safeParse(withText, result)
  if (parsed.success) return parsed.output
  throw otherwise('one buffer with `text`')
}

function entries<S extends v.GenericSchema>(schema: S, list: unknown, expected: string): v.InferOutput<S>[] {
  if (!Array.isArray(list)) throw otherwise(expected)
  const read = list.slice(0, MOST_ENTRIES).flatMap((entry): v.InferOutput<S>[] => {
    const parsed = v.safeParse(schema, entry)
    return parsed.success ? [parsed.output] : []
  })
  if (list.length > 0 && read.length === 0) throw otherwise(`${expected}, with entries that can be read`)
  return read
}

const otherwise = (expected: string) =>
  new AppError('TOOL_FAILED', `The editor answered with another shape than expected: ${expected}.`)
