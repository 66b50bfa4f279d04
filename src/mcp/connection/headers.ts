import { isObject } from '../catalog/schema.ts'

/**
 * Arguments that a 2026-07-28 HTTP server wants repeated in headers are marked `x-mcp-header` in the schema (SEP-2243). A
 * tool that marks them wrongly must not be offered: its calls would be refused, or smuggle a header.
 */
export function headerFault(schema: unknown): string | null {
  const seen = new Set<string>()
  const visit = (node: unknown, isProperty: boolean): string | null => {
    if (Array.isArray(node)) return firstFault(node, item => visit(item, false))
    if (!isObject(node)) return null
    if ('x-mcp-header' in node) {
      const fault = isProperty ? markFault(node, seen) : 'x-mcp-header is only for plain properties'
      if (fault) return fault
    }
    return firstFault(Object.entries(node), ([key, inner]) => {
      if (INSTANCE_DATA.has(key)) return null
      if (key !== 'properties' || !isObject(inner)) return visit(inner, false)
      return firstFault(Object.values(inner), property => visit(property, true))
    })
  }
  return visit(schema, false)
}

/** Keywords that hold values, not schemas. */
const INSTANCE_DATA = new Set(['const', 'enum', 'default', 'examples', 'x-mcp-header'])
const TYPES = ['string', 'integer', 'boolean']
/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function markFault(node: Record<string, unknown>, seen: Set<string>): string | null {
  const name = node['x-mcp-header']
  if (typeof name !== 'string' || !TOKEN.test(name)) return 'x-mcp-header is no header name'
  if (!TYPES.includes(String(node.type))) return `x-mcp-header is not for values of type ${node.type}`
  if (seen.has(name.toLowerCase())) return `x-mcp-header ${name} is there twice`
  seen.add(name.toLowerCase())
  return null
}

function firstFault<T>(items: T[], look: (item: T) => string | null): string | null {
  for (const item of items) {
    const fault = look(item)
    if (fault) return fault
  }
  return null
}
