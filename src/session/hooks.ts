import * as v from 'valibot'
import { type HookReply, judgedCall, type ToolAccess } from '../agent/call.ts'
import { oneLine } from '../base/controls.ts'
import { AppError, messageOf } from '../base/errors.ts'
import type { HookConfig } from '../config/config.ts'
import type { HookRun } from '../event.ts'
import type { JudgedCall } from '../tools/permission/policy.ts'
import type { Workspace } from './workspace.ts'

export type Hooks = {
  /**
   * Runs the hooks of an event, one after another. Each gets `payload` with the session's own fields on stdin, as one line of
   * JSON. Never rejects, but with the reason of `signal`: a hook that fails, hangs or prints garbage is recorded, no more.
   */
  run(on: HookConfig['on'], payload: object, ids: Ids, signal: AbortSignal, call?: JudgedCall): Promise<HookReply>
}
type Ids = Pick<HookRun, 'turn_id' | 'tool_call_id'>

const TIMEOUT_SECONDS = 60
const MAX_OUTPUT = 256 * 1024
const MAX_REASON = 2_000
const BLOCKED = 2

const Reply = v.looseObject({
  params: v.optional(v.record(v.string(), v.unknown())),
  context: v.optional(v.string()),
  decision: v.optional(v.picklist(['deny', 'ask'])),
  reason: v.optional(v.string()),
})

type Options = {
  hooks: readonly HookConfig[]
  place: Pick<Workspace, 'children' | 'env' | 'redactor' | 'roots' | 'dirs'>
  /** Where they run, on this machine. */
  cwd: string
  session: { session_id: string; project_path: string }
  append(event: HookRun): unknown
}

export function createHooks({ hooks, place, cwd, session, append }: Options): Hooks {
  async function runOne(hook: HookConfig, payload: object, ids: Ids, signal: AbortSignal): Promise<HookReply> {
    const { run, exitCodeOf } = await import('../tools/shell/process.ts')
    const argv = typeof hook.command === 'string' ? ['/bin/sh', '-c', hook.command] : hook.command
    const started = performance.now()
    const record = (outcome: HookRun['outcome'], reason = '') => {
      const ms = Math.round(performance.now() - started)
      const command = typeof hook.command === 'string' ? hook.command : hook.command.join(' ')
      append({ type: 'hook', ...ids, on: hook.on, command, outcome, ...(reason && { reason }), ms })
    }
    try {
      const seconds = hook.timeout_seconds ?? TIMEOUT_SECONDS
      const result = await run(argv, {
        children: place.children,
        cwd,
        env: place.env,
        signal,
        timeout_ms: seconds * 1000,
        stdin: `${JSON.stringify({ on: hook.on, ...session, ...ids, ...payload })}\n`,
        max_output_bytes: MAX_OUTPUT,
        keep: 'start',
        redactor: place.redactor,
      })
      const said = result.stderr.trim().slice(0, MAX_REASON)
      if (result.timed_out) record('timeout', `It took more than ${seconds} s and was ended.`)
      else if (exitCodeOf(result) === BLOCKED) {
        const blocked = said || 'The hook gave no reason.'
        record('blocked', blocked)
        return { blocked, context: [] }
      } else if (exitCodeOf(result) !== 0)
        record('failed', `Exit status ${exitCodeOf(result)}. ${oneLine(said)}`.trim())
      else return read(result.stdout, record)
    } catch (error) {
      signal.throwIfAborted()
      record('failed', error instanceof AppError ? error.message : messageOf(error))
    }
    return { context: [] }
  }

  return {
    async run(on, payload, ids, signal, call) {
      const reply: HookReply = { context: [] }
      for (const hook of hooks) {
        if (hook.on !== on || !(await fits(hook, call, place))) continue
        const params = reply.params && { params: reply.params }
        const { context, ...said } = await runOne(hook, { ...payload, ...params }, ids, signal)
        Object.assign(reply, said)
        reply.context.push(...context)
        if (reply.blocked !== undefined) break
      }
      return reply
    },
  }
}

/** Nothing on stdout is fine; what is there has to be the object that we know, or the hook failed. */
function read(stdout: string, record: (outcome: HookRun['outcome'], reason?: string) => void): HookReply {
  if (stdout.trim() === '') {
    record('ok')
    return { context: [] }
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Reply), stdout)
  if (!parsed.success) {
    record('failed', 'It printed something else than {"params"?, "context"?, "decision"?, "reason"?}.')
    return { context: [] }
  }
  const { params, context, decision, reason = 'The hook gave no reason.' } = parsed.output
  record(decision === 'deny' ? 'blocked' : 'ok', decision && reason)
  return {
    context: context ? [context] : [],
    ...(params && { params }),
    ...(decision === 'deny' && { blocked: reason }),
    ...(decision === 'ask' && { ask: reason }),
  }
}

/** A pattern is read as widely as that of a deny rule: a hook is there to catch things. */
async function fits({ match }: HookConfig, call: JudgedCall | undefined, place: Options['place']): Promise<boolean> {
  if (match === undefined) return true
  if (!call) return false
  const { binds, compile, subjectOf } = await import('../tools/permission/binding.ts')
  const scope = { project: place.roots.project, home: place.dirs.home }
  return binds(compile(match, scope), subjectOf(call, scope))
}

/** The hooks of a turn's calls; undefined when there are none. */
export function callHooks(hooks: Hooks, configured: readonly HookConfig[], turn_id: string): ToolAccess['hooks'] {
  const events = new Set(configured.map(hook => hook.on))
  if (!(['tool.call', 'tool.result', 'file.changed'] as const).some(on => events.has(on))) return undefined
  return {
    before: (looked, signal) => {
      const { tool_call_id, tool, params } = looked.call
      return hooks.run('tool.call', { tool, params }, { turn_id, tool_call_id }, signal, judgedCall(looked))
    },
    async after(looked, result, changed, signal) {
      const { tool_call_id, tool, params } = looked.call
      const ids = { turn_id, tool_call_id }
      const { status, message } = result
      const payload = { tool, params, status, content: result.result?.content ?? message }
      const replies = [await hooks.run('tool.result', payload, ids, signal, judgedCall(looked))]
      for (const { path, from, operation, change } of changed)
        replies.push(
          await hooks.run('file.changed', { tool, path, from, operation, change }, ids, signal, judgedCall(looked)),
        )
      // What is done cannot be blocked any more: the reason is what the model should know.
      return replies.flatMap(({ blocked, context }) => (blocked === undefined ? context : [...context, blocked]))
    },
  }
}
