import { escapeInvisible } from '../../base/controls.ts'
import { binds, type Compiled, inProject, type Subject } from './binding.ts'
import type { Policy } from './policy.ts'
import { riskOf } from './risk.ts'
import type { Rule } from './rule.ts'
import { DANGERS, type Danger, dangerOf } from './sensitive.ts'

/** A rule with its patterns made ready. */
export type Ready = { rule: Rule; compiled: Compiled }

/** A rule names this very path, without wildcards: an allow rule of the tool that is called, or an ask rule that binds it. */
export const isNamed = (path: string, subject: Subject, rules: Ready[], actions: Rule['action'][]): boolean =>
  rules.some(
    ({ rule, compiled }) =>
      actions.includes(rule.action) &&
      compiled?.kind === 'path' &&
      compiled.path!.exact === path &&
      (rule.action === 'allow' ? compiled.tool === subject.tool : binds(compiled, subject)),
  )

/** What to warn of; `always` is the reason to ask even if a rule allows the call. */
export type Warning = { word?: string; always?: string; about?: string }

export function dangerFor(subject: Subject, rules: Ready[], { project, unsaved, home }: Policy): Warning {
  const { effect, shell } = subject
  const open = effect.writes.find(path => unsaved?.(path))
  if (open !== undefined || effect.danger === 'unsaved_buffer')
    return {
      word: 'unsaved_buffer',
      always: 'An editor has unsaved changes of this file, which would be lost or clash.',
    }
  const words = effect.writes.map(path => [path, dangerOf(inProject(path, project))] as const)
  const risky = words.find((entry): entry is [string, Danger] => entry[1] !== null)
  if (risky) {
    const [path, word] = risky
    const named = words.every(([path, word]) => word === null || isNamed(path, subject, rules, ['allow']))
    return { word, ...(!named && { always: `${escapeInvisible(inProject(path, project))} ${DANGERS[word]}.` }) }
  }
  if (effect.asks?.always) return { word: effect.danger, always: effect.asks.reason }
  if (effect.danger !== undefined) return { word: effect.danger }
  if (shell) return riskOf(subject, project, home) ?? {}
  return effect.level === 'dangerous' ? { word: 'irreversible' } : {}
}
