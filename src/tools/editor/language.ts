import * as v from 'valibot'

/**
 * What answers questions about code: an editor that registered the tool, else our own language servers. Both give the same
 * shapes. Paths are absolute, lines 1-based, columns 0-based characters (code points, not UTF-16 units).
 */
export type LanguageSource = {
  /** How the source is named to people and models: `Emacs`, `pyright`. */
  name: string
  /** What checkers report now: for these real paths, or with null for all files that the source knows of. */
  diagnostics(paths: readonly string[] | null, signal: AbortSignal): Promise<Diagnostic[]>
  definition(at: At, signal: AbortSignal): Promise<Spot[]>
  references(at: At, signal: AbortSignal): Promise<Spot[]>
  /** Plain text or Markdown; empty where there is nothing to say. */
  hover(at: At, signal: AbortSignal): Promise<string>
  /** With `path` the symbols of that file, else those of the project; `query` narrows by name. */
  symbols(wanted: { path?: string; query?: string }, signal: AbortSignal): Promise<Spot[]>
}

/** The tools that ask a `LanguageSource`, in the order in which models get them. */
export const LANGUAGE_TOOLS = ['diagnostics', 'definition', 'references', 'hover', 'symbols'] as const
export type LanguageTool = (typeof LANGUAGE_TOOLS)[number]

/** A place that is asked about: a real path, and the identifier that stands there; empty where none is known. */
export type At = { path: string; line: number; column: number; symbol: string }

/** Longer texts in an answer are cut. */
const LONGEST_TEXT = 2000
const text = v.pipe(
  v.string(),
  v.transform(text => text.slice(0, LONGEST_TEXT)),
)
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const line = v.pipe(v.number(), v.integer(), v.minValue(1))
/** A field that may be null or absent, and is absent then. */
const maybe = <S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.nullish(schema),
    v.transform(value => value ?? undefined),
  )

/** An answer in a file: where a symbol is defined, used or listed. `text` is the line there, or the name. */
export const spot = v.object({ path: v.pipe(v.string(), v.nonEmpty()), line, column: maybe(count), text: maybe(text) })
export type Spot = v.InferOutput<typeof spot>

/** `severity` is `error`, `warning`, `info` or `hint`; `source` the checker that reports it. */
export const diagnostic = v.object({
  path: v.pipe(v.string(), v.nonEmpty()),
  line,
  column: maybe(count),
  severity: v.pipe(v.string(), v.toLowerCase()),
  message: text,
  source: maybe(text),
})
export type Diagnostic = v.InferOutput<typeof diagnostic>
