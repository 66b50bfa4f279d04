import { toolError } from '../agent/call.ts'
import { Rejected } from '../agent/perform.ts'
import { AppError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { DelegateEnd, Event } from '../event.ts'
import type { Output } from '../tools/tool.ts'
import type { Child } from './delegation.ts'
import type { Isolation, Landed } from './isolation.ts'
import type { Session } from './session.ts'

/** What became of the changes of an isolated agent. Empty where none were offered: it has no copy, was stopped or failed. */
export type Landing = { landed?: Landed; refused?: unknown }
export type Ended = { end: DelegateEnd; landing: Landing; isInCopy: boolean }

/**
 * Asks for approval of what an isolated agent changed. The call of a background agent has a result already: its changes are
 * announced as a call of their own, which that agent makes.
 */
export async function land(
  session: Session,
  isolation: Isolation,
  { agent, task, by, tags }: Child,
  tool_call_id: string,
  signal: AbortSignal,
): Promise<Landing> {
  const { background, ...given } = task
  const own = background ? newId('tc') : tool_call_id
  const owner = background ? tags : by.tags
  const started = performance.now()
  const emit = (event: Event) => session.take(event)
  let landing: Landing = {}
  try {
    const landed = await isolation.offer(
      { turn: by.turn(), tags: owner, tool_call_id: own, params: given, agent: agent.name, emit },
      signal,
    )
    landing = { landed }
  } catch (refused) {
    landing = { refused }
  }
  if (background) {
    const status = landing.landed ? 'success' : landing.refused instanceof Rejected ? 'rejected' : 'error'
    const message = landing.landed?.note ?? messageOf(landing.refused)
    if (session.state.open_calls.has(own))
      emit({
        type: 'tool.result',
        turn_id: by.turn_id,
        tool_call_id: own,
        ...owner,
        tool: 'delegate',
        status,
        ...(status === 'error' && { error: toolError(landing.refused) }),
        message,
        execution_time_ms: Math.round(performance.now() - started),
      })
    for (const event of landing.landed?.changed ?? []) emit(event)
  }
  signal.throwIfAborted()
  return landing
}

/** For the model, behind the report. */
export const noteOf = ({ landed, refused }: Landing): string =>
  landed ? `\n\n${landed.note}` : refused ? `\n\n[What it changed was dropped: ${messageOf(refused)}]` : ''

/** The result of a call that delegates. Throws where the agent was stopped, failed, or its changes were refused. */
export function outputOf({ end, landing, isInCopy }: Ended): Output {
  const { agent, outcome, report, usage, reason = '' } = end
  const said = report === '' ? '' : `\nIts last words: ${report}`
  if (outcome === 'interrupted')
    throw new AppError(
      'INTERRUPTED',
      `The user stopped ${agent} before it had finished; ${isInCopy ? 'its copy of the project is gone' : 'what it did stays done'}.${said}`,
    )
  if (outcome === 'error') throw new AppError('TOOL_FAILED', `${agent} failed before it had finished. ${reason}${said}`)
  const limit = outcome === 'limit' ? '\n[It reached its limit, or nobody decided in time, before it was done.]' : ''
  const { landed, refused } = landing
  if (refused instanceof Rejected)
    throw new Rejected(`${refused.message}\nWhat ${agent} changed was dropped.${said}`, refused.reason)
  if (refused)
    throw new AppError(
      refused instanceof AppError ? refused.code : 'TOOL_FAILED',
      `What ${agent} changed was dropped: ${messageOf(refused)}${said}`,
    )
  return {
    content: `${report || 'It ended without a report.'}${limit}${noteOf(landing)}`,
    metadata: { agent, outcome, usage },
    ...(landed && { changes: landed.changes }),
  }
}
