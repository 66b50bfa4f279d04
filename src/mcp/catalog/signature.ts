import { head } from '../../base/text.ts'
import type { JsonSchema } from '../../llm/provider.ts'
import { alternativesOf, deref, isObject, propertiesOf, typesOf } from './schema.ts'

/**
 * A tool's parameters in a line: `path limit?:int mode?:fast|full tags:str[] at?:{line:int column?:int}`. A bare name is a
 * required string, `?` is optional. A tenth of the tokens of the JSON Schema, measured on real catalogs.
 */
export function signatureOf(schema: JsonSchema): string {
  return paramsOf(schema, { root: schema, left: MOST_NODES }, 0)
}

const SHORT: Record<string, string> = {
  string: 'str',
  integer: 'int',
  number: 'num',
  boolean: 'bool',
  object: 'obj',
  array: 'any[]',
}
/** `{…}` without an alternative beside it. */
const ONE_GROUP = /^\{(?:(?!\}\|).)*\}$/
const DEEPEST = 3
/** Lists go less deep than groups, but a list of itself has no end either. */
const LIST_DEPTH = 0.5
/** A schema may refer to itself in many places at once. */
const MOST_NODES = 2000
/** The whole schema, and how many of its parts may still be looked at. */
type Look = { root: JsonSchema; left: number }
const LONGEST_GROUP = 400
const LONGEST_ENUM = 80

function paramsOf(schema: JsonSchema, look: Look, depth: number): string {
  const { properties, required } = propertiesOf(schema, look.root)
  const params = Object.entries(properties).map(([name, property]) => {
    const type = typeOf(deref(property, look.root), look, depth)
    const shown = /^[^\s:?{}[\]"]+$/.test(name) ? name : JSON.stringify(name)
    return {
      required: required.has(name),
      text: `${shown}${required.has(name) ? '' : '?'}${type === 'str' ? '' : `:${type}`}`,
    }
  })
  const inOrder = [...params.filter(param => param.required), ...params.filter(param => !param.required)]
  return inOrder.map(param => param.text).join(' ')
}

function typeOf(schema: JsonSchema, look: Look, depth: number): string {
  if (look.left-- <= 0 || depth > 2 * DEEPEST) return 'any'
  if ('const' in schema) return literal(schema.const)
  if (Array.isArray(schema.enum)) return enumOf(schema.enum)
  const choices = alternativesOf(schema, look.root)
  if (choices.length > 0) return union(choices.map(choice => typeOf(choice, look, depth + 1)))
  const types = typesOf(schema)
  if (types.length > 1) return union(types.map(type => typeOf({ ...schema, type }, look, depth)))
  if (types[0] === 'array' || isObject(schema.items)) return arrayOf(schema, look, depth)
  if (types[0] === 'object' || isObject(schema.properties) || Array.isArray(schema.allOf))
    return groupOf(schema, look, depth)
  return types[0] === undefined ? 'any' : (SHORT[types[0]] ?? types[0])
}

function arrayOf(schema: JsonSchema, look: Look, depth: number): string {
  const item = isObject(schema.items) ? typeOf(deref(schema.items, look.root), look, depth + LIST_DEPTH) : 'any'
  return item.includes('|') && !ONE_GROUP.test(item) ? `(${item})[]` : `${item}[]`
}

function groupOf(schema: JsonSchema, look: Look, depth: number): string {
  if (depth >= DEEPEST) return 'obj'
  const inner = paramsOf(schema, look, depth + 1)
  return inner === '' || inner.length > LONGEST_GROUP ? 'obj' : `{${inner}}`
}

function enumOf(values: unknown[]): string {
  const shown: string[] = []
  for (const value of values) {
    if (shown.join('|').length > LONGEST_ENUM) return `${shown.join('|')}|…`
    if (value !== null) shown.push(literal(value))
  }
  return shown.length === 0 ? 'null' : shown.join('|')
}

const literal = (value: unknown) =>
  typeof value === 'string' && /^[^\s|{}[\]():"]+$/.test(value) ? value : JSON.stringify(value)

/** `null` beside something else says no more than that the parameter may be left out. */
function union(types: string[]): string {
  const distinct = [...new Set(types)].filter(type => type !== 'null')
  return distinct.length === 0 ? 'null' : distinct.join('|')
}

/** The first sentence of a description, at most `limit` characters. */
export function summaryOf(description: string, limit: number): string {
  const text = description.replace(/\s+/g, ' ').trim()
  const sentence = /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text
  // `e.g.` and its kin end no sentence: a very short first one is taken with what follows.
  const whole = sentence.length < 8 ? text : sentence
  return (whole.length > limit ? `${head(whole, limit - 1).trimEnd()}…` : whole).replace(/\.$/, '')
}
