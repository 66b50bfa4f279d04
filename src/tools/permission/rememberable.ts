import type { Remember } from '../../event.ts'
import { inProject, subjectOf } from './binding.ts'
import { hasMark } from './command/cursor.ts'
import { decide, type JudgedCall, type Policy } from './policy.ts'
import { escapeGlob, type Rule, takesPath } from './rule.ts'
import { dangerOf, isSensitive } from './sensitive.ts'

/**
 * The narrowest rule that would allow just this call: a line byte for byte, one path of one tool, one tool of a server.
 * Undefined for what should be looked at each time: dangers, secrets, commands that are not plain or have wildcards, calls on
 * several paths, and what an ask rule wants asked.
 */
export function rememberable(call: JudgedCall, policy: Policy): Remember | undefined {
  const rule = narrowest(call, policy)
  if (rule === undefined) return
  const remembered: Rule = { rule_id: '', rule, action: 'allow', origin: '' }
  const then = decide(call, { ...policy, rules: [...policy.rules, remembered] })
  return then.decision === 'allow' && then.rule === rule ? { session: rule, project: rule } : undefined
}

function narrowest({ tool, effect }: JudgedCall, policy: Policy): string | undefined {
  const { shell, touched } = subjectOf({ tool, effect }, policy)
  if (effect.danger !== undefined || effect.asks) return
  if (shell) {
    const hasGlobs = shell.line.commands.some(({ words }) => words.some(word => hasMark(word) || word.startsWith('~')))
    return hasGlobs ? undefined : `${tool}(=${shell.command})`
  }
  if (effect.level === 'dangerous') return
  if (effect.url !== undefined && !effect.own_url) return `${tool}(${new URL(effect.url).origin}/**)`
  // The changes of an agent's worktree are approved each time.
  if (!takesPath(tool)) return effect.changes ? undefined : tool
  const names = touched.map(path => inProject(path, policy.project))
  if (names.length !== 1 || names.some(name => isSensitive(name) || dangerOf(name) !== null)) return
  return `${tool}(${escapeGlob(names[0] || '.')})`
}
