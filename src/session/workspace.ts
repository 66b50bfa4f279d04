import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from '../agent/agents.ts'
import type { createAttachments } from '../agent/attachments.ts'
import type { ToolAccess } from '../agent/call.ts'
import { createProposals } from '../agent/proposals.ts'
import type { Children } from '../base/children.ts'
import { PRIVATE_DIR } from '../base/files.ts'
import type { Config, Dirs } from '../config/config.ts'
import type { Delegated, PlanItem } from '../event.ts'
import { wireName } from '../mcp/catalog/lazy.ts'
import type { Remote } from '../tools/host/remote/remote.ts'
import type { JudgedCall, Narrowing, Policy, Rule } from '../tools/permission/policy.ts'
import type { Ask, Jobs, Redaction, Roots, Tool, ToolContext } from '../tools/tool.ts'
import type { Keeper } from '../undo/keeper.ts'
import { languageSource } from './answered.ts'
import { type Buffers, refreshBuffers } from './buffers.ts'
import { changesSince } from './changes.ts'
import type { Conventions } from './conventions.ts'
import type { SessionEditor } from './editor.ts'
import type { Languages } from './languages.ts'
import { type Sandboxes, sandboxConfigOf } from './sandbox.ts'
import type { SessionState } from './state.ts'

/** The part of a session that tools work in: where they may go, what they may use, and what was remembered. */
export type Workspace = {
  session_id: string
  dirs: Pick<Dirs, 'config' | 'home'>
  config: Config
  roots: Roots
  children: Children
  env: Record<string, string>
  unsaved: Map<string, string>
  /** The client's buffers, where it can be asked for them. Absent: it reports `unsaved` itself. */
  buffers?: Buffers
  seen: Map<string, string>
  jobs: Jobs
  sandboxes: Sandboxes
  formatting: ToolContext['formatting']
  /** What restricts the turn under way beyond its agent; emptied when the next one begins. */
  narrowed: Narrowing[]
  /** Where long results go; null for a session that leaves nothing behind. */
  spill_dir: string | null
  attachments: ReturnType<typeof createAttachments>
  /** The editor that a client attached. */
  editor: SessionEditor
  /** The language servers of the project. */
  languages: Languages
  redactor: Redaction
  /** Keeps what calls change, so that it can be undone. */
  keeper?: Keeper
  /** By its real path; one on another machine by its whole name. */
  project: string
  /** The other machine of the project. */
  remote?: Remote
  /** The session's project, for an agent that works in a copy of it. */
  original?: string
  /** Rules remembered for the project; those of the session are in its state. */
  projectRules(): Rule[]
  ask(question: Parameters<Ask>[0] & Delegated, signal: AbortSignal, elsewhere?: Promise<unknown>): ReturnType<Ask>
}

/** Where a long result goes. The directory is made when the first one comes: most sessions have none. */
export function spillPath(dir: string | null, name: string): string | null {
  if (dir === null) return null
  mkdirSync(dir, { recursive: true, mode: PRIVATE_DIR })
  return join(dir, name)
}

/** The agent whose calls are made, and what is its own. */
export type Caller = {
  agent: Agent
  /** Those it may use. */
  tools: Tool[]
  turn_id: string
  seen: Map<string, string>
  checks: ToolAccess['checks']
  plan(): readonly PlanItem[]
  delegate(tool_call_id: string, signal: AbortSignal): ToolContext['delegate']
  /** Of an agent that works for others. */
  lineage?: Lineage & { by: Delegated }
}

/** Those that an agent works for, and what restricted their turn when it began. */
type Lineage = { ancestors: readonly Agent[]; narrowed: readonly Narrowing[] }

