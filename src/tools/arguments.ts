import type { Params } from '../event.ts'
import type { JsonSchema } from '../llm/provider.ts'
import { ARGUMENTS } from '../llm/wire/call-syntax.ts'
import { COUNTS_FROM_ANOTHER, plainName, readingsFor } from './aliases.ts'

/** The arguments of a call under their own names, and the names in it that mean nothing to the tool. */
export type Read = { params: unknown; unknown: string[] }

/** How many unknown names are named, and how much of each. */
const MOST_NAMED = 10
const MOST_CHARS = 60

/**
 * Reads a model's arguments as its tool means them, by the tool's own schema: other spellings and other agents' names for a
 * parameter, null (or, where text cannot be meant, the empty text) for one that is not given, numbers and booleans as text,
 * one text where a list is due. What is wrong beyond that is left as it is, for the schema to refuse.
 * `own` maps names that only this tool knows to its parameters.
 */
export function createReader(schema: JsonSchema, own?: Record<string, string>): (params: unknown) => Read {
  const properties = schema.properties as Record<string, JsonSchema>
  const required = new Set(schema.required as string[])
  const readings = readingsFor(Object.keys(properties), own)

  return sent => {
    const given = unwrapped(sent ?? {}, properties)
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return { params: given, unknown: [] }
    const params: Params = {}
    const others: [string, unknown][] = []
    for (const [name, value] of Object.entries(given)) {
      if (!Object.hasOwn(properties, name)) others.push([name, value])
      else if (!isAbsent(name, value)) params[name] = loosely(value, properties[name]!)
    }
    const [last, first] = partition(others, ([name]) => COUNTS_FROM_ANOTHER.has(plainName(name)))
    const unknown = [...first, ...last].filter(([name, value]) => value !== null && !take(name, value, params))
    return { params, unknown: unknown.slice(0, MOST_NAMED).map(([name]) => name.slice(0, MOST_CHARS).toWellFormed()) }
  }

  /** Whether `name` is known here, and its parameter free or said twice in the same way. */
  function take(name: string, value: unknown, params: Params): boolean {
    for (const reading of readings.get(plainName(name)) ?? []) {
      const read = typeof reading === 'string' ? { [reading]: value } : reading(value, params)
      const entries = Object.entries(read).map(([name, value]) => [name, loosely(value, properties[name]!)] as const)
      const isFree = entries.every(([name, value]) => !Object.hasOwn(params, name) || params[name] === value)
      if (typeof reading === 'string' && !isFree) continue
      for (const [name, value] of entries) if (!isAbsent(name, value)) params[name] = value
      return true
    }
    return false
  }

  function isAbsent(name: string, value: unknown): boolean {
    return value === null || (value === '' && !required.has(name) && properties[name]!.type !== 'string')
  }
}

/** What models put around the arguments: a call of their own training in the arguments of ours. */
const WRAPPERS: readonly string[] = ARGUMENTS
const BESIDE = ['name', 'tool', 'tool_name', 'type', 'id']

function unwrapped(given: unknown, properties: Record<string, JsonSchema>): unknown {
  if (typeof given !== 'object' || given === null) return given
  const names = Object.keys(given)
  const wrapper = names.find(name => WRAPPERS.includes(name))
  if (wrapper === undefined || names.some(name => Object.hasOwn(properties, name) && !BESIDE.includes(name)))
    return given
  if (names.some(name => name !== wrapper && !BESIDE.includes(name))) return given
  const inner = (given as Params)[wrapper]
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : given
}

function partition<T>(all: T[], belongs: (one: T) => boolean): [T[], T[]] {
  return [all.filter(belongs), all.filter(one => !belongs(one))]
}

function loosely(value: unknown, { type, items }: JsonSchema): unknown {
  const text = typeof value === 'string' ? value.trim() : null
  if (type === 'number' || type === 'integer') return text !== null && NUMBER.test(text) ? Number(text) : value
  if (type === 'boolean') return text !== null && /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : value
  if (type === 'string') return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  if (type !== 'array' || text === null) return value
  const list = listIn(text) ?? [value]
  return list.map(item => loosely(item, items as JsonSchema))
}

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/

function listIn(text: string): unknown[] | null {
  if (!text.startsWith('[')) return null
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list : null
  } catch {
    return null // a name that begins so
  }
}
