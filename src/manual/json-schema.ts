import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { record } from '../event/parts.ts'

type OverriddenSchema = ReturnType<typeof toJsonSchema> | undefined

/** The part of JSON Schema (draft 7) that the schemas of this program need. */
export type JsonSchema = {
  type?: string | string[]
  description?: string
  default?: unknown
  enum?: unknown[]
  /** Known values; others may occur. */
  examples?: readonly unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  pattern?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  anyOf?: JsonSchema[]
}

/** Checks by a function cannot be expressed and are left out: the document accepts a little more than the program does. */
export const jsonSchemaOf = (schema: v.GenericSchema): JsonSchema => {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema }) => ofOurs(valibotSchema) as OverriddenSchema,
  })
  return rest as JsonSchema
}

/** Our schemas that are functions to valibot. */
function ofOurs(schema: object): JsonSchema | undefined {
  if (schema === record) return { type: 'object' }
  if ('words' in schema && Array.isArray(schema.words)) return { type: 'string', examples: schema.words }
  return undefined
}

/** A type in a few words: `integer from 1 to 50`, `"a", "b"`, `list of texts`. */
export function inWords(schema: JsonSchema): string {
  const { type, anyOf, items, minimum, maximum, properties, additionalProperties } = schema
  const choices = schema.enum ?? schema.examples ?? (schema.const === undefined ? [] : [schema.const])
  if (choices.length > 0) return choices.map(choice => JSON.stringify(choice)).join(', ')
  if (anyOf) return union(anyOf)
  switch (type) {
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'number':
    case 'integer':
      return `${type}${range(minimum, maximum)}`
    case 'array':
      return `list of ${items ? several(items) : 'anything'}`
    case 'object':
      return properties || typeof additionalProperties !== 'object'
        ? 'table'
        : `table of ${several(additionalProperties)}`
    default:
      return typeof type === 'string' ? type : 'any'
  }
}

/** A union that converts numbers and truth values to text is described as text. */
function union(schemas: JsonSchema[]): string {
  const types = new Set(schemas.map(({ type }) => type))
  return types.has('string') && types.has('boolean') ? 'text' : [...new Set(schemas.map(inWords))].join(' or ')
}

function several(schema: JsonSchema): string {
  const words = inWords(schema)
  return /^(?:text|table|number|integer)$/.test(words) ? `${words}s` : words
}

/** Bounds that only keep a number exact are left out. */
function range(from?: number, to = Number.MAX_SAFE_INTEGER): string {
  if (to < 2 ** 31) return ` from ${from ?? 0} to ${to}`
  return from ? ` from ${from} on` : ''
}

/** One level of a schema as an Org description list. `describe` adds texts that the schema does not have. */
export function fieldList(
  schema: JsonSchema,
  describe: (name: string) => string | undefined = () => undefined,
): string {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {})
    .map(([name, field]) => {
      const facts = [
        inWords(field),
        required.has(name) && 'required',
        field.default !== undefined && `default ${JSON.stringify(field.default)}`,
      ].filter(Boolean)
      const text = describe(name) ?? field.description
      return item(`=${name}= :: ${facts.join('; ')}${text ? `. ${text}` : ''}`)
    })
    .join('')
}

const WIDTH = 79

/** An item of an Org list, in lines that fit a terminal. Ends with a newline. */
export function item(text: string): string {
  const lines = ['-']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line.length + word.length < WIDTH) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(`  ${word}`)
  }
  return `${lines.join('\n')}\n`
}
