import { isBlocked, look, lookWithContent, type Prepared, prepare, type ToolAccess } from '../agent/call.ts'
import { toolCallEvent } from '../agent/calls.ts'
import type { Decision } from '../agent/turn.ts'
import { onAbort } from '../base/abort.ts'
import { AppError, messageOf } from '../base/errors.ts'
import type { Approval, Definition, Delegated, Params, Storable } from '../event.ts'
import type { FileDecision } from '../tools/files/change.ts'

/** A call that waits for a person. Only what is in here can be decided; what was decided is in the log. */
type Pending = {
  turn_id: string
  prepared: Prepared
  place: ToolAccess
  signal: AbortSignal
  /** The delegated agent that asks. */
  by: Delegated
  /** Somebody is deciding right now: looking again takes a moment, and a decision counts once. */
  deciding: boolean
  resolve(decision: Decision): void
}

export type ApproveRequest = {
  tool_call_id: string
  preview_hash?: string
  params?: Params
  content?: string
  /** For a call that is decided file by file: those that are not as they were shown. */
  files?: readonly FileDecision[]
  remember?: 'session' | 'project'
}

const isEdit = ({ params, content, files }: ApproveRequest): boolean =>
  params !== undefined || content !== undefined || (files?.length ?? 0) > 0

type RejectRequest = {
  tool_call_id: string
  reason?: string
  /** `config`: nobody decided, and the reason goes to the model. */
  by?: 'user' | 'config'
  /** Denies the same call for the rest of the session, by the rule that allowing it always would have saved. */
  remember?: 'session'
}

export type Approvals = {
  /** Registers the question, and resolves when it is decided; rejects with the signal's reason. */
  ask(turn_id: string, prepared: Prepared, place: ToolAccess, signal: AbortSignal, by?: Delegated): Promise<Decision>
  approve(request: ApproveRequest): Promise<void>
  /** Throws INVALID_REQUEST when `remember` is set for a call that cannot be remembered: it then still waits. */
  reject(request: RejectRequest): void
  /** After the mode changed: what it allows goes on, what it refuses is rejected, for this reason; the rest waits. */
  reconsider(reason: string): Promise<void>
  /** When an answer given now would expire; undefined when questions wait for ever. */
  expiresAt(): string | undefined
}

