import type { Effort } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { FOREIGN_SIGNATURE, plainSchema } from '../openai/openai-request.ts'
import type { Image, ModelRequest } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'
import { type Step, toSteps } from '../wire/conversation.ts'

/** What a reply consisted of, in order, each part with its signature. */
export type GeminiPart =
  | { text: string; thoughtSignature?: string }
  | { tool_call_id: string; thoughtSignature?: string }

/** The body of `POST /models/MODEL:streamGenerateContent` (ai.google.dev/api/generate-content). */
export function geminiBody(endpoint: Endpoint, request: ModelRequest, refused: ReadonlySet<Unsupported>) {
  const { effort, max_output_tokens, system, tools } = request
  return {
    ...(system && { systemInstruction: { parts: [{ text: system }] } }),
    ...(tools.length > 0 && {
      tools: [
        {
          functionDeclarations: tools.map(({ name, description, parameters }) => ({
            name,
            description,
            parametersJsonSchema: plainSchema(parameters),
          })),
        },
      ],
    }),
    generationConfig: {
      ...(max_output_tokens && { maxOutputTokens: max_output_tokens }),
      ...(!refused.has('thinking') && {
        thinkingConfig: {
          includeThoughts: true,
          ...(effort && !refused.has('effort') && levelOf(endpoint.model, effort)),
        },
      }),
    },
    contents: toSteps(request.messages, endpoint, 'gemini', refused).map(step => toContent(step, refused)),
  }
}

/** Levels since Gemini 3, budgets of tokens before. */
const levelOf = (model: string, effort: Effort) =>
  /gemini-[12]\b/.test(model)
    ? { thinkingBudget: BUDGETS[effort] }
    : { thinkingLevel: effort === 'none' ? 'minimal' : effort === 'max' ? 'high' : effort }
const BUDGETS = { none: 0, minimal: 512, low: 2_048, medium: 8_192, high: 24_576, xhigh: 24_576, max: 24_576 }

function toContent(step: Step, refused: ReadonlySet<Unsupported>) {
  if (step.role === 'user')
    return { role: 'user', parts: step.parts.map(part => ('text' in part ? part : inline(part.image))) }
  if (step.role === 'results')
    return {
      role: 'user',
      parts: step.results.flatMap(({ name, content, is_error, images }) => [
        { functionResponse: { name, response: is_error ? { error: content } : { output: content } } },
        ...images.map(inline),
      ]),
    }
  const calls = new Map(step.calls.map(({ tool_call_id, name, params: args }) => [tool_call_id, { name, args }]))
  const own = refused.has('reasoning_history') ? undefined : (step.own?.['parts'] as GeminiPart[] | undefined)
  if (own)
    return {
      role: 'model',
      parts: own.flatMap((part): object[] => {
        if (!('tool_call_id' in part)) return [part]
        const { tool_call_id, ...signed } = part
        return calls.has(tool_call_id) ? [{ functionCall: calls.get(tool_call_id), ...signed }] : []
      }),
    }
  return {
    role: 'model',
    parts: [
      ...(step.text ? [{ text: step.text }] : []),
      ...Array.from(calls.values(), (functionCall, index) => ({
        functionCall,
        ...(index === 0 && { thoughtSignature: FOREIGN_SIGNATURE }),
      })),
    ],
  }
}

const inline = ({ media_type, data }: Image) => ({ inlineData: { mimeType: media_type, data } })
