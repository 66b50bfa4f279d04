import { escapeInvisible } from '../../base/controls.ts'
import type { Mode, Params } from '../../event.ts'
import { isForbidden, isInside } from '../paths.ts'
import type { Effect, Level } from '../tool.ts'
import { isPrivateHost } from '../web/address.ts'
import {
  allows,
  binds,
  compile,
  inProject,
  mayBecomeBound,
  mayBecomeOwn,
  namesBound,
  namesDangerous,
  permits,
  type Subject,
  subjectOf,
} from './binding.ts'
import { endOf, isAsApproved } from './definition.ts'
import { allowByMode, refuseByMode } from './mode.ts'
import { escapeGlob, type Rule } from './rule.ts'
import { dangerOf, isSensitive } from './sensitive.ts'
import { dangerFor, isNamed, type Ready, type Warning } from './warning.ts'

/*
 * Permission: `rule` reads the rules of the configuration, `binding` holds them against a call (`pathrule` for paths), `remembered`
 * keeps those that a person added. `command` and command/ read a shell line into the commands it may run, as far as it can be
 * read; `sensitive` and `hidden` name the files that stay closed. `policy` decides.
 */

export type { Rule } from './rule.ts'

/** All that a decision depends on. Paths are real ones. */
export type Policy = {
  rules: readonly Rule[]
  agent: Limits
  /** Those it works for: it may do nothing that one of them may not. */
  ancestors?: readonly Limits[]
  /** What further restricts the turn under way, each by itself: skills that are in use. */
  narrowed?: readonly Narrowing[]
  /** A shell line that a person approved for the whole turn. */
  approved_line?: string
  project: string
  auto_approve_readonly: boolean
  auto_approve_tools: readonly string[]
  mode?: Mode
  /** A call that only the sandbox limits is not asked. */
  auto_approve_sandboxed?: boolean
  /** Whether an editor has unsaved changes of the file. */
  unsaved?: (path: string) => boolean
  /** Directories besides the project, and our own files: paths outside, or of ours, are refused here too. */
  roots?: { allowed: readonly string[]; forbidden: readonly string[]; worktree?: string }
  home?: string
}

type Limits = { name: string; read_only: boolean; allowed_tools?: readonly string[]; write_paths?: readonly string[] }

/** `by` begins a sentence: "The skill review". */
export type Narrowing = { by: string; allowed_tools: readonly string[] }

export type JudgedCall = { tool: string; category: string; params: Params; effect: Effect; level: Level }

export type Verdict = {
  decision: 'allow' | 'ask' | 'deny'
  by: 'rule' | 'config' | 'agent' | 'default'
  /** Sentences for a person and for the model: why, and what would change it. */
  reason: string
  /** A word for programs, when the call deserves a warning. */
  danger?: string
  /** A sentence that says what the danger is about. */
  warning?: string
  /** The rule that decided. */
  rule?: string
  /** Allowed only if all of it can be undone. */
  if_undoable?: true
}

/**
 * Decides one call, by this order: what no rule can allow; what the agent may not do; deny rules; sensitive paths without a
 * rule for that very path; what always asks (unsaved buffers, dangerous paths) and ask rules; allow rules and approved tools;
 * what the session's mode allows; reading; and else a person is asked. Pure, and never throws.
 */
export function decide(call: JudgedCall, policy: Policy): Verdict {
  const subject = subjectOf(call, policy)
  const rules = compileAll(policy)
  const danger = dangerFor(subject, rules, policy)
  const verdict =
    refuseAlways(subject, policy) ??
    firstOf([policy.agent, ...(policy.ancestors ?? [])], limits => refuseByAgent(subject, limits, policy)) ??
    refuseByNarrowing(subject, policy) ??
    refuseByMode(subject, policy) ??
    byRule('deny', subject, rules) ??
    refuseSensitive(subject, rules, policy) ??
    refusePrivate(subject, rules) ??
    askOutside(subject) ??
    allowApproved(subject, policy) ??
    allowInWorktree(subject, policy) ??
    askAlways(danger) ??
    byRule('ask', subject, rules) ??
    allowByRule(subject, rules, policy) ??
    askAfterChange(subject, rules) ??
    allowByMode(subject, danger, policy) ??
    allowSandboxed(subject, danger, rules, policy) ??
    byDefault(subject, policy)
  const { word, about } = danger
  return word === undefined ? verdict : { ...verdict, danger: word, ...(about !== undefined && { warning: about }) }
}

const compileAll = (policy: Policy): Ready[] =>
  policy.rules.map(rule => ({ rule, compiled: compile(rule.rule, policy) }))

