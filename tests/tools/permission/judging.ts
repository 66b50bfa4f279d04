import { expect } from 'bun:test'
import { decide, type JudgedCall, type Policy, type Verdict } from '../../../src/tools/permission/policy.ts'
import type { Effect } from '../../../src/tools/tool.ts'

export const PROJECT = '/home/me/project'

export const at = (path: string) => (path.startsWith('/') ? path : path === '.' ? PROJECT : `${PROJECT}/${path}`)

/** A policy from rules written as `deny read_file(a)`. */
export const policyOf = (rules: string[] = [], more: Partial<Policy> = {}): Policy => ({
  rules: rules.map((text, i) => {
    const [action, ...rest] = text.split(' ')
    return { rule_id: `r${i}`, rule: rest.join(' '), action: action as 'allow', origin: 'emacs-agent.toml:3' }
  }),
  agent: { name: 'build', read_only: false },
  project: PROJECT,
  auto_approve_readonly: true,
  auto_approve_tools: [],
  home: '/home/me',
  ...more,
})

export const callOf = (tool: string, effect: Partial<Effect> = {}): JudgedCall => {
  const full: Effect = { level: 'write', reason: 'Do it', reads: [], writes: [], ...effect }
  return { tool, category: 'any', params: {}, effect: full, level: full.level }
}

export const reads = (tool: string, ...paths: string[]) => callOf(tool, { level: 'read', reads: paths.map(at) })

export const writes = (tool: string, ...paths: string[]) =>
  callOf(tool, { level: tool === 'delete_file' ? 'dangerous' : 'write', writes: paths.map(at) })

export const shell = (command: string, cwd = PROJECT, tool = 'shell_exec') =>
  callOf(tool, { level: tool === 'shell_exec' ? 'dangerous' : 'write', command, cwd })

export type Expected = `${Verdict['decision']} ${Verdict['by']}`

export const judge = (call: JudgedCall, policy: Policy): Expected => {
  const { decision, by, reason } = decide(call, policy)
  expect(reason).toMatch(/^[^\0-\x1f]+[.!?…]$/)
  return `${decision} ${by}`
}