export function createApprovals(session: {
  append(event: Storable): unknown
  isDecided(tool_call_id: string): boolean
  timeout_seconds: number
  remember(rule: string, scope: 'session' | 'project', definition?: Definition): Promise<void>
}): Approvals {
  const pending = new Map<string, Pending>()

  const find = (tool_call_id: string): Pending => {
    const entry = pending.get(tool_call_id)
    if (entry && !entry.deciding) return entry
    if (entry || session.isDecided(tool_call_id))
      throw new AppError('ALREADY_DECIDED', 'This call was decided already; nothing changed.')
    throw new AppError(
      'INVALID_TOOL_CALL',
      'No call with this id waits for a decision. GET the session for the ones that do.',
    )
  }

  const decide = (entry: Pending, decision: Decision, event: Omit<Approval, 'type' | 'turn_id' | 'tool_call_id'>) => {
    const { tool_call_id } = entry.prepared.call
    session.append({ type: 'approval', turn_id: entry.turn_id, tool_call_id, ...entry.by, ...event })
    pending.delete(tool_call_id)
    entry.resolve(decision)
  }

  /** The files changed since the preview was shown: shows the call afresh, and lets nothing happen. */
  const showAfresh = (entry: Pending, fresh: Prepared): never => {
    entry.prepared = fresh
    session.append({ ...toolCallEvent(entry.turn_id, fresh, true), ...entry.by })
    throw new AppError(
      'STALE_PREVIEW',
      'A file changed since this preview was made. Look at the fresh preview, then decide again.',
      {
        preview: fresh.preview ?? null,
      },
    )
  }

  /** The call as it stands now. It is a new look: the schema, the limits, the rules and the confinement apply again. */
  const lookAgain = async (entry: Pending): Promise<Prepared> => {
    const { call, tool } = entry.prepared
    try {
      return await look(call, tool, entry.place, entry.signal, true)
    } catch (error) {
      entry.signal.throwIfAborted()
      throw new AppError(
        'STALE_PREVIEW',
        `The call cannot run any more as it was shown: ${messageOf(error)} Reject it, or approve it with other parameters.`,
        {
          preview: null,
        },
      )
    }
  }

  const edited = async (entry: Pending, shown: Prepared, { params, ...parts }: ApproveRequest): Promise<Prepared> => {
    const { call } = entry.prepared
    try {
      if (params === undefined) return await lookWithContent(shown, parts, entry.place, entry.signal)
      const looked = await prepare({ ...call, params }, entry.place, entry.signal)
      if (isBlocked(looked)) throw new AppError('INVALID_REQUEST', looked.error.message)
      return looked
    } catch (error) {
      entry.signal.throwIfAborted()
      throw new AppError('INVALID_REQUEST', `The edited call cannot be approved: ${messageOf(error)}`)
    }
  }

  const approve = async (entry: Pending, request: ApproveRequest) => {
    const isEdited = isEdit(request)
    const shown = entry.prepared
    // Other parameters are looked at for themselves; everything else stands or falls with what was shown.
    const fresh = request.params === undefined ? await lookAgain(entry) : shown
    const hash = fresh.preview?.hash
    if (request.params === undefined && hash !== shown.preview?.hash) showAfresh(entry, fresh)
    if (request.preview_hash !== undefined && request.preview_hash !== hash)
      throw new AppError(
        'STALE_PREVIEW',
        'This decision is about an older preview. Look at the present one, then decide again.',
        {
          preview: fresh.preview ?? null,
        },
      )
    const final = isEdited ? await edited(entry, fresh, request) : fresh
    if (final.verdict.decision === 'deny')
      throw new AppError(isEdited ? 'INVALID_REQUEST' : 'FORBIDDEN', final.verdict.reason)
    // What the rules allow by now needs no rule of its own, but that is no reason to refuse the one that was shown.
    const { remember } = fresh.verdict.decision === 'allow' ? shown : fresh
    const rule = request.remember && remember?.[request.remember]
    if (request.remember && !rule)
      throw new AppError('INVALID_REQUEST', 'This call cannot be remembered. Approve it without `remember`.')
    entry.signal.throwIfAborted()
    if (rule) await session.remember(rule, request.remember!, final.effect.definition)
    entry.signal.throwIfAborted()
    decide(
      entry,
      { decision: 'approved', prepared: final, ...(isEdited && { note: await noteOf(final, fresh) }) },
      { decision: 'approved', by: 'user', ...(isEdited && { edited: true, params: final.call.params }) },
    )
  }

  /** What a rule or a hook wants asked stays for the person, and so does what changed since it was shown. */
  const settle = async (entry: Pending, reason: string) => {
    const shown = entry.prepared
    entry.deciding = true
    try {
      const { call, tool } = shown
      const fresh = await look(call, tool, entry.place, entry.signal, true)
      if (!waits(entry)) return
      const { decision } = fresh.verdict
      if (decision === 'deny') rejectWith(entry, fresh.verdict.reason, 'config')
      else if (decision === 'allow' && shown.verdict.by === 'default' && fresh.preview?.hash === shown.preview?.hash)
        decide(entry, { decision: 'approved', prepared: fresh }, { decision: 'approved', by: 'config', reason })
    } catch (error) {
      // It cannot run any more as it was shown, or an interrupt came: the person, or the interrupt, decides.
      if (isUnwritten(error)) throw error
    } finally {
      entry.deciding = false
    }
  }
  const waits = (entry: Pending) => pending.get(entry.prepared.call.tool_call_id) === entry
  const rejectWith = (entry: Pending, reason: string | undefined, by: 'user' | 'config') => {
    const message = reason && by === 'user' ? `The user rejected this call: ${reason}` : reason
    decide(
      entry,
      { decision: 'rejected', prepared: entry.prepared, message, ...(by === 'user' && { reason }) },
      { decision: 'rejected', by, reason },
    )
  }

  return {
    ask(turn_id, prepared, place, signal, by = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<Decision>()
      const entry: Pending = { turn_id, prepared, place, signal, by, deciding: false, resolve }
      const { tool_call_id } = prepared.call
      pending.set(tool_call_id, entry)
      // Runs in a listener or a timer, where nobody would catch: a log that fails then ends the question.
      const settling = (act: () => void) => () => {
        if (pending.get(tool_call_id) !== entry) return
        try {
          act()
        } catch (error) {
          reject(error)
        } finally {
          pending.delete(tool_call_id)
        }
      }
      const cancel = settling(() => {
        session.append({ type: 'approval', turn_id, tool_call_id, ...by, decision: 'cancelled', by: 'user' })
        reject(signal.reason)
      })
      const expire = settling(() => {
        const reason = `Nobody decided within ${session.timeout_seconds} seconds.`
        decide(entry, { decision: 'timeout', prepared, message: reason }, { decision: 'timeout', by: 'config', reason })
      })
      const off = onAbort(signal, cancel)
      const timer = session.timeout_seconds > 0 && setTimeout(expire, session.timeout_seconds * 1000)
      return promise.finally(() => {
        off()
        if (timer) clearTimeout(timer)
      })
    },

    async approve(request) {
      if ([request.params, request.content, request.files].filter(given => given !== undefined).length > 1)
        throw new AppError('INVALID_REQUEST', 'Send one of `params`, `content` and `files`, not two of them.')
      if (request.remember && isEdit(request))
        throw new AppError('INVALID_REQUEST', 'An edited call cannot be remembered. Approve it without `remember`.')
      const entry = find(request.tool_call_id)
      entry.deciding = true
      try {
        await approve(entry, request)
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'INTERRUPTED') throw error
        throw new AppError('ALREADY_DECIDED', 'An interrupt came first and cancelled this call; nothing changed.')
      } finally {
        entry.deciding = false
      }
    },

    reject({ tool_call_id, reason, by = 'user', remember }) {
      const entry = find(tool_call_id)
      const rule = entry.prepared.remember?.session
      if (remember && !rule)
        throw new AppError('INVALID_REQUEST', 'This call cannot be remembered. Reject it without `remember`.')
      if (remember) session.append({ type: 'session.updated', rule, action: 'deny' })
      rejectWith(entry, reason, by)
    },

    async reconsider(reason) {
      await Promise.all([...pending.values()].filter(({ deciding }) => !deciding).map(entry => settle(entry, reason)))
    },

    expiresAt: () =>
      session.timeout_seconds > 0 ? new Date(Date.now() + session.timeout_seconds * 1000).toISOString() : undefined,
  }
}

