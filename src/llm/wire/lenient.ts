import * as v from 'valibot'

/**
 * Pieces of the schemas that provider streams go through. Servers differ in what they leave out, put `null` for, or type
 * differently; a field that is not what it should be counts as absent, instead of costing the answer it came with.
 */

/** The schema's type, or undefined. */
export const lenient = <S extends v.GenericSchema>(schema: S) => v.fallback(v.optional(schema), undefined)

export const text = lenient(v.string())
export const record = v.record(v.string(), v.unknown())

/** A count of tokens: a finite number that is not negative. */
export const count = lenient(v.pipe(v.number(), v.finite(), v.minValue(0)))

/** An array from which the items that fit are taken; empty where there is none. */
export const items = <S extends v.GenericSchema>(item: S) =>
  v.optional(
    v.pipe(
      v.unknown(),
      v.transform((list): v.InferOutput<S>[] => {
        if (!Array.isArray(list)) return []
        return list.flatMap(each => {
          const parsed = v.safeParse(item, each)
          return parsed.success ? [parsed.output] : []
        })
      }),
    ),
    [],
  )
