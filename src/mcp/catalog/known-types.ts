import type { JsonSchema } from '../../llm/provider.ts'
import { isObject } from './schema.ts'

const KNOWN = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']
/** What programming languages call them. */
const SPELLINGS = {
  string: ['str', 'text', 'char', 'date', 'datetime', 'uuid'],
  integer: ['int', 'long'],
  number: ['float', 'double', 'decimal'],
  boolean: ['bool'],
  object: ['dict', 'map'],
  array: ['list', 'tuple', 'set'],
  null: ['none', 'nil'],
}
const OTHERS = new Map(Object.entries(SPELLINGS).flatMap(([type, names]) => names.map(name => [name, type])))
/** Their values are data, no schemas. */
const DATA = ['enum', 'const', 'default', 'examples']
const DEEPEST = 64

/**
 * The schema without types that JSON Schema does not know: `str` means `string`, and `any` allows everything. Providers refuse
 * them, and no value would fit one.
 */
export function withKnownTypes(schema: JsonSchema, depth = 0): JsonSchema {
  if (depth > DEEPEST) return schema
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'type' && !isObject(value)) {
      const types = [value].flat().flatMap(type => knownType(type) ?? [])
      const all = types.length === [value].flat().length
      return all && types.length > 0 ? [[key, Array.isArray(value) ? types : types[0]]] : []
    }
    return [[key, DATA.includes(key) ? value : inside(value, depth + 1)]]
  })
  return Object.fromEntries(entries)
}

const inside = (value: unknown, depth: number): unknown =>
  Array.isArray(value) ? value.map(each => inside(each, depth)) : isObject(value) ? withKnownTypes(value, depth) : value

function knownType(type: unknown): string | undefined {
  const name = String(type).toLowerCase()
  return KNOWN.includes(name) ? name : OTHERS.get(name)
}
