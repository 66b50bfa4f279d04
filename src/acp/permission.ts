import type { AgentContext, PermissionOption } from '@agentclientprotocol/sdk'
import { AppError, messageOf } from '../base/errors.ts'
import type { Stored, ToolCallAnnounced } from '../event.ts'
import { isNotWaiting } from '../session/approvals.ts'
import type { Session } from '../session/session.ts'
import { callOf } from './call.ts'

type Call = Stored<ToolCallAnnounced>
export type Asking = {
  client: AgentContext
  session: Session
  /** Resolves when the client has been sent what comes before the question. */
  drained(): Promise<void>
  log(level: 'warn', message: string): void
  gone: AbortSignal
}

/**
 * Puts the decision about a call to the client. It holds for what was shown: a call whose files changed meanwhile is announced,
 * and asked about, again. The question is withdrawn when it is decided elsewhere, or the turn is interrupted.
 */
export async function askPermission(call: Call, { client, session, drained, log, gone }: Asking): Promise<void> {
  const { approvals } = session
  const { tool_call_id } = call
  const over = new AbortController()
  const unsubscribe = session.subscribe(event => {
    if (event.type !== 'approval' && event.type !== 'tool.call') return
    if (event.tool_call_id === tool_call_id && event !== call) over.abort()
  })
  try {
    await drained()
    const { title, kind, status, content, locations, rawInput } = callOf(call, session.state.project_path)
    const { outcome } = await client.request(
      'session/request_permission',
      {
        sessionId: session.id,
        toolCall: { toolCallId: tool_call_id, title, kind, status, content, locations, rawInput },
        options: optionsFor(call),
      },
      { cancellationSignal: over.signal, stopWaitingOnCancel: true },
    )
    if (over.signal.aborted) return
    if (outcome.outcome === 'cancelled') return void (await session.turns.interrupt())
    const { optionId } = outcome as { optionId: string }
    if (optionId === 'reject_once') return approvals.reject({ tool_call_id })
    if (optionId === 'reject_always') return approvals.reject({ tool_call_id, remember: 'session' })
    if (optionId !== 'allow_once' && optionId !== 'allow_always') throw new Error(`It chose "${optionId}".`)
    const remember = optionId === 'allow_always' ? ({ remember: 'session' } as const) : {}
    await approvals.approve({ tool_call_id, preview_hash: call.preview?.hash, ...remember })
  } catch (error) {
    if (over.signal.aborted || gone.aborted || session.isOver || isNotWaiting(error)) return
    log('warn', `${session.id}: no decision about ${tool_call_id}: ${messageOf(error)}`)
    // Else it would wait without end.
    if (session.state.approvals.has(tool_call_id))
      approvals.reject({ tool_call_id, reason: reasonOf(error), by: 'config' })
  } finally {
    unsubscribe()
  }
}

const reasonOf = (error: unknown) =>
  error instanceof AppError ? error.message : `The client gave no decision: ${messageOf(error)}`

function optionsFor({ remember }: Call): PermissionOption[] {
  const allow: PermissionOption = { optionId: 'allow_once', name: 'Allow once', kind: 'allow_once' }
  const reject: PermissionOption = { optionId: 'reject_once', name: 'Reject', kind: 'reject_once' }
  if (!remember) return [allow, reject]
  const { session } = remember
  return [
    allow,
    { optionId: 'allow_always', name: `Allow always in this session: ${session}`, kind: 'allow_always' },
    reject,
    { optionId: 'reject_always', name: `Reject always in this session: ${session}`, kind: 'reject_always' },
  ]
}
