import type { Usage } from '../event.ts'
import { noUsage } from '../usage.ts'
import type { Log } from './log.ts'

/** How a turn went, for a prompt that waits for it. */
export type TurnOutcome = {
  status: 'success' | 'interrupted' | 'error'
  text: string
  turn_id: string
  usage: Usage
  error?: { code: string; message: string }
}

/** Lets whoever sent a prompt wait for the end of its turn, however it ends. */
export function createOutcomes(log: Pick<Log, 'events' | 'failed'>) {
  const waiting = new Map<string, ((outcome: TurnOutcome) => void)[]>()
  const settle = (outcome: TurnOutcome) => {
    for (const resolve of waiting.get(outcome.turn_id) ?? []) resolve(outcome)
    waiting.delete(outcome.turn_id)
  }
  return {
    of(turn_id: string): Promise<TurnOutcome> {
      const hasEnded = log.events.some(event => event.type === 'turn.end' && event.turn_id === turn_id)
      if (hasEnded) return Promise.resolve(outcomeOf(log, turn_id))
      return new Promise(resolve => waiting.set(turn_id, [...(waiting.get(turn_id) ?? []), resolve]))
    },
    ended: (turn_id: string) => settle(outcomeOf(log, turn_id)),
    dropped: (turn_id: string) => settle({ status: 'interrupted', text: '', turn_id, usage: noUsage() }),
    /** Nothing more will end here: a log that failed, of a session that is let go of. */
    abandon() {
      for (const turn_id of [...waiting.keys()]) settle(outcomeOf(log, turn_id))
    },
  }
}

/** Read off the log; a turn that is not in it to its end, or may not be on the disk, failed with the log. */
function outcomeOf({ events, failed }: Pick<Log, 'events' | 'failed'>, turn_id: string): TurnOutcome {
  const own = events.filter(event => 'turn_id' in event && event.turn_id === turn_id)
  const end = own.findLast(event => event.type === 'turn.end')
  const text = own.findLast(event => event.type === 'message')?.content ?? ''
  if (!end || failed) {
    const error = { code: 'TRANSCRIPT_ERROR', message: 'The log could not be written.' }
    return { status: 'error', text, turn_id, usage: noUsage(), error }
  }
  const failure = end.outcome === 'error' ? own.findLast(event => event.type === 'error') : undefined
  return {
    status: end.outcome === 'interrupted' ? 'interrupted' : end.outcome === 'error' ? 'error' : 'success',
    text,
    turn_id,
    usage: end.usage,
    ...(failure && { error: { code: failure.code, message: failure.message } }),
  }
}
