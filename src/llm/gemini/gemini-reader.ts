import * as v from 'valibot'
import type { StopReason } from '../../event.ts'
import type { Endpoint } from '../endpoint.ts'
import { fromStreamProblem, streamError } from '../errors.ts'
import type { ModelEvent } from '../provider.ts'
import { count, items, lenient, record, text } from '../wire/lenient.ts'
import { type Reader, ReplyBuilder } from '../wire/reader.ts'
import type { GeminiPart } from './gemini-request.ts'

const Part = v.object({
  text,
  thought: lenient(v.boolean()),
  thoughtSignature: text,
  functionCall: lenient(v.object({ id: text, name: text, args: lenient(record) })),
})
const Event = v.object({
  candidates: items(v.object({ index: count, finishReason: text, content: lenient(v.object({ parts: items(Part) })) })),
  promptFeedback: lenient(v.object({ blockReason: text })),
  usageMetadata: lenient(
    v.object({
      promptTokenCount: count,
      toolUsePromptTokenCount: count,
      candidatesTokenCount: count,
      thoughtsTokenCount: count,
      cachedContentTokenCount: count,
    }),
  ),
})
type Part = v.InferOutput<typeof Part>

/** Reads Google's own `streamGenerateContent`. Parts and their thought signatures are kept in order for the way back. */
export function geminiReader(endpoint: Endpoint): Reader {
  const answer = new ReplyBuilder()
  const parts: GeminiPart[] = []
  let finish: string | undefined

  function grow(part: Part): ModelEvent[] {
    const { thoughtSignature, functionCall } = part
    const signed = thoughtSignature ? { thoughtSignature } : {}
    if (functionCall) {
      const index = answer.calls.size
      const { id, name, args } = functionCall
      const drafts = answer.calls.add({ index, id, name, args: JSON.stringify(args ?? {}) })
      parts.push({ tool_call_id: answer.calls.idAt(index)!, ...signed })
      return drafts
    }
    if (part.thought) return answer.think(part.text ?? '')
    const last = parts.at(-1)
    if (last && 'text' in last && !last.thoughtSignature)
      parts[parts.length - 1] = { text: last.text + (part.text ?? ''), ...signed }
    else if (part.text || thoughtSignature) parts.push({ text: part.text ?? '', ...signed })
    return answer.say(part.text ?? '')
  }

  return {
    read(data) {
      const parsed = v.safeParse(Event, data)
      if (!parsed.success) return []
      const { candidates, promptFeedback, usageMetadata: usage } = parsed.output
      if (usage) {
        const cached = usage.cachedContentTokenCount ?? 0
        const prompt = (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0)
        answer.usage.input_tokens = Math.max(0, prompt - cached)
        answer.usage.cache_read_tokens = cached
        answer.usage.output_tokens = (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0)
      }
      const candidate = candidates.find(each => (each.index ?? 0) === 0)
      const events = candidate?.content?.parts.flatMap(grow) ?? []
      finish = candidate?.finishReason ?? (promptFeedback?.blockReason ? 'SAFETY' : finish)
      if (finish && FAILURES.has(finish))
        throw fromStreamProblem(endpoint, { error: { code: 500, message: finish.toLowerCase().replaceAll('_', ' ') } })
      return events
    },
    done() {}, // the connection closes behind the finish
    get finished() {
      return finish !== undefined
    },
    closed: false,
    reply() {
      if (finish === undefined) throw streamError(endpoint, 'was cut off before its end')
      if (answer.calls.nameless) throw streamError(endpoint, 'calls a tool without saying which')
      const native = parts.some(part => part.thoughtSignature)
      return answer.reply(STOPS[finish] ?? 'end_turn', endpoint.provider, 'gemini', native ? { parts } : {})
    },
    partial: () => answer.partial(),
  }
}

/** `STOP`, and whatever else there may come to be, is an end. */
const STOPS: Record<string, StopReason> = {
  MAX_TOKENS: 'max_tokens',
  SAFETY: 'refusal',
  RECITATION: 'refusal',
  LANGUAGE: 'refusal',
  BLOCKLIST: 'refusal',
  PROHIBITED_CONTENT: 'refusal',
  SPII: 'refusal',
}

/** The model made a call that Google could not read; asking again helps. */
const FAILURES = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'MALFORMED_RESPONSE',
  'TOO_MANY_TOOL_CALLS',
])
