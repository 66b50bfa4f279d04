import type { CreateElicitationRequest, PermissionOption, SessionUpdate } from '@agentclientprotocol/sdk'
import * as v from 'valibot'
import { messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Answer, Question, Stored } from '../event.ts'
import { text } from './call.ts'
import type { Abilities } from './client.ts'
import type { Asking } from './permission.ts'

type Reply = { action: Answer['action']; content?: unknown }
type Asked = Asking & { can: Abilities; tell(update: SessionUpdate): void }

/**
 * Puts a question to the person, as the client can: a form, an address, or for a plan a permission. Where it cannot the question
 * is declined, and the person reads so: one that waits would hold up its call.
 */
export async function askQuestion(question: Stored<Question>, asked: Asked): Promise<void> {
  const { client, session, can, tell, drained, log, gone } = asked
  const { question_id, kind, server, message, url } = question
  const over = new AbortController() // by an interrupt, or because the browser came back
  const unsubscribe = session.subscribe(event => {
    if (event.type !== 'answer' || event.question_id !== question_id) return
    over.abort()
    if (url !== undefined && can.url)
      void client.notify('elicitation/complete', { elicitationId: question_id }).catch(() => {}) // the client is gone
  })
  const cancellation = { cancellationSignal: over.signal, stopWaitingOnCancel: true }
  const ask = async (): Promise<Reply> => {
    if (kind === 'plan') return judge(question, asked, cancellation)
    if (url === undefined ? can.form : can.url) {
      const { action, content } = (await client.request(
        'elicitation/create',
        elicitation(question, session.id),
        cancellation,
      )) as { action: string; content?: unknown }
      if (action === 'accept') return { action, ...(content && typeof content === 'object' ? { content } : {}) }
      return { action: action === 'decline' ? 'decline' : 'cancel' }
    }
    const what = url === undefined ? 'no forms' : `no addresses (${url})`
    const said = `${server} asks: ${message}\n\nThe question was declined: this client shows ${what}.`
    tell({ sessionUpdate: 'agent_message_chunk', messageId: newId('msg'), content: { type: 'text', text: said } })
    return { action: 'decline' }
  }
  try {
    await drained()
    const reply = await ask()
    if (!over.signal.aborted) session.questions.answer(question_id, reply)
  } catch (error) {
    if (over.signal.aborted || gone.aborted || session.isOver) return
    log('warn', `${session.id}: no answer to ${question_id}: ${messageOf(error)}`)
    session.questions.answer(question_id, { action: 'decline' })
  } finally {
    unsubscribe()
  }
}

function elicitation(question: Question, sessionId: string): CreateElicitationRequest {
  const { question_id, server, message, url, schema } = question
  const said = server ? `${server}: ${message}` : message
  if (url !== undefined) return { mode: 'url', sessionId, message: said, url, elicitationId: question_id }
  const requestedSchema = { ...v.parse(v.fallback(form, {}), schema), type: 'object' as const }
  return { mode: 'form', sessionId, message: said, requestedSchema } as CreateElicitationRequest
}

const form = v.looseObject({ properties: v.optional(v.record(v.string(), v.unknown())) })
const planned = v.object({ properties: v.object({ plan: v.object({ default: v.string() }) }) })

const DECISIONS: PermissionOption[] = [
  { optionId: 'accept', name: 'Build it', kind: 'allow_once' },
  { optionId: 'refuse', name: 'Leave it', kind: 'reject_once' },
]

/** A plan is judged as a call that switches to another agent. */
async function judge(question: Stored<Question>, asked: Asked, cancellation: object): Promise<Reply> {
  const { client, session, tell, drained } = asked
  const { question_id: toolCallId, message } = question
  const { properties } = v.parse(v.fallback(planned, { properties: { plan: { default: '' } } }), question.schema)
  const plan = properties.plan.default
  const call = {
    toolCallId,
    title: message,
    kind: 'switch_mode' as const,
    status: 'pending' as const,
    content: [text(plan)],
    rawInput: { plan },
  }
  tell({ sessionUpdate: 'tool_call', ...call })
  await drained()
  let status: 'completed' | 'failed' = 'failed'
  try {
    const { outcome } = await client.request(
      'session/request_permission',
      { sessionId: session.id, toolCall: call, options: DECISIONS },
      cancellation,
    )
    if (outcome.outcome === 'cancelled') return { action: 'cancel' }
    const { optionId } = outcome as { optionId: string }
    if (optionId === 'accept') status = 'completed'
    return { action: 'accept', content: { answer: status === 'completed' ? 'accept' : 'refuse' } }
  } finally {
    tell({ sessionUpdate: 'tool_call_update', toolCallId, status })
  }
}
