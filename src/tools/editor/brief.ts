import type { Tool } from '../tool.ts'

/** Read, but not shown: a model that names a symbol need not count columns, and what kind of thing a name is, is found. */
const UNSHOWN = ['column', 'kind']

/**
 * The tool with the least that a model needs to know of its parameters, the names and their types, since every request carries
 * it: what is wrong with a call, its error says.
 */
export function briefly(tool: Tool): Tool {
  const properties = Object.entries(Object(tool.parameters.properties)).flatMap(([name, schema]) =>
    UNSHOWN.includes(name) ? [] : [[name, { type: Object(schema).type }]],
  )
  return { ...tool, parameters: { type: 'object', properties: Object.fromEntries(properties) } }
}
