import type { JsonSchema } from '../../llm/provider.ts'

/** Looking into other people's JSON Schemas, without trusting any part of them to be what it should be. */

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A schema that refers to itself in each of its parts must not be followed without end. */
const MOST_PARTS = 30

/** Follows local `$ref`s (`#/…`). A foreign, missing or circular one leaves the empty schema: anything goes. */
export function deref(schema: unknown, root: JsonSchema): JsonSchema {
  let found = schema
  for (let hops = 0; isObject(found) && typeof found.$ref === 'string'; hops++) {
    if (hops > 20) return {}
    const { $ref, ...beside } = found
    const target = follow($ref as string, root)
    if (!isObject(target)) return {}
    // The very object where nothing stands beside it: so that a circle is recognised by identity.
    found = Object.keys(beside).length === 0 ? target : { ...target, ...beside }
  }
  return isObject(found) ? found : {}
}

function follow(ref: string, root: JsonSchema): unknown {
  if (!ref.startsWith('#')) return undefined
  let at: unknown = root
  for (const step of ref.slice(1).split('/').filter(Boolean)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    at = isObject(at) && Object.hasOwn(at, key) ? at[key] : Array.isArray(at) ? at[Number(key)] : undefined
  }
  return at
}

/** The properties of an object schema, those of its `allOf` parts included, and which of them are required. */
export function propertiesOf(
  schema: JsonSchema,
  root: JsonSchema,
  seen = new Set<JsonSchema>(),
): { properties: JsonSchema; required: Set<string> } {
  const here = deref(schema, root)
  const required = new Set(Array.isArray(here.required) ? here.required.filter(name => typeof name === 'string') : [])
  let properties = isObject(here.properties) ? here.properties : {}
  if (seen.has(here)) return { properties: {}, required: new Set() }
  seen.add(here)
  for (const part of Array.isArray(here.allOf) ? here.allOf.slice(0, MOST_PARTS) : []) {
    if (seen.size > MOST_PARTS) break
    const more = propertiesOf(part, root, seen)
    properties = { ...more.properties, ...properties }
    for (const name of more.required) required.add(name)
  }
  return { properties, required }
}

/** The alternatives of `anyOf` and `oneOf`, resolved. */
export const alternativesOf = (schema: JsonSchema, root: JsonSchema): JsonSchema[] =>
  [schema.anyOf, schema.oneOf].flatMap(list =>
    Array.isArray(list) ? list.slice(0, MOST_PARTS).map(part => deref(part, root)) : [],
  )

/** The names in `type`, be it one or a list. */
export const typesOf = (schema: JsonSchema): string[] =>
  [schema.type].flat().filter((type): type is string => typeof type === 'string')

/** Whether a value of JSON type `type` may stand here; unknown schemas allow everything. */
export function allows(schema: JsonSchema, type: string, root: JsonSchema, depth = 0): boolean {
  const types = typesOf(schema)
  if (types.length > 0) return types.includes(type) || (type === 'integer' && types.includes('number'))
  const choices = alternativesOf(schema, root)
  if (choices.length > 0 && depth < 3) return choices.some(choice => allows(choice, type, root, depth + 1))
  const values = 'const' in schema ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : undefined
  if (values) return values.some(value => jsonTypeOf(value) === type)
  if (isObject(schema.properties)) return type === 'object'
  if (isObject(schema.items)) return type === 'array'
  return true
}

const jsonTypeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value
