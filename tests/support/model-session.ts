import { expect } from 'bun:test'
import type { EventStream } from './backend.ts'
import type { Said } from './model-replies.ts'

export type Files = Record<string, string>

export const many = (...calls: [name: string, args: object | string][]): Said => ({
  calls: calls.map(([name, args], i) => ({ id: `c${i}_`, name, args })),
})

export const results = (stream: EventStream) =>
  stream.frames.filter(frame => frame.event === 'tool.result').map(f => f.data)

export const end = async (stream: EventStream, from = 0) => (await stream.next('turn.end', from)).data

export const textOf = (message: any): string => JSON.stringify(message.content)

/** What providers insist on: directly after the calls of a message come their results, each once, in order. */
export function expectValid(messages: any[]) {
  for (let i = 0; i < messages.length; i++) {
    const { role, tool_calls } = messages[i]
    if (role === 'tool') throw new Error(`A result without a call: ${JSON.stringify(messages[i])}`)
    expect(role).not.toBe(messages[i - 1]?.role)
    const ids: string[] = tool_calls?.map((each: any) => each.id) ?? []
    const after = messages.slice(i + 1, i + 1 + ids.length)
    expect(after.map(each => each.tool_call_id)).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    i += ids.length
  }
}
