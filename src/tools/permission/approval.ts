import type { Tool } from '../tool.ts'
import { compile } from './binding.ts'
import type { Rule } from './rule.ts'

/** What a tool needs without knowing the call: for lists of tools. A shell may still run plain commands that are allowed. */
export function defaultApproval(
  tool: Pick<Tool, 'name' | 'level' | 'takes'>,
  rules: readonly Pick<Rule, 'rule' | 'action'>[],
  auto_approve_readonly = true,
): 'auto' | 'ask' | 'deny' {
  const takesLine = tool.takes === 'line'
  const asks = takesLine || tool.takes === 'url'
  const whole = (action: Rule['action']) =>
    rules.some(({ rule, action: does }) => {
      if (does !== action) return false
      const parsed = compile(rule, { project: '/' })
      if (parsed?.kind === 'server') return tool.name.startsWith(`${parsed.server}/`)
      if (parsed?.kind !== 'tool') return false
      return parsed.tool === tool.name || (action !== 'allow' && parsed.tool === 'shell_exec' && takesLine)
    })
  if (whole('deny')) return 'deny'
  if (whole('allow') && !takesLine && !whole('ask')) return 'auto'
  if (whole('ask') || asks) return 'ask'
  return whole('allow') || (tool.level === 'read' && auto_approve_readonly) ? 'auto' : 'ask'
}
