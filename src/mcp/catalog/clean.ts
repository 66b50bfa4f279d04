import { printable, visible } from '../../base/controls.ts'
import type { Params } from '../../event.ts'
import type { JsonSchema } from '../../llm/provider.ts'
import { isObject } from './schema.ts'

/** Deeper than any provider accepts. */
const DEEPEST = 64
const cleaned = new WeakMap<JsonSchema, JsonSchema>()

/**
 * A server's schema for models and persons: names, enums and titles on one line with invisible characters escaped;
 * descriptions keep their lines.
 */
export function cleanSchema(schema: JsonSchema): JsonSchema {
  let clean = cleaned.get(schema)
  if (!clean) cleaned.set(schema, (clean = cleanValue(schema, '', 0) as JsonSchema))
  return clean
}

function cleanValue(value: unknown, key: string, depth: number): unknown {
  if (typeof value === 'string') return key === 'description' ? visible(value) : printable(value)
  if (depth > DEEPEST) return {}
  if (Array.isArray(value)) return value.map(item => cleanValue(item, '', depth + 1))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [printable(key), cleanValue(inner, key, depth + 1)]),
  )
}

/** Renames arguments from the cleaned names, which the model was sent, to those of the server's schema. */
export function rawNames(schema: JsonSchema, args: Params): Params {
  const names = isObject(schema.properties) ? Object.keys(schema.properties) : []
  const odd = new Map(names.filter(name => printable(name) !== name).map(name => [printable(name), name]))
  return odd.size === 0
    ? args
    : Object.fromEntries(Object.entries(args).map(([key, value]) => [odd.get(key) ?? key, value]))
}
