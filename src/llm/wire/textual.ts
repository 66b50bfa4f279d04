import type { ToolCall } from '../../event.ts'
import type { ModelEvent, ModelMessage, ModelReply, ModelRequest, ToolDefinition } from '../provider.ts'
import { inCallOrder, sendableName } from './conversation.ts'
import type { Reader } from './reader.ts'
import { CallScanner } from './scanner.ts'
import { offeredName } from './tool-name.ts'

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

/**
 * Reads calls out of the text of another reader's answer. What is shown and kept is the text without them. `asked`: the model
 * was told to write them so; else its server should have read them, and calls that it did read come first.
 */
export function textualReader(inner: Reader, tools: ToolDefinition[], asked: boolean): Reader {
  let scanner = new CallScanner(tools, asked)
  let text = ''

  function shown(words: string): ModelEvent[] {
    text += words
    return words ? [{ type: 'text', text: words }] : []
  }
  const pass = (events: ModelEvent[]) =>
    events.flatMap(event => {
      if (event.type !== 'text') return [event]
      if (!event.replace) return shown(scanner.feed(event.text))
      const words: ModelEvent[] = text ? [event] : []
      text = ''
      scanner = new CallScanner(tools, asked)
      return words
    })

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
      const written =
        reply.tool_calls.length + scanner.tool_calls.length > 0 || text.trim() ? scanner : inThinking(reply, tools)
      return withCalls({ ...reply, text }, written, tools)
    },
    partial: () => ({ ...inner.partial(), text }),
  }
}

/** A model that forgot to end its thinking before its call: nothing was answered, nothing else was called. */
function inThinking({ thinking = '' }: ModelReply, tools: ToolDefinition[]): CallScanner {
  const scanner = new CallScanner(tools)
  scanner.feed(thinking)
  scanner.end()
  return scanner
}

function withCalls(reply: ModelReply, { tool_calls, raw_arguments }: CallScanner, tools: ToolDefinition[]): ModelReply {
  const native = reply.tool_calls.map(call => ({
    ...call,
    tool: offeredName(
      call.tool,
      tools.map(tool => tool.name),
    ),
  }))
  if (reply.stop_reason === 'refusal') return reply
  // A server that reads the calls, and leaves them in the text as well.
  const made = new Set(native.map(essence))
  const written = tool_calls.filter(call => !made.has(essence(call)))
  if (written.length === 0) return { ...reply, tool_calls: native }
  const raw = { ...(reply.provider_data?.['raw_arguments'] as Record<string, string> | undefined), ...raw_arguments }
  return {
    ...reply,
    tool_calls: [...native, ...written],
    stop_reason: reply.stop_reason === 'max_tokens' ? 'max_tokens' : 'tool_use',
    ...(Object.keys(raw_arguments).length > 0 && {
      provider_data: { provider: 'text', ...reply.provider_data, raw_arguments: raw },
    }),
  }
}

const essence = ({ tool, params }: ToolCall): string => JSON.stringify([tool, params])
