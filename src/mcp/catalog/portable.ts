import type { JsonSchema } from '../../llm/provider.ts'
import { deref, isObject, propertiesOf } from './schema.ts'

/** Keywords that every provider takes, with what they hold. */
const VALUES = ['description', 'required', 'minimum', 'maximum', 'minItems', 'maxItems'] as const
const DEEPEST = 8
/** A schema may refer to itself in many places at once: what is beyond stays open. */
const MOST_NODES = 1000
type Look = { root: JsonSchema; left: number }

/**
 * A third-party schema in the dialect that all providers understand: an object at the top, references resolved, no
 * combinators but `anyOf`, no dialect of its own. Looser than the original, which the call is checked against anyway.
 */
export function portable(schema: JsonSchema): JsonSchema {
  const { type: _, anyOf: __, ...top } = reduce(schema, { root: schema, left: MOST_NODES }, 0)
  return { type: 'object', properties: {}, ...top }
}

function reduce(schema: unknown, look: Look, depth: number): JsonSchema {
  const { root } = look
  if (depth > DEEPEST || look.left-- <= 0) return {}
  const from = merged(deref(schema, root), root)
  const to: JsonSchema = {}
  const types = [from.type].flat().filter(type => typeof type === 'string' && type !== 'null')
  if (types.length === 1) to.type = types[0]
  for (const key of VALUES) if (from[key] !== undefined) to[key] = from[key]
  const values = 'const' in from ? [from.const] : from.enum
  if (Array.isArray(values)) Object.assign(to, plainEnum(values))
  if (isObject(from.properties)) {
    const properties = Object.entries(from.properties).map(([name, inner]) => [name, reduce(inner, look, depth + 1)])
    to.type = 'object'
    to.properties = Object.fromEntries(properties)
    const names = [to.required ?? []].flat()
    const required = names.filter(name => typeof name === 'string' && Object.hasOwn(to.properties as object, name))
    if (required.length > 0) to.required = required
    else delete to.required
  } else delete to.required
  if (to.type === 'array') to.items = isObject(from.items) ? reduce(from.items, look, depth + 1) : { type: 'string' }
  const choices = [from.anyOf, from.oneOf].flatMap(list => (Array.isArray(list) ? list : []))
  const kinds = types.length > 1 ? types.map(type => ({ ...from, type, anyOf: undefined, oneOf: undefined })) : []
  const parts = [...choices, ...kinds]
    .map(part => reduce(part, look, depth + 1))
    .filter(part => Object.keys(part).length > 0)
  if (parts.length === 1) return { ...parts[0], ...to }
  if (parts.length > 1 && to.type === undefined) to.anyOf = parts
  return to
}

/** `allOf` folded into what surrounds it, which wins. */
function merged(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (!Array.isArray(schema.allOf)) return schema
  const { properties, required } = propertiesOf(schema, root)
  const all: JsonSchema = {}
  for (const part of schema.allOf.toReversed()) Object.assign(all, deref(part, root))
  const { allOf: _, ...rest } = schema
  Object.assign(all, rest)
  if (Object.keys(properties).length > 0) Object.assign(all, { properties, required: [...required] })
  return all
}

/** Some providers take only texts in an enum, and only for type string. */
function plainEnum(values: unknown[]): JsonSchema {
  const texts = values.filter(value => typeof value === 'string')
  return texts.length === 0 ? {} : { type: 'string', enum: texts }
}
