import { defined } from '../../base/defined.ts'
import type { Effort, Params } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { FOREIGN_SIGNATURE, plainSchema } from '../openai/openai-request.ts'
import type { Image, JsonSchema, ModelRequest } from '../provider.ts'
import type { Unsupported } from '../refusal.ts'
import { type Step, toSteps, writeSteps } from '../wire/conversation.ts'

/** What a reply consisted of, in order, each part with its signature. */
export type GeminiPart =
  | { text: string; thoughtSignature?: string }
  | { tool_call_id: string; thoughtSignature?: string }

/** As Google documents it; there is no SDK of theirs here. */
type GenerateContentRequest = {
  systemInstruction?: Content
  tools?: { functionDeclarations: { name: string; description: string; parametersJsonSchema: JsonSchema }[] }[]
  generationConfig: { maxOutputTokens?: number; thinkingConfig?: ThinkingConfig }
  contents: Content[]
}
type ThinkingConfig = { includeThoughts: boolean; thinkingBudget?: number; thinkingLevel?: string }
type Content = { role?: 'user' | 'model'; parts: ContentPart[] }
type ContentPart = { thoughtSignature?: string } & (
  | { text: string }
  | { inlineData: { mimeType: string; data: string } }
  | { functionCall: { name: string; args: Params } }
  | { functionResponse: { name: string; response: { error: string } | { output: string } } }
)

/** The body of `POST /models/MODEL:streamGenerateContent` (ai.google.dev/api/generate-content). */
export function geminiBody(
  endpoint: Endpoint,
  request: ModelRequest,
  refused: ReadonlySet<Unsupported>,
): GenerateContentRequest {
  const { effort, max_output_tokens, system, tools } = request
  const functionDeclarations = tools.map(({ name, description, parameters }) => ({
    name,
    description,
    parametersJsonSchema: plainSchema(parameters),
  }))
  return defined<GenerateContentRequest>({
    systemInstruction: system ? { parts: [{ text: system }] } : undefined,
    tools: tools.length > 0 ? [{ functionDeclarations }] : undefined,
    generationConfig: defined<GenerateContentRequest['generationConfig']>({
      maxOutputTokens: max_output_tokens || undefined,
      thinkingConfig: refused.has('thinking')
        ? undefined
        : { includeThoughts: true, ...(effort && !refused.has('effort') && levelOf(endpoint.model, effort)) },
    }),
    contents: writeSteps(toSteps(request.messages, endpoint, 'gemini', refused), steps =>
      steps.map(step => toContent(step, refused)),
    ),
  })
}

/** Levels since Gemini 3, budgets of tokens before. */
const levelOf = (model: string, effort: Effort): Partial<ThinkingConfig> =>
  /gemini-[12]\b/.test(model)
    ? { thinkingBudget: BUDGETS[effort] }
    : { thinkingLevel: effort === 'none' ? 'minimal' : effort === 'max' ? 'high' : effort }
const BUDGETS = { none: 0, minimal: 512, low: 2_048, medium: 8_192, high: 24_576, xhigh: 24_576, max: 24_576 }

function toContent(step: Step, refused: ReadonlySet<Unsupported>): Content {
  if (step.role === 'user')
    return { role: 'user', parts: step.parts.map(part => ('text' in part ? part : inline(part.image))) }
  if (step.role === 'results')
    return {
      role: 'user',
      parts: step.results.flatMap(({ name, content, is_error, images }): ContentPart[] => [
        { functionResponse: { name, response: is_error ? { error: content } : { output: content } } },
        ...images.map(inline),
      ]),
    }
  const calls = new Map(step.calls.map(({ tool_call_id, name, params: args }) => [tool_call_id, { name, args }]))
  const own = refused.has('reasoning_history') ? undefined : (step.own?.['parts'] as GeminiPart[] | undefined)
  if (own)
    return {
      role: 'model',
      parts: own.flatMap((part): ContentPart[] => {
        if (!('tool_call_id' in part)) return [part]
        const { tool_call_id, ...signed } = part
        const functionCall = calls.get(tool_call_id)
        return functionCall ? [{ functionCall, ...signed }] : []
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