function refuseAlways({ touched, shell }: Subject, { project, roots }: Policy): Verdict | undefined {
  const refuse = (reason: string): Verdict => ({ decision: 'deny', by: 'default', reason })
  const catastrophe = shell?.line.catastrophe
  if (catastrophe)
    return refuse(
      `Refused under any rule: the command ${catastrophe}. Only a person can run it, in a shell of their own.`,
    )
  if (!roots) return
  if ([...touched, ...(shell?.named() ?? [])].some(path => isForbidden(path, roots)))
    return refuse('Refused under any rule: our own configuration, state and transcripts are closed to tools.')
  if (touched.some(path => ![project, ...roots.allowed].some(root => isInside(path, root))))
    return refuse('That path is outside of the project. Name its directory in allowed_directories to open it.')
}

function firstOf<T, R>(list: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of list) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

function refuseByAgent(
  subject: Subject,
  { name, read_only, allowed_tools, write_paths }: Limits,
  policy: Policy,
): Verdict | undefined {
  const { tool, effect, shell } = subject
  const refuse = (reason: string): Verdict => ({ decision: 'deny', by: 'agent', reason })
  if (read_only && effect.level !== 'read')
    return refuse(`The agent ${name} only reads. Switch to another agent to change things.`)
  if (allowed_tools && !allowed_tools.some(rule => permits(compile(rule, policy), subject)))
    return refuse(
      `The agent ${name} may not make this call of ${tool}: its allowed_tools are ${allowed_tools.join(', ') || 'none'}.`,
    )
  if (!write_paths) return
  const globs = write_paths.map(glob => compile(`write_file(${glob})`, policy))
  const isOpen = (path: string) => globs.some(glob => glob?.path?.matches(path))
  if (![...effect.writes, ...(shell?.written() ?? [])].every(isOpen))
    return refuse(`The agent ${name} may only write to ${write_paths.join(', ') || 'no file'}.`)
}

function refuseByNarrowing(subject: Subject, policy: Policy): Verdict | undefined {
  if (subject.effect.leads_on) return
  const by = policy.narrowed?.find(
    ({ allowed_tools }) => !allowed_tools.some(rule => permits(compile(rule, policy), subject)),
  )
  if (!by) return
  const reason = `${by.by} allows no such call of ${subject.tool} in this turn, but ${by.allowed_tools.join(', ') || 'none at all'}.`
  return { decision: 'deny', by: 'agent', reason }
}

function byRule(action: 'deny' | 'ask', subject: Subject, rules: Ready[]): Verdict | undefined {
  const found = rules.find(({ rule, compiled }) => rule.action === action && binds(compiled, subject))
  if (!found) return
  const { rule, origin } = found.rule
  const reason =
    found.compiled === null
      ? `A ${action} rule in ${origin} cannot be read, so it is taken to mean everything. Correct it there.`
      : action === 'deny'
        ? `Denied by the rule deny ${rule} in ${origin}. Only the user can change it, there.`
        : `The rule ask ${rule} in ${origin} wants it asked.`
  return { decision: action, by: 'rule', reason, rule }
}

function refuseSensitive(subject: Subject, rules: Ready[], { project }: Policy): Verdict | undefined {
  const path = subject.touched.find(
    path => isSensitive(inProject(path, project)) && !isNamed(path, subject, rules, ['allow', 'ask']),
  )
  if (path === undefined) return
  const shown = escapeInvisible(inProject(path, project))
  return {
    decision: 'deny',
    by: 'default',
    reason: `${shown} is likely to hold secrets or run code, so no tool touches it without a rule for that very path. The user can add ${subject.tool}(${escapeGlob(shown)}) to allow or ask under [permissions] in emacs-agent.toml.`,
  }
}

/** Services of this machine and its network trust whoever reaches them, so no page of the web may lead there. */
function refusePrivate({ tool, effect }: Subject, rules: Ready[]): Verdict | undefined {
  if (effect.url === undefined || effect.own_url) return
  const { hostname, host } = new URL(effect.url)
  if (!isPrivateHost(hostname) || namesHost(effect.url, rules)) return
  return {
    decision: 'deny',
    by: 'default',
    reason: `${host} is not on the public internet, so no tool contacts it without a rule for that very host. The user can add ${tool}(${new URL(effect.url).origin}/**) to allow or ask under [permissions] in emacs-agent.toml.`,
  }
}

const namesHost = (url: string, rules: Ready[]): boolean =>
  rules.some(({ rule, compiled }) => rule.action !== 'deny' && compiled?.kind === 'url' && compiled.url!.names(url))

/** What the rules say of a further address of the same call, as of a redirect. Never throws. */
export function judgeUrl(call: JudgedCall, policy: Policy): Pick<Verdict, 'decision' | 'reason'> & { named: boolean } {
  const { decision, reason } = decide(call, policy)
  return { decision, reason, named: namesHost(call.effect.url ?? '', compileAll(policy)) }
}

