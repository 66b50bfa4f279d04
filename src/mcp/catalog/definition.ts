import { createHash } from 'node:crypto'
import type { Definition } from '../../event.ts'
import type { McpTool } from './catalog.ts'
import { isObject } from './schema.ts'

/** Longer ones are bound by their hash alone: what changed in them cannot be shown. */
const LONGEST_KEPT = 16 * 1024

/** What a person approves when they approve a tool: all that its server says of it, in an order of its own. */
export function definitionOf({ description, schema, annotations }: McpTool): Definition {
  const text = JSON.stringify(sorted({ description, schema, annotations }))
  const hash = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return text.length <= LONGEST_KEPT ? { hash, text } : { hash }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}