/** Whether a decision came too late: its call does not wait for one any more. */
export const isNotWaiting = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'ALREADY_DECIDED' || error.code === 'INVALID_TOOL_CALL')

const isUnwritten = (error: unknown): boolean => error instanceof AppError && error.code === 'TRANSCRIPT_ERROR'

/** Tells the model what the person changed, in front of the result. */
async function noteOf(final: Prepared, shown: Prepared): Promise<string> {
  const files = final.preview?.files ?? []
  if (!final.tool.divisible) {
    const diffs = files.map(file => file.diff).join('\n')
    return `The user edited this call before approving it. What was run instead:\n${diffs || JSON.stringify(final.call.params)}\n\n`
  }
  const before = new Map(shown.preview?.files.map(({ path, diff }) => [path, diff]))
  const edited = files.filter(({ path, diff }) => before.get(path) !== diff)
  const refused = [...before.keys()].filter(path => !files.some(file => file.path === path))
  return [
    'The user approved this in part.',
    refused.length > 0 && `Refused, and left as it is: ${refused.join(', ')}.`,
    edited.length > 0 &&
      `Changed by the user; what is done there instead:\n${edited.map(({ diff }) => diff).join('\n')}`,
    '\n',
  ]
    .filter(Boolean)
    .join('\n')
}
