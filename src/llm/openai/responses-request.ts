import type {
  EasyInputMessage,
  FunctionTool,
  ResponseCreateParamsStreaming,
  ResponseInputContent,
  ResponseInputImage,
  ResponseInputItem,
} from 'openai/resources/responses/responses'
import { defined } from '../../base/defined.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Image, ModelRequest } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'
import { type Part, type Step, toSteps, type WireCall, writeSteps } from '../wire/conversation.ts'
import { wellFormed } from '../wire/well-formed.ts'
import { plainSchema } from './openai-request.ts'

/** What a reply consisted of, in order: reasoning as it came, the rest by reference. */
export type ResponseItem =
  | { type: 'reasoning'; item: Record<string, unknown> }
  | { type: 'message'; text: string; phase?: string }
  | { type: 'function_call'; tool_call_id: string }

/**
 * The body of `POST /responses`. Nothing is stored at the provider: the log is the only state, and reasoning travels encrypted.
 * The input comes last: a second request begins with the bytes of the first.
 */
export function responsesBody(
  endpoint: Endpoint,
  request: ModelRequest,
  refused: ReadonlySet<Unsupported>,
): ResponseCreateParamsStreaming {
  return defined<ResponseCreateParamsStreaming>({
    model: endpoint.model,
    stream: true,
    store: false,
    include: ['reasoning.encrypted_content'],
    reasoning: defined<NonNullable<ResponseCreateParamsStreaming['reasoning']>>({
      effort: refused.has('effort') ? undefined : request.effort,
      summary: refused.has('reasoning_summary') ? undefined : 'auto',
    }),
    max_output_tokens: request.max_output_tokens || undefined,
    prompt_cache_key: (!refused.has('prompt_cache_key') && request.session_id) || undefined,
    tools:
      request.tools.length > 0
        ? request.tools.map(
            ({ name, description, parameters }): FunctionTool => ({
              type: 'function',
              name,
              description,
              parameters: plainSchema(parameters),
              strict: false,
            }),
          )
        : undefined,
    instructions: request.system || undefined,
    input: writeSteps(toSteps(request.messages, endpoint, 'responses', refused), steps =>
      steps.flatMap(step => toItems(step, refused)),
    ),
  })
}

function toItems(step: Step, refused: ReadonlySet<Unsupported>): ResponseInputItem[] {
  if (step.role === 'user') return [{ role: 'user', content: step.parts.map(toContent) }]
  if (step.role === 'results')
    return step.results.map(({ id, content, is_error, images }) => ({
      type: 'function_call_output',
      call_id: id,
      output:
        images.length === 0
          ? errorText(content, is_error)
          : [{ type: 'input_text', text: errorText(content, is_error) }, ...images.map(imageContent)],
    }))
  const own = refused.has('reasoning_history') ? undefined : (step.own?.['items'] as ResponseItem[] | undefined)
  if (!own) return [...(step.text ? [assistantText(step.text)] : []), ...step.calls.map(toCall)]
  return own.flatMap((item): ResponseInputItem[] => {
    if (item.type === 'reasoning') return [item.item as unknown as ResponseInputItem]
    if (item.type === 'message') return item.text.trim() ? [assistantText(item.text, item.phase)] : []
    return step.calls.filter(call => call.tool_call_id === item.tool_call_id).map(toCall)
  })
}

/** This wire has no other way to say that a call failed. */
const errorText = (content: string, is_error: boolean): string =>
  is_error && !/^error/i.test(content) ? `Error: ${content}` : content

const assistantText = (text: string, phase?: string): ResponseInputItem =>
  defined<EasyInputMessage>({
    role: 'assistant',
    content: text,
    phase: (phase as EasyInputMessage['phase']) || undefined,
  })

const toCall = ({ id, name, params }: WireCall): ResponseInputItem => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: wellFormed(JSON.stringify(params)),
})

const toContent = (part: Part): ResponseInputContent =>
  'text' in part ? { type: 'input_text', text: part.text } : imageContent(part.image)

const imageContent = ({ media_type, data }: Image): ResponseInputImage => ({
  type: 'input_image',
  detail: 'auto',
  image_url: `data:${media_type};base64,${data}`,
})
