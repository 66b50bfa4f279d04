import type { Tool } from '../tool.ts'

/** Accepted, but not shown to models: a symbol takes the place of a column, and the editor finds the kind of a name. */
const UNSHOWN = ['column', 'kind']

/**
 * The tool with only the names and types of its parameters, since every request carries them; the error of a wrong call names
 * the rest.
 */
export function briefly(tool: Tool): Tool {
  const properties = Object.entries(Object(tool.parameters.properties)).flatMap(([name, schema]) =>
    UNSHOWN.includes(name) ? [] : [[name, { type: Object(schema).type }]],
  )
  return { ...tool, parameters: { type: 'object', properties: Object.fromEntries(properties) } }
}
