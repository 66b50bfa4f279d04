import { AppError } from '../../base/errors.ts'
import type { Params } from '../../event.ts'
import { isObject } from './schema.ts'

/** What a model meant when it called one of the three constant tools. */

export const textIn = (params: Params, key: string) =>
  typeof params[key] === 'string' ? (params[key] as string).trim() : ''

export function namesIn(params: Params): string[] {
  const given = params.names ?? params.name ?? params.tools ?? params.tool
  const listed =
    typeof given === 'string' ? given.replace(/[[\]"']/g, ' ').split(/[\s,]+/) : Array.isArray(given) ? given : []
  return listed.filter((name): name is string => typeof name === 'string' && name !== '')
}

/** The call inside, however it was wrapped: `{tool, args}`, other words for both, arguments as text or beside the name. */
export function innerCall(params: unknown): { name: string; args: Params } {
  const given = readObject(params) ?? {}
  const { tool, name, tool_name, ...others } = given
  const called = [tool, tool_name, name].find(value => typeof value === 'string' && value !== '')
  if (typeof called !== 'string') {
    const inner = ['args', 'arguments', 'input', 'params'].map(key => readObject(given[key])).find(value => value?.tool)
    if (inner) return innerCall(inner)
    throw new AppError('INVALID_PARAMS', 'call_tool needs {"tool": "server/tool", "args": {…}}.')
  }
  const key = ['args', 'arguments', 'params', 'parameters', 'input'].find(word => word in others)
  if (key === undefined) return { name: called, args: others }
  return { name: called, args: readObject(others[key]) ?? (others[key] == null ? {} : { arguments: others[key] }) }
}

function readObject(value: unknown): Params | undefined {
  if (isObject(value)) return value
  if (typeof value !== 'string') return undefined
  try {
    const read: unknown = JSON.parse(value)
    return isObject(read) ? read : undefined
  } catch {
    return undefined // plain text: what it should have been is said by the tool
  }
}
