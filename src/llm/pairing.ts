import type { ModelMessage } from './provider.ts'

/** The results among the messages, by the call that each is of. */
export const resultsByCall = (
  messages: readonly ModelMessage[],
): ReadonlyMap<string, Extract<ModelMessage, { role: 'tool' }>> =>
  new Map(messages.flatMap(each => (each.role === 'tool' ? [[each.tool_call_id, each] as const] : [])))
