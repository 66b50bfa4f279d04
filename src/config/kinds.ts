import * as v from 'valibot'
import { oneOf } from './settings.ts'

/** What values of `emacs-agent.toml` are made of. */

/** Valibot's own objects and records also take arrays and dates. */
export const isTable = v.custom<Record<string, unknown>>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date),
  'a table',
)
/** The entries have no prototype, so that `toString = 1` is an unknown key too. */
export const table = <E extends v.ObjectEntries>(entries: E) =>
  v.pipe(isTable, v.strictObject(Object.assign(Object.create(null), entries) as E))
export const record = <K extends v.BaseSchema<string, string, v.BaseIssue<unknown>>, V extends v.GenericSchema>(
  key: K,
  value: V,
) => v.pipe(isTable, v.record(key, value))

export const maybe = <S extends v.GenericSchema>(schema: S) => v.optional(schema)

export const text = (expected = 'a string') => v.pipe(v.string(expected), v.nonEmpty(expected))
export const texts = v.array(v.string('a string'), 'a list of strings')
/** A number or a truth value is meant as its text: `PORT = 3000`. */
const word = v.pipe(v.union([v.string(), v.number(), v.boolean()], 'a string'), v.transform(String))
export const words = v.array(word, 'a list of strings')
export const strings = record(v.string(), word)
/** What a request can carry; a value may also come from variables, and is then checked when it is sent. */
export const headers = record(
  v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'the name of a header')),
  v.pipe(word, v.regex(/^\s*[\t\x20-\x7e\x80-\xff]*\s*$/, 'one line of Latin-1 text, as headers are')),
)
export const flag = v.boolean('true or false')

export const number = (expected: string, min: number, max: number) =>
  v.pipe(v.number(expected), v.finite(expected), v.minValue(min, expected), v.maxValue(max, expected))
export const integer = (min: number, max: number, expected = `an integer from ${min} to ${max}`) =>
  v.pipe(number(expected, min, max), v.integer(expected))
export const choice = <const C extends readonly string[]>(choices: C) => v.picklist(choices, oneOf(choices))
