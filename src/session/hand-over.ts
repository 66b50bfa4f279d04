import { findAgent } from '../agent/agents.ts'
import { state } from '../agent/turn.ts'
import { newId } from '../base/ids.ts'
import type { Event, Stored } from '../event.ts'
import type { Models } from '../llm/models/models.ts'
import { endingPlan, numbered, planText, readPlan, type Step } from '../transcript/plan.ts'
import { isDelegated } from './outcomes.ts'
import type { Session } from './session.ts'

const PLANS = 'plan'
const BUILDS = 'build'

/**
 * After a turn of the plan agent that came to a list of steps, asks whether to carry it out. Accepted, as it is or edited, the
 * list is the build agent's, and a prompt for that agent waits: it begins when this turn has ended.
 */
export async function* handOver(
  session: Session,
  models: Models,
  turn_id: string,
  signal: AbortSignal,
): AsyncGenerator<Event, void> {
  const { isSet, steps } = planOf(session.counting, turn_id)
  if (!steps.some(({ status }) => status === 'pending' || status === 'in_progress')) return
  const before = session.state.conversation.plan
  const items = numbered(steps, before)
  if (!isSet) yield { type: 'plan', turn_id, agent: PLANS, items }
  yield state({ agent: { name: PLANS } }, 'waiting_approval', { details: 'The plan waits for a decision' })
  const { action, content } = await session.questions.ask(
    {
      kind: 'plan',
      server: 'The plan agent',
      message: 'Shall the build agent carry out this plan?',
      schema: schemaOf(planText(items)),
    },
    signal,
  )
  signal.throwIfAborted()
  if (action !== 'accept') return
  const chosen = chosenOf(content, steps)
  if (chosen.length === 0) return
  // The mode plan would refuse every change that the accepted plan needs.
  if (session.state.config.mode === 'plan') yield { type: 'session.mode', mode: 'ask', by: 'user' }
  const build = findAgent(session.config, BUILDS)
  if (session.state.agent === PLANS)
    yield {
      type: 'session.updated',
      agent: build.name,
      ...(build.model && { model: (await models.resolve(build.model)).id }),
    }
  const accepted = numbered(chosen, items)
  yield { type: 'plan', turn_id, agent: build.name, items: accepted }
  yield {
    type: 'prompt.queued',
    turn_id: newId('turn'),
    text: `Carry out this plan, which the user accepted. Keep the list of steps up to date with todo as you go.\n\n${planText(accepted)}`,
    agent: build.name,
    when_busy: 'queue',
  }
}

/** What a plan agent's turn came to: the list it set, else the numbered list that its answer ends with. */
function planOf(log: readonly Stored[], turn_id: string): { isSet: boolean; steps: readonly Step[] } {
  const own = log.filter(event => 'turn_id' in event && event.turn_id === turn_id && !isDelegated(event))
  const plan = own.findLast(event => event.type === 'plan')
  if (plan?.type === 'plan') return { isSet: true, steps: plan.items }
  const message = own.findLast(event => event.type === 'message')
  return { isSet: false, steps: message?.type === 'message' ? endingPlan(message.content) : [] }
}

const schemaOf = (text: string) => ({
  type: 'object',
  properties: {
    answer: { type: 'string', enum: ['accept', 'edit', 'refuse'] },
    plan: { type: 'string', default: text, description: 'the steps, to be edited' },
  },
  required: ['answer'],
})

/** The steps that were accepted; none when the plan was refused, or nothing of it is left. */
function chosenOf(content: unknown, steps: readonly Step[]): readonly Step[] {
  const { answer, plan } = Object(content) as { answer?: unknown; plan?: unknown }
  if (answer !== 'accept' && answer !== 'edit') return []
  if (typeof plan === 'string' && plan.trim() !== '') return readPlan(plan)
  return answer === 'accept' ? steps : []
}
