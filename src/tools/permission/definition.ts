import { escapeInvisible } from '../../base/controls.ts'
import { head } from '../../base/text.ts'
import type { Definition } from '../../event.ts'
import type { Effect } from '../tool.ts'
import type { Rule } from './rule.ts'

/**
 * Whether a rule that was remembered for a tool of an MCP server still means this tool: it was approved by what its server said
 * of it then. Rules of the configuration name a tool whatever it says.
 */
export const isAsApproved = (rule: Rule, { definition }: Effect): boolean =>
  rule.definition === undefined || definition === undefined || rule.definition?.hash === definition.hash

const LONGEST = 300

/** Why such a rule no longer holds, for the person who approved the tool as it was. */
export const endOf = ({ rule, definition = null }: Rule, now: Definition): string =>
  `The tool has changed, so the rule ${rule} no longer holds. ${changeOf(definition, now)}`

function changeOf(before: Definition | null, after: Definition): string {
  const [old, now] = [before, after].map(definition => read(definition?.text))
  if (!old || !now) return 'What its server says of it is not what was approved.'
  const parts: string[] = []
  if (old.description !== now.description)
    parts.push(`its description was ${quote(old.description)} and is ${quote(now.description)}`)
  const [had, has] = [old, now].map(({ schema }) => Object.keys(schema?.properties ?? {}))
  const added = has!.filter(name => !had!.includes(name))
  const gone = had!.filter(name => !has!.includes(name))
  if (added.length > 0) parts.push(`it takes ${quote(added.join(', '))} as well`)
  if (gone.length > 0) parts.push(`it no longer takes ${quote(gone.join(', '))}`)
  const other = JSON.stringify(old.schema) !== JSON.stringify(now.schema)
  if (other && added.length + gone.length === 0) parts.push('its parameters are described otherwise')
  if (JSON.stringify(old.annotations) !== JSON.stringify(now.annotations))
    parts.push(`its annotations were ${quote(old.annotations)} and are ${quote(now.annotations)}`)
  return parts.length === 0 ? 'What its server says of it has changed.' : `Since it was approved: ${parts.join('; ')}.`
}

type Read = { description?: unknown; schema?: { properties?: object }; annotations?: unknown }

function read(text: string | undefined): Read | null {
  try {
    return text === undefined ? null : JSON.parse(text)
  } catch {
    return null // from a damaged file: then nothing can be shown
  }
}

const quote = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return `“${escapeInvisible(text.length > LONGEST ? `${head(text, LONGEST)}…` : text)}”`
}