/** What the calls of an agent see. The policy is made anew for each call: rules and settings may change in between. */
export async function createToolAccess(
  place: Workspace,
  state: SessionState,
  conventions: Conventions,
  { agent, tools: offered, turn_id, seen, checks, plan, delegate, lineage }: Caller,
): Promise<ToolAccess> {
  const [{ hides }, { judgeUrl }, { relative }] = await Promise.all([
    import('../tools/permission/hidden.ts'),
    import('../tools/permission/policy.ts'),
    import('../tools/paths.ts'),
  ])
  const byName = new Map(offered.flatMap(tool => [[tool.name, tool] as const, [wireName(tool.name), tool] as const]))
  // What is done in a copy of the project is reviewed when that is applied.
  const proposals = place.original === undefined ? createProposals() : undefined
  return {
    ...(proposals && {
      proposals,
      reviews: () => state.config.review_edits === true && state.config.mode !== 'accept-edits',
    }),
    find: name => byName.get(name),
    resolve: offered.find(tool => tool.resolve)?.resolve,
    names: () => offered.map(tool => tool.name),
    policy: () => policyOf(place, state, agent, lineage),
    refresh: (params, signal) => refreshBuffers(params, place, signal),
    keeper: place.keeper,
    checks,
    // What a directory asks of the one that works there is for the session's own agent.
    touched: async ({ effect }) => {
      if (!lineage) await conventions.touch([...effect.reads, ...effect.writes])
    },
    context: (tool_call_id, signal, emit) => {
      const hidden = hides(policyOf(place, state, agent, lineage))
      return {
        session_id: place.session_id,
        tool_call_id,
        roots: rootsFor(place, signal),
        unsaved: place.unsaved,
        ...(proposals && { proposed: proposals.texts }),
        ...(place.buffers?.write && { writeBuffer: place.buffers.write }),
        hidden,
        seen,
        changesSince: (path, hash) => changesSince(state.counting.events, relative(path, place.roots), hash),
        children: place.children,
        env: place.env,
        judgeUrl: url => judgeUrl(fetching(url), policyOf(place, state, agent, lineage)),
        jobs: place.jobs,
        sandbox: place.sandboxes.of(sandboxConfigOf(place.config, agent, lineage?.ancestors), place.roots, hidden),
        formatting: place.formatting,
        toon: place.config.toon,
        signal,
        progress: (message, more = {}) => emit({ type: 'tool.progress', tool_call_id, message, ...more }),
        redactor: place.redactor,
        spillPath: name => spillPath(place.spill_dir, name),
        keepImages: images => place.attachments.keepImages(tool_call_id, images),
        ask: (question, elsewhere) => place.ask({ ...question, ...lineage?.by }, signal, elsewhere),
        language: tool => languageSource(place, tool),
        editor: () => place.editor.current,
        delegate: delegate(tool_call_id, signal),
        plan: {
          items: plan,
          set: items => emit({ type: 'plan', turn_id, agent: agent.name, items }),
        },
      }
    },
  }
}

/** Where a call works: on another machine its requests end with the call, and where the project is may become known meanwhile. */
function rootsFor({ roots, remote }: Workspace, signal: AbortSignal): Roots {
  if (!remote) return roots
  const { allowed, forbidden } = roots
  return {
    get project() {
      return roots.project
    },
    allowed,
    forbidden,
    host: remote.host(signal),
  }
}

/** A call that fetches this address, as the policy judges it. */
const fetching = (url: string): JudgedCall => ({
  tool: 'fetch_url',
  category: 'web',
  params: { url },
  level: 'read',
  effect: { level: 'read', reason: '', reads: [], writes: [], url },
})

export function policyOf(place: Workspace, state: SessionState, agent: Agent, lineage?: Lineage): Policy {
  const sessionRules: Rule[] = state.rules.map((rule, i) => ({
    ...rule,
    rule_id: `session_${i}`,
    origin: 'this session',
  }))
  const configRules: Rule[] = place.config.rules.map((rule, i) => ({ rule_id: `config_${i}`, ...rule }))
  const rules = [...configRules, ...place.projectRules(), ...sessionRules]
  return {
    rules: place.original === undefined ? rules : rules.flatMap(rule => [rule, inCopy(rule, place.original!)]),
    agent,
    ...(lineage && { ancestors: lineage.ancestors }),
    narrowed: lineage ? [...lineage.narrowed, ...place.narrowed] : place.narrowed,
    project: place.roots.project,
    auto_approve_readonly: state.config.auto_approve_readonly,
    auto_approve_tools: state.config.auto_approve_tools,
    mode: state.config.mode,
    auto_approve_sandboxed: place.config.sandbox.auto_approve_sandboxed,
    unsaved: (path: string) => place.unsaved.has(path),
    roots: place.roots,
    home: place.remote ? place.remote.home() : place.dirs.home,
  }
}

/** A rule on an absolute path in the project, as it holds in a copy of it. */
const inCopy = (rule: Rule, original: string): Rule => ({ ...rule, rule: rule.rule.replace(`(${original}/`, '(') })
