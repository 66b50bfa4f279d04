import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionToolMessageParam,
} from 'openai/resources/chat/completions'
import { defined } from '../../base/defined.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Image, JsonSchema, ModelRequest } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'
import { NO_ANSWER } from '../shapes.ts'
import { type Part, type Step, toSteps, writeSteps } from '../wire/conversation.ts'
import { wellFormed } from '../wire/well-formed.ts'

/** What Gemini takes instead of the signature of a call that it did not make itself (ai.google.dev, Thought signatures). */
export const FOREIGN_SIGNATURE = 'skip_thought_signature_validator'

/** What OpenAI's own API does not have: fields of servers that imitate it, each sent only to those that want it. */
type Imitated = { reasoning_content?: string; extra_content?: unknown }
type AssistantMessage = Omit<ChatCompletionAssistantMessageParam, 'tool_calls'> &
  Imitated & { tool_calls?: (ChatCompletionMessageFunctionToolCall & Pick<Imitated, 'extra_content'>)[] }
type ToolMessage = ChatCompletionToolMessageParam & { name?: string }
type ChatMessage = Exclude<ChatCompletionMessageParam, { role: 'assistant' | 'tool' }> | AssistantMessage | ToolMessage
type ChatBody = Omit<ChatCompletionCreateParamsStreaming, 'messages'> & { messages: ChatMessage[] }

/** The body of `POST /chat/completions`. The messages come last: a second request begins with the bytes of the first. */
export function chatBody(endpoint: Endpoint, request: ModelRequest, refused: ReadonlySet<Unsupported>): ChatBody {
  const { kind } = endpoint
  const max = request.max_output_tokens
  const effort = request.effort && !refused.has('effort') ? request.effort : undefined
  const completion = kind === 'openai' && !refused.has('max_completion_tokens')
  const cached = kind === 'openai' && !refused.has('prompt_cache_key') && request.session_id
  const system: ChatMessage[] = request.system ? [{ role: 'system', content: request.system }] : []
  return defined<ChatBody>({
    model: endpoint.model,
    stream: true,
    stream_options: refused.has('stream_options') ? undefined : { include_usage: true },
    max_completion_tokens: completion && max ? max : undefined,
    max_tokens: !completion && max ? max : undefined,
    reasoning_effort: effort,
    prompt_cache_key: cached || undefined,
    tools:
      request.tools.length > 0
        ? request.tools.map(
            ({ name, description, parameters }): ChatCompletionFunctionTool => ({
              type: 'function',
              function: { name, description, parameters: plainSchema(parameters) },
            }),
          )
        : undefined,
    messages: [
      ...system,
      ...writeSteps(toSteps(request.messages, endpoint, 'chat', refused), steps =>
        steps.flatMap(step => toMessages(step, endpoint, refused)),
      ),
    ],
  })
}

/** For servers that take no message without a text. */
const NO_TEXT = '(Calling tools.)'

/** Some servers refuse a schema that says which version of JSON Schema it is. */
export const plainSchema = ({ $schema: _, $id: __, ...schema }: JsonSchema): JsonSchema => schema

function toMessages(step: Step, endpoint: Endpoint, refused: ReadonlySet<Unsupported>): ChatMessage[] {
  if (step.role === 'user') return [{ role: 'user', content: userContent(step.parts) }]
  if (step.role === 'assistant') return [fromAssistant(step, endpoint, refused)]
  const images = step.results.flatMap(({ name, images }) => images.map(image => ({ name, image })))
  return [
    ...step.results.map(({ id, name, content, is_error }) =>
      defined<ToolMessage>({
        role: 'tool',
        tool_call_id: id,
        name: refused.has('unnamed_results') ? name : undefined,
        content: is_error && !/^error/i.test(content) ? `Error: ${content}` : content, // this wire has no other way to say so
      }),
    ),
    // Nor can a result hold an image here.
    ...(images.length > 0 && refused.has('user_after_tool')
      ? [{ role: 'assistant' as const, content: NO_ANSWER }]
      : []),
    ...images.map(({ name, image }) => ({
      role: 'user' as const,
      content: [{ type: 'text' as const, text: `The image that ${name} returned:` }, imagePart(image)],
    })),
  ]
}

function userContent(parts: Part[]): string | ChatCompletionContentPart[] {
  if (parts.every(part => 'text' in part)) return parts.map(part => part.text).join('\n\n')
  return parts.map(part => ('text' in part ? { type: 'text', text: part.text } : imagePart(part.image)))
}

const imagePart = ({ media_type, data }: Image): ChatCompletionContentPart => ({
  type: 'image_url',
  image_url: { url: `data:${media_type};base64,${data}` },
})

/** What a server said beside the standard fields goes back to that server alone, unchanged. */
function fromAssistant(
  step: Extract<Step, { role: 'assistant' }>,
  endpoint: Endpoint,
  refused: ReadonlySet<Unsupported>,
): AssistantMessage {
  const extras = step.own?.['call_extras'] as Record<string, unknown> | undefined
  const signed = Object.keys(extras ?? {}).length > 0 || step.own?.['extra_content'] !== undefined
  const foreign = endpoint.kind === 'gemini' && !signed
  const reasoning = refused.has('reasoning_history') ? undefined : (step.own?.['reasoning'] as object | undefined)
  const hasCalls = step.calls.length > 0
  return defined<AssistantMessage>({
    role: 'assistant',
    content: step.text || (refused.has('empty_content') ? NO_TEXT : refused.has('null_content') ? '' : null),
    reasoning_content: refused.has('missing_reasoning') ? (step.thinking ?? '') : undefined,
    ...(hasCalls && reasoning), // DeepSeek wants it back with the results of a call, OpenRouter for the model behind it
    tool_calls: hasCalls
      ? step.calls.map(({ id, tool_call_id, name, params }, index) =>
          defined<NonNullable<AssistantMessage['tool_calls']>[number]>({
            id,
            type: 'function',
            function: { name, arguments: wellFormed(JSON.stringify(params)) },
            extra_content: extras?.[tool_call_id] ?? (foreign && index === 0 ? foreignCall() : undefined),
          }),
        )
      : undefined,
    extra_content: step.own?.['extra_content'],
  })
}

const foreignCall = () => ({ google: { thought_signature: FOREIGN_SIGNATURE } })
