import { noUsage } from '../base/usage.ts'
import type { Prompt, Stored, Usage } from '../event.ts'
import type { Log } from './log.ts'

/** How a turn went, for a prompt that waits for it. */
export type TurnOutcome = {
  status: 'success' | 'interrupted' | 'error'
  text: string
  turn_id: string
  usage: Usage
  error?: { code: string; message: string }
}

/** Lets the sender of a prompt wait for the end of the turn that took it, however it ends. */
export function createOutcomes(log: Pick<Log, 'events' | 'failed'>) {
  const waiting = new Map<string, ((outcome: TurnOutcome) => void)[]>()
  const settle = (prompt: string, outcome: TurnOutcome) => {
    for (const resolve of waiting.get(prompt) ?? []) resolve(outcome)
    waiting.delete(prompt)
  }
  const dropped = (prompt: string): TurnOutcome => ({
    status: 'interrupted',
    text: '',
    turn_id: prompt,
    usage: noUsage(),
  })
  return {
    /** Of a prompt that is sent now, by the id that it was given. */
    next: (prompt: string): Promise<TurnOutcome> =>
      new Promise(resolve => waiting.set(prompt, [...(waiting.get(prompt) ?? []), resolve])),
    /** Of a prompt that was sent before. */
    of(prompt: string): Promise<TurnOutcome> {
      if (log.events.some(event => event.type === 'prompt.dropped' && event.turn_id === prompt))
        return Promise.resolve(dropped(prompt))
      const turn_id = turnOf(log.events, prompt)
      const hasEnded = log.events.some(event => event.type === 'turn.end' && event.turn_id === turn_id)
      return hasEnded ? Promise.resolve(outcomeOf(log, turn_id)) : this.next(prompt)
    },
    /** `queued` are the prompts that wait for a turn of their own. */
    ended(turn_id: string, queued: { has(prompt: string): boolean }) {
      for (const prompt of [...waiting.keys()])
        if (!queued.has(prompt) && turnOf(log.events, prompt) === turn_id) settle(prompt, outcomeOf(log, turn_id))
    },
    dropped: (prompt: string) => settle(prompt, dropped(prompt)),
    /** Nothing more will end here: a log that failed, of a session that is let go of. */
    abandon() {
      for (const prompt of [...waiting.keys()]) settle(prompt, outcomeOf(log, turnOf(log.events, prompt)))
    },
  }
}

const isPrompt = (event: Stored): event is Stored<Prompt> => event.type === 'prompt'

/**
 * The turn that a prompt went into: its own, or the one that it steered. A prompt that still waits has none but its own. Reads
 * backward: what is asked for is near the end.
 */
function turnOf(events: readonly Stored[], prompt: string): string {
  let reported: string | undefined
  let i = events.findLastIndex(event => isPrompt(event) && event.turn_id === prompt)
  for (; i >= 0; i--) {
    const event = events[i]!
    if (event.type === 'turn.end' && reported !== undefined) return reported
    if (!isPrompt(event)) continue
    if (event.source === 'user') return event.turn_id
    // The report of an agent begins a turn where none is open.
    if (event.report_of) reported = event.turn_id
  }
  return reported ?? prompt
}

/** Whether it belongs to an agent that a call delegated to, not to the turn's own. */
export const isDelegated = (event: Stored) => 'parent_tool_call_id' in event && event.parent_tool_call_id !== undefined

/** Read off the log; a turn that is not in it to its end, or may not be on the disk, failed with the log. */
function outcomeOf({ events, failed }: Pick<Log, 'events' | 'failed'>, turn_id: string): TurnOutcome {
  const from = events.findLastIndex(event => isPrompt(event) && event.turn_id === turn_id)
  const own = events
    .slice(Math.max(0, from))
    .filter(event => 'turn_id' in event && event.turn_id === turn_id && !isDelegated(event))
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
