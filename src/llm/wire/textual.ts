import type { ToolCall } from '../../event.ts'
import type { ModelEvent, ModelMessage, ModelReply, ModelRequest, ToolDefinition } from '../provider.ts'
import { inCallOrder, sendableName } from './conversation.ts'
import type { Reader } from './reader.ts'
import { CallScanner } from './scanner.ts'

/** The request with tools, calls and results written into the text, for models that know no other way. */
export function inText(request: ModelRequest): ModelRequest {
  const { system, messages, tools } = request
  return {
    ...request,
    tools: [],
    system: tools.length === 0 ? system : [system, instructions(tools)].filter(Boolean).join('\n\n'),
    messages: inCallOrder(messages).map(asText),
  }
}

const instructions = (tools: ToolDefinition[]): string => `# Tools

You can call tools. To call one, write a block like this, with the arguments as one JSON object:

<tool_call>
{"name": "NAME_OF_THE_TOOL", "arguments": {"ARGUMENT": "VALUE"}}
</tool_call>

Write one block for each call, and nothing after the last one: the results come in the next message, in <tool_result> blocks. Never write a <tool_result> yourself. When no tool is needed, just answer.

The tools, each with the JSON Schema of its arguments:

${tools.map(({ name, description, parameters }) => `## ${name}\n${description}\n${JSON.stringify(parameters)}`).join('\n\n')}`

function asText(message: ModelMessage): ModelMessage {
  if (message.role === 'user') return message
  if (message.role === 'tool') {
    const { tool, content, is_error, images } = message
    const body = (content || '(no output)').replaceAll('</tool_result', '<\\/tool_result')
    const text = `<tool_result name="${sendableName(tool)}"${is_error ? ' error="true"' : ''}>\n${body}\n</tool_result>`
    return { role: 'user', text, ...(images && { images }) }
  }
  const calls = message.tool_calls.map(
    ({ tool, params }) =>
      `<tool_call>\n${JSON.stringify({ name: sendableName(tool), arguments: params })}\n</tool_call>`,
  )
  return {
    role: 'assistant',
    text: [message.text, ...calls].filter(Boolean).join('\n\n'),
    tool_calls: [],
    model: message.model,
  }
}

/** Reads calls out of the text of another reader's answer. What is shown and kept is the text without them. */
export function textualReader(inner: Reader, tools: ToolDefinition[]): Reader {
  const scanner = new CallScanner(new Set(tools.map(tool => tool.name)))
  let text = ''

  function shown(words: string): ModelEvent[] {
    text += words
    return words ? [{ type: 'text', text: words }] : []
  }
  const pass = (events: ModelEvent[]) =>
    events.flatMap(event => (event.type === 'text' ? shown(scanner.feed(event.text)) : [event]))

  return {
    read: (data, event) => pass(inner.read(data, event)),
    done: () => inner.done(),
    flush: () => [...pass(inner.flush?.() ?? []), ...shown(scanner.end())],
    get finished() {
      return inner.finished
    },
    get closed() {
      return inner.closed
    },
    reply() {
      const reply = inner.reply()
      shown(scanner.end()) // a connection that broke behind the finish flushed nothing
      return withCalls({ ...reply, text }, scanner.tool_calls, scanner.raw_arguments)
    },
    partial: () => ({ ...inner.partial(), text }),
  }
}

function withCalls(reply: ModelReply, calls: ToolCall[], raw: Record<string, string>): ModelReply {
  if (calls.length === 0 || reply.stop_reason === 'refusal') return reply
  const raw_arguments = { ...(reply.provider_data?.['raw_arguments'] as Record<string, string> | undefined), ...raw }
  return {
    ...reply,
    tool_calls: [...reply.tool_calls, ...calls],
    stop_reason: reply.stop_reason === 'max_tokens' ? 'max_tokens' : 'tool_use',
    ...(Object.keys(raw).length > 0 && {
      provider_data: { provider: 'text', ...reply.provider_data, raw_arguments },
    }),
  }
}
