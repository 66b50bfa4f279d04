import type { ChatCompletionContentPart, ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { Endpoint } from '../endpoint.ts'
import type { Image, JsonSchema, ModelRequest } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'
import { NO_ANSWER } from '../shapes.ts'
import { type Part, type Step, toSteps, writeSteps } from '../wire/conversation.ts'
import { wellFormed } from '../wire/well-formed.ts'

/** What Gemini takes instead of the signature of a call that it did not make itself (ai.google.dev, Thought signatures). */
export const FOREIGN_SIGNATURE = 'skip_thought_signature_validator'

/** The body of `POST /chat/completions`. The messages come last: a second request begins with the bytes of the first. */
export function chatBody(endpoint: Endpoint, request: ModelRequest, refused: ReadonlySet<Unsupported>) {
  const { kind } = endpoint
  const max = request.max_output_tokens
  const effort = request.effort && !refused.has('effort') ? request.effort : undefined
  const completion = kind === 'openai' && !refused.has('max_completion_tokens')
  return {
    model: endpoint.model,
    stream: true as const,
    ...(!refused.has('stream_options') && { stream_options: { include_usage: true } }),
    ...(max && (completion ? { max_completion_tokens: max } : { max_tokens: max })),
    ...(effort && { reasoning_effort: effort }),
    ...(kind === 'openai' &&
      request.session_id &&
      !refused.has('prompt_cache_key') && { prompt_cache_key: request.session_id }),
    ...(request.tools.length > 0 && {
      tools: request.tools.map(({ name, description, parameters }) => ({
        type: 'function' as const,
        function: { name, description, parameters: plainSchema(parameters) },
      })),
    }),
    messages: [
      ...(request.system ? [{ role: 'system' as const, content: request.system }] : []),
      ...writeSteps(toSteps(request.messages, endpoint, 'chat', refused), steps =>
        steps.flatMap(step => toMessages(step, endpoint, refused)),
      ),
    ],
  }
}

/** For servers that take no message without a text. */
const NO_TEXT = '(Calling tools.)'

/** Some servers refuse a schema that says which version of JSON Schema it is. */
export const plainSchema = ({ $schema: _, $id: __, ...schema }: JsonSchema): JsonSchema => schema

function toMessages(step: Step, endpoint: Endpoint, refused: ReadonlySet<Unsupported>): ChatCompletionMessageParam[] {
  if (step.role === 'user') return [{ role: 'user', content: userContent(step.parts) }]
  if (step.role === 'assistant') return [fromAssistant(step, endpoint, refused)]
  const images = step.results.flatMap(({ name, images }) => images.map(image => ({ name, image })))
  return [
    ...step.results.map(({ id, name, content, is_error }) => ({
      role: 'tool' as const,
      tool_call_id: id,
      ...(refused.has('unnamed_results') && { name }),
      content: is_error && !/^error/i.test(content) ? `Error: ${content}` : content, // this wire has no other way to say so
    })),
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

const imagePart = ({ media_type, data }: Image) => ({
  type: 'image_url' as const,
  image_url: { url: `data:${media_type};base64,${data}` },
})

/** What a server said beside the standard fields comes back to it, and to nobody else, unchanged. */
function fromAssistant(
  step: Extract<Step, { role: 'assistant' }>,
  endpoint: Endpoint,
  refused: ReadonlySet<Unsupported>,
): ChatCompletionMessageParam {
  const extras = step.own?.['call_extras'] as Record<string, unknown> | undefined
  const signed = Object.keys(extras ?? {}).length > 0 || step.own?.['extra_content'] !== undefined
  const foreign = endpoint.kind === 'gemini' && !signed
  const reasoning = refused.has('reasoning_history') ? undefined : (step.own?.['reasoning'] as object | undefined)
  const message = {
    role: 'assistant' as const,
    content: step.text || (refused.has('empty_content') ? NO_TEXT : refused.has('null_content') ? '' : null),
    ...(refused.has('missing_reasoning') && { reasoning_content: step.thinking ?? '' }),
    ...(step.calls.length > 0 && {
      ...reasoning, // DeepSeek wants it back with the results of a call, OpenRouter for the model behind it
      tool_calls: step.calls.map(({ id, tool_call_id, name, params }, index) => {
        const extra = extras?.[tool_call_id] ?? (foreign && index === 0 ? foreignCall() : undefined)
        return {
          id,
          type: 'function' as const,
          function: { name, arguments: wellFormed(JSON.stringify(params)) },
          ...(extra !== undefined && { extra_content: extra }),
        }
      }),
    }),
    ...(step.own?.['extra_content'] !== undefined && { extra_content: step.own['extra_content'] }),
  }
  return message as ChatCompletionMessageParam
}

const foreignCall = () => ({ google: { thought_signature: FOREIGN_SIGNATURE } })
