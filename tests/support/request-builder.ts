import type { Event } from '../../src/event.ts'
import type { ModelMessage } from '../../src/llm/provider.ts'

export const code = (lines: number, seed = 1) =>
  Array.from({ length: lines }, (_, i) => `${i + 1}\texport const value${seed}_${i} = compute(${i}, 'name')`).join('\n')

/** Tokens of history that fit, with a prefix of nothing: the window is this and a quarter for the answer. */
export const windowOf = (room: number) => Math.ceil((room * 4) / 3)

export const compactions = (events: readonly Event[]) =>
  events.flatMap(e => (e.type === 'context.compacted' ? [e] : []))

export const textOf = (message: ModelMessage) => (message.role === 'tool' ? message.content : message.text)