const allowApproved = ({ effect }: Subject, { approved_line }: Policy): Verdict | undefined =>
  approved_line !== undefined && effect.command === approved_line
    ? { decision: 'allow', by: 'config', reason: 'Approved for this turn.' }
    : undefined

/** Changes in an agent's own copy of the project are approved together, when they are applied to the project. */
function allowInWorktree({ effect }: Subject, { project, roots }: Policy): Verdict | undefined {
  const { worktree } = roots ?? {}
  if (worktree === undefined || effect.writes.length === 0 || effect.command !== undefined) return
  const isOpen = (path: string) => isInside(path, worktree) && dangerOf(inProject(path, project)) !== 'git_internals'
  if (effect.writes.every(isOpen))
    return { decision: 'allow', by: 'config', reason: 'The agent works in a copy of its own.' }
}

/** A call that leaves the sandbox asks, even if a rule allows it or it was approved for the turn. */
const askOutside = ({ effect }: Subject): Verdict | undefined =>
  effect.leaves_sandbox && { decision: 'ask', by: 'config', reason: 'It would run outside of the sandbox.' }

const askAlways = ({ always }: Warning): Verdict | undefined =>
  always === undefined ? undefined : { decision: 'ask', by: 'default', reason: always }

function allowByRule(subject: Subject, rules: Ready[], policy: Policy): Verdict | undefined {
  const { shell } = subject
  if (shell && mayReachBound(subject, rules, policy)) return
  const found = rules.find(
    ({ rule, compiled }) => rule.action === 'allow' && allows(compiled, subject) && isAsApproved(rule, subject.effect),
  )
  if (found) {
    const { rule, origin } = found.rule
    return { decision: 'allow', by: 'rule', reason: `Allowed by the rule ${rule} in ${origin}.`, rule }
  }
  const approved = policy.auto_approve_tools.find(tool => allows(compile(tool, policy), subject))
  if (approved === undefined) return
  return {
    decision: 'allow',
    by: 'config',
    reason: `Approved by auto_approve_tools of the session: ${approved}.`,
    rule: approved,
  }
}

/** A tool of an MCP server was approved for good, but is another by now. */
function askAfterChange(subject: Subject, rules: Ready[]): Verdict | undefined {
  const { definition } = subject.effect
  const found = rules.findLast(({ rule, compiled }) => rule.action === 'allow' && allows(compiled, subject))
  if (definition && found)
    return { decision: 'ask', by: 'rule', reason: endOf(found.rule, definition), rule: found.rule.rule }
}

/**
 * Allows a sandboxed line by the mode or the setting, unless it cannot be undone, may send data over an open network, or names
 * a closed file.
 */
function allowSandboxed(subject: Subject, { word }: Warning, rules: Ready[], policy: Policy): Verdict | undefined {
  const { effect, shell } = subject
  const by = policy.mode === 'sandboxed' ? 'mode' : policy.auto_approve_sandboxed ? 'setting' : null
  if (by === null || !effect.sandbox || !shell || shell.sensitive() || mayReachBound(subject, rules, policy)) return
  if (word === 'irreversible' || (word === 'sends_data' && effect.sandbox.network !== 'off')) return
  const why = by === 'mode' ? 'The mode is sandboxed' : 'auto_approve_sandboxed is set'
  return { decision: 'allow', by: 'config', reason: `${why}, and it runs in the sandbox.` }
}

const mayReachBound = (subject: Subject, rules: Ready[], policy: Policy): boolean =>
  namesDangerous(subject, policy.project) ||
  mayBecomeOwn(subject, policy.roots?.forbidden ?? []) ||
  rules.some(
    ({ rule, compiled }) =>
      namesBound(compiled, subject) || (rule.action !== 'allow' && mayBecomeBound(compiled, subject, policy)),
  )

function byDefault({ effect, shell }: Subject, policy: Policy): Verdict {
  if (effect.session_only) return { decision: 'allow', by: 'default', reason: 'It touches nothing but the session.' }
  if (effect.url !== undefined) return ask(`It contacts ${new URL(effect.url).host}, and no rule allows it.`)
  if (effect.asks) return ask(effect.asks.reason)
  if (effect.level === 'read' && policy.auto_approve_readonly)
    return { decision: 'allow', by: 'config', reason: 'Reading is approved.' }
  if (effect.level === 'read') return ask('Reading is not approved automatically in this session.')
  if (shell?.sensitive()) return ask('The command names a path that is likely to hold secrets.')
  if (shell?.line.acting)
    return ask(
      `The option ${escapeInvisible(shell.line.plain?.[shell.line.acting - 1] ?? '')} writes, deletes or runs something else, and no rule names it.`,
    )
  if (effect.leads?.partial) return ask('The command names more files than can be looked at one by one.')
  return ask('No rule allows it.')
}
const ask = (reason: string): Verdict => ({ decision: 'ask', by: 'default', reason })
