import { expect } from 'bun:test'
import { streamOffline } from '../../src/guide/guide.ts'
import type { ModelMessage, ModelReply, ModelRequest } from '../../src/llm/provider.ts'
import { builtinTools } from '../../src/tools/registry.ts'

export const definitions = (names?: string[]): ModelRequest['tools'] =>
  builtinTools
    .filter(tool => names?.includes(tool.name) ?? true)
    .map(({ name, description, parameters }) => ({ name, description, parameters }))

/** One model call; checks what holds for every reply. */
export async function reply(messages: ModelMessage[], tools = definitions()): Promise<ModelReply> {
  const request = { model: 'offline/guide', system: '', messages, tools }
  const stream = streamOffline(request, new AbortController().signal)
  let streamed = ''
  for (;;) {
    const { done, value } = await stream.next()
    if (!done) {
      if (value.type === 'text') streamed += value.text
      continue
    }
    expect(streamed).toBe(value.text)
    expect(value.stop_reason).toBe(value.tool_calls.length > 0 ? 'tool_use' : 'end_turn')
    expect(value.text !== '' || value.tool_calls.length > 0).toBe(true)
    for (const call of value.tool_calls) expect(tools.map(tool => tool.name)).toContain(call.tool)
    return value
  }
}
