import { look, type Prepared, type ToolAccess } from '../agent/call.ts'
import { toolCallEvent } from '../agent/calls.ts'
import { landingTool } from '../agent/landing-tool.ts'
import { fileChanges, Rejected } from '../agent/perform.ts'
import { state, type Turn } from '../agent/turn.ts'
import { AppError } from '../base/errors.ts'
import type { Delegated, Event, FileChanged, Params } from '../event.ts'
import { commitChanges } from '../tools/files/change.ts'
import { addWorktree, type Worktree } from '../tools/git/worktree.ts'
import { relative } from '../tools/paths.ts'
import type { Change, Effect, Tool } from '../tools/tool.ts'
import type { Workspace } from './workspace.ts'

/** A delegated agent's own copy of the project, and what becomes of its changes. */
export type Isolation = {
  place: Workspace
  /** About the copy, for the agent's first message. */
  told: string
  /** Asks the person to approve the changes, as an approval of `call`, and applies them. Throws as `offer` below. */
  offer(call: Offered, signal: AbortSignal): Promise<Landed>
  /** Ends what still runs in the copy, and removes it. */
  remove(): Promise<void>
}

/** The call that the approval belongs to: the one that delegated, and the turn of the agent that made it. */
type Offered = {
  turn: Turn
  tags: Delegated
  tool_call_id: string
  params: Params
  agent: string
  emit(event: Event): void
}
/** `note` is for the model. */
export type Landed = { note: string; changes: Change[]; changed: FileChanged[] }

/** Throws TOOL_FAILED where no worktree can be made. */
export async function isolate(place: Workspace, directory: string, signal: AbortSignal): Promise<Isolation> {
  if (place.remote)
    throw new AppError(
      'TOOL_FAILED',
      `An agent with isolation = "worktree" works on this machine only, and the project is on ${place.remote.machine}. Give the task to another agent.`,
    )
  const worktree = await addWorktree(directory, { ...place, signal })
  const roots = { ...place.roots, project: worktree.project, worktree: worktree.project }
  const unsaved = new Map<string, string>()
  const languages = await place.languages.copy(worktree.project, unsaved)
  const own: Workspace = {
    ...place,
    roots,
    languages,
    original: place.original ?? place.roots.project,
    unsaved,
    buffers: undefined,
    seen: new Map(),
    jobs: new Map(),
    keeper: undefined,
  }
  return {
    place: own,
    told: 'You work in your own copy of the project, a git worktree: name files relative to it. When you are done, the user is asked to approve your changes; until then the project stays as it is.',
    offer: (call, signal) => offer(worktree, call, signal),
    async remove() {
      const servers = languages.loaded()?.then(loaded => loaded.close())
      await Promise.allSettled([servers, ...[...own.jobs.values()].map(job => job.kill())])
      await worktree.remove()
    },
  }
}

/**
 * Announces the call again, with what was changed as its preview, and applies that once it is approved. The files are looked at
 * again then, as with any approval. Throws `Rejected`, PERMISSION_DENIED, STALE_FILE, TOOL_FAILED, and the reason of `signal`.
 */
async function offer(worktree: Worktree, call: Offered, signal: AbortSignal): Promise<Landed> {
  const { turn, tags, tool_call_id, params, agent, emit } = call
  const { turn_id } = turn
  const tool = applying(worktree, params, agent)
  const place: ToolAccess = {
    ...turn.place,
    find: name => (name === tool.name ? tool : undefined),
    resolve: undefined,
    keeper: undefined,
    hooks: undefined,
  }
  const looked = await look({ tool_call_id, tool: tool.name, params }, tool, place, signal, true)
  if (looked.effect.writes.length === 0) return { note: '[It changed no file.]', changes: [], changed: [] }
  const { decision, reason } = looked.verdict
  if (decision === 'deny') throw new AppError('PERMISSION_DENIED', reason)
  let prepared: Prepared = looked
  let note = ''
  if (decision === 'ask') {
    const decided = turn.ask({ ...looked, place }, signal)
    decided.catch(() => {}) // awaited below
    emit({ ...toolCallEvent(turn_id, looked, true, turn.expiresAt()), ...tags })
    emit({ ...state(turn, 'waiting_approval', { tool_call_id }), ...tags } as Event)
    const answer = await decided
    if (answer.decision !== 'approved')
      throw new Rejected(answer.message ?? 'The user rejected what the agent changed.', answer.reason)
    prepared = answer.prepared
    note = answer.note ?? ''
    emit({ ...state(turn, 'tool_execution', { tool_call_id }), ...tags } as Event)
  }
  const context = turn.place.context(tool_call_id, signal, () => {})
  const ids = { turn_id, tool_call_id }
  await turn.sync()
  const kept = await turn.place.keeper?.keep(
    { tool: tool.name, category: 'filesystem', effect: prepared.effect, context },
    ids,
  )
  try {
    const { changes = [] } = await tool.run(prepared.params, context, prepared.effect)
    const names = changes.map(({ path }) => relative(path, context.roots))
    return {
      note: `${note}[Its changes are in the project now: ${names.join(', ')}.]`,
      changes,
      changed: (await fileChanges(changes, context, ids)).map(event => ({ ...event, ...tags })),
    }
  } finally {
    await kept?.settle()
  }
}

/** The second half of a call that delegated to an isolated agent: a tool like any other, judged by the files it writes. */
const applying = (worktree: Worktree, params: Params, agent: string): Tool =>
  landingTool({
    name: 'delegate',
    category: 'agents',
    params,
    fixed: 'The task is done: approve what came of it, or reject it.',
    async effect(): Promise<Effect> {
      const changes = await worktree.changes()
      const writes = changes.map(({ path }) => path)
      const what = changes.length === 1 ? 'one file' : `${changes.length} files`
      return { level: 'write', reason: `Apply what ${agent} changed: ${what}`, reads: [], writes, changes }
    },
    async run(_params, { roots }, { changes = [] }) {
      await commitChanges(changes, roots)
      return { content: '', metadata: {}, changes }
    },
  })
