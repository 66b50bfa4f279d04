import { totalTokens } from '../base/usage.ts'
import type { Event } from '../event.ts'
import type { Session } from './session.ts'

/** Who stands behind a question that no MCP server asks. */
const ASKED_BY = 'emacs-agent'

/**
 * Holds the costs of a session to `max_cost_usd`. `begin` is called at each turn's beginning and returns what is asked before
 * each of its model calls: once the turn, or the session, has cost so much, a person decides, and again after as much more.
 */
export function createLimit(session: Session, max_cost_usd: number) {
  let sessionMay = max_cost_usd
  let isSaid = false

  return {
    begin(turn_id: string) {
      const before = session.state.spent_usd
      let turnMay = max_cost_usd
      return async function* (signal: AbortSignal): AsyncGenerator<Event, boolean> {
        if (max_cost_usd === 0) return true
        const { spent_usd, usage } = session.state
        if (usage.cost_usd === undefined && totalTokens(usage) > 0 && !isSaid) {
          isSaid = true
          yield unknownCost(turn_id)
        }
        const turn = spent_usd - before
        if (turn < turnMay && spent_usd < sessionMay) return true
        const what =
          turn >= turnMay ? `This turn has cost $${dollars(turn)}` : `This session has cost $${dollars(spent_usd)}`
        const { action, content } = await session.questions.ask(
          {
            kind: 'ask',
            server: ASKED_BY,
            message: `${what}; max_cost_usd is ${max_cost_usd}. Go on, for as much again?`,
            schema: SCHEMA,
          },
          signal,
        )
        signal.throwIfAborted()
        if (action !== 'accept' || Object(content).answer === STOP) return false
        turnMay = turn + max_cost_usd
        sessionMay = spent_usd + max_cost_usd
        return true
      }
    },
  }
}

const STOP = 'stop'
const SCHEMA = { type: 'object', properties: { answer: { type: 'string', enum: ['go on', STOP], default: 'go on' } } }

const dollars = (amount: number) => amount.toFixed(amount < 0.1 ? 4 : 2)

const unknownCost = (turn_id: string): Event => ({
  type: 'notice',
  turn_id,
  code: 'COST_UNKNOWN',
  message:
    'max_cost_usd holds only for what has a price, and this session used a model without one. Set prices under [models."PROVIDER/MODEL"] in emacs-agent.toml.',
})
