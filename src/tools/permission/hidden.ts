import { isForbidden } from '../paths.ts'
import { compile, inProject } from './binding.ts'
import type { PathRule } from './pathrule.ts'
import type { Policy } from './policy.ts'
import { type Rule, readsPath } from './rule.ts'
import { isSensitive } from './sensitive.ts'

/**
 * Which files tools that walk directories leave out (`ToolContext.hidden`): our own, those that a deny or ask rule for a reading
 * tool binds, and sensitive ones without an allow rule for that very path.
 */
export function hides(policy: Pick<Policy, 'rules' | 'roots' | 'project' | 'home'>): (path: string) => boolean {
  const rules = policy.rules.flatMap(({ rule, action }): PathOnly[] => {
    const compiled = compile(rule, policy)
    if (compiled === null) return action === 'allow' ? [] : [{ action, path: EVERYTHING }]
    return compiled.kind === 'path' && readsPath(compiled.tool) ? [{ action, path: compiled.path! }] : []
  })
  const open = new Set(rules.filter(({ action }) => action === 'allow').map(({ path }) => path.exact))
  const closed = rules.filter(({ action }) => action !== 'allow')
  const { roots } = policy
  return path =>
    (roots !== undefined && isForbidden(path, roots)) ||
    closed.some(({ path: rule }) => rule.binds(path)) ||
    (isSensitive(inProject(path, policy.project)) && !open.has(path))
}

type PathOnly = { action: Rule['action']; path: Pick<PathRule, 'exact' | 'binds'> }
/** A rule that cannot be read forbids everything. */
const EVERYTHING = { exact: null, binds: () => true }
