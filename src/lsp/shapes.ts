import * as v from 'valibot'

/** The parts of servers' answers that are read. Entries of other shapes are left out. */

const LONGEST_MESSAGE = 2000
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const position = v.object({ line: count, character: count })
const range = v.object({ start: position })
const uri = v.string()
/** A text, or one with its kind. */
const markup = v.union([
  v.string(),
  v.pipe(
    v.object({ value: v.string() }),
    v.transform(({ value }) => value),
  ),
])
const optional = <S extends v.GenericSchema>(schema: S) => v.fallback(v.optional(schema), undefined)

export const diagnosticShape = v.object({
  range,
  severity: optional(v.picklist([1, 2, 3, 4])),
  code: optional(v.union([v.string(), v.number()])),
  source: optional(v.string()),
  message: v.pipe(
    markup,
    v.transform(text => text.slice(0, LONGEST_MESSAGE)),
  ),
})
export type Reported = v.InferOutput<typeof diagnosticShape>

export const publishShape = v.object({ uri, version: optional(v.number()), diagnostics: v.array(v.unknown()) })
export const reportShape = v.object({ kind: v.literal('full'), items: v.array(v.unknown()) })

/** A place: a `LocationLink` or a `Location`. */
export const placeShape = v.union([
  v.pipe(
    v.object({ targetUri: uri, targetSelectionRange: range }),
    v.transform(({ targetUri, targetSelectionRange }) => ({ uri: targetUri, ...targetSelectionRange.start })),
  ),
  v.pipe(
    v.object({ uri, range }),
    v.transform(({ uri, range }) => ({ uri, ...range.start })),
  ),
])

const block = v.union([
  v.pipe(
    v.object({ language: v.string(), value: v.string() }),
    v.transform(({ language, value }) => `\`\`\`${language}\n${value}\n\`\`\``),
  ),
  markup,
])
export const hoverShape = v.object({ contents: v.union([v.array(block), block]) })

/** A `DocumentSymbol` (a range and nested symbols), or a symbol of a project (a location). */
export const symbolShape = v.object({
  name: v.string(),
  kind: v.fallback(count, 0),
  containerName: optional(v.string()),
  selectionRange: optional(range),
  location: optional(v.object({ uri, range: optional(range) })),
  children: optional(v.array(v.unknown())),
})

/** Those of the first `most` entries of a list that have the shape. */
export function listOf<S extends v.GenericSchema>(shape: S, values: unknown, most: number): v.InferOutput<S>[] {
  if (!Array.isArray(values)) return []
  return values.slice(0, most).flatMap(value => {
    const parsed = v.safeParse(shape, value)
    return parsed.success ? [parsed.output] : []
  })
}
