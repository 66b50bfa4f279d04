import type { ModelMessage, ModelRequest } from './provider.ts'

/**
 * What not every family takes in a history. The same history can be said in another shape, and mean the same: a system text in
 * front of the first message, a word between a result and what the user says next, an empty text where nothing was.
 */
export type Shape =
  | 'missing_reasoning'
  | 'system_role'
  | 'user_after_tool'
  | 'null_content'
  | 'empty_content'
  | 'unnamed_results'
  | 'call_ids'
  | 'content_parts'
  | 'cache_control'

const DENIED =
  /not|n't|only|unsupported|invalid|unknown|unexpected|unrecogni[sz]ed|cannot|must|no such|expected|allowed|forbidden/i
const NEEDED =
  /must|should|need|requir|missing|expect|absent|empty|null|none|not (be )?(found|provided|present|passed|set)|without/i
const FOREIGN = /signature|extra|not (permitted|allowed|supported)|unsupported|unknown|unrecogni[sz]ed|unexpected/i

/** Words that point to a shape: its subject, and what is said of it. The first whose change matters is tried first. */
const HINTS: [Shape, (words: string) => boolean][] = [
  ['cache_control', words => /cache[_ ]?(control|point)|prompt caching|ephemeral/i.test(words)],
  [
    'missing_reasoning',
    words => /reasoning|thinking/i.test(words) && NEEDED.test(words) && !FOREIGN.test(words) && !/budget/i.test(words),
  ],
  [
    'user_after_tool',
    words =>
      /alternat|consecutive|unexpected role|(after|follow\w*|preced\w*|between)[^.]{0,30}\b(tool|user|function)|(tool|user|function)\b[^.]{0,60}(after|follow|preced)|role order|order of (the )?(roles|messages)/i.test(
        words,
      ),
  ],
  [
    'system_role',
    words =>
      (/(?<!optional )system|developer/i.test(words) &&
        /role|message|prompt|instruction/i.test(words) &&
        DENIED.test(words)) ||
      /only[^.]{0,30}user[^.]{0,30}(assistant|model)/i.test(words),
  ],
  [
    'null_content',
    words =>
      /content|message/i.test(words) &&
      /string|null|none(type)?\b|nil\b|undefined|missing|required|must (be|have|contain)/i.test(words),
  ],
  [
    'empty_content',
    words =>
      /content|message|text/i.test(words) &&
      /empty|blank|non-?empty|at least (1|one)|min(imum)?[_ ]?length|whitespace/i.test(words),
  ],
  ['unnamed_results', words => /\bname\b/i.test(words) && /tool|function|messages?/i.test(words) && NEEDED.test(words)],
  [
    'call_ids',
    words =>
      /(tool|function)?[_ ]?call[_ ]?ids?\b|tool_use_id|\bids?\b/i.test(words) &&
      /length|too long|characters?|pattern|match|a-z|invalid|must be|format/i.test(words),
  ],
  [
    'content_parts',
    words =>
      /content|system|text/i.test(words) &&
      /string|str\b|list|array|sequence|blocks?|parts?/i.test(words) &&
      DENIED.test(words),
  ],
]

export const SHAPES: readonly Shape[] = HINTS.map(([shape]) => shape)

export const hintsAt = (shape: Shape, words: string): boolean =>
  HINTS.some(([each, says]) => each === shape && says(words))

/** Whether words are about the messages, and not about some parameter or tool. */
export const blamesHistory = (words: string): boolean =>
  /\b(messages?|roles?|conversation|history|assistant|jinja|chat[ _]?template|template|turns?)\b|contents?\[/i.test(
    words,
  ) && !/\btools?[.[]\d|description|input_schema|parameters?\b/i.test(words)

/** What of these shapes is the same on every wire; the rest is in the requests of each. */
export function reshape(request: ModelRequest, refused: ReadonlySet<string>): ModelRequest {
  let shaped = request
  if (refused.has('user_after_tool')) shaped = { ...shaped, messages: bridged(shaped.messages) }
  if (refused.has('system_role') && shaped.system) shaped = withoutSystem(shaped)
  return shaped
}

function withoutSystem({ system, messages, ...request }: ModelRequest): ModelRequest {
  const [first, ...others] = messages
  const isUser = first?.role === 'user'
  const opening: ModelMessage = isUser
    ? { ...first, text: `${system}\n\n${first.text}` }
    : { role: 'user', text: system }
  return { ...request, system: '', messages: isUser ? [opening, ...others] : [opening, ...messages] }
}

/** Stands for an answer where there was none: a turn that was interrupted or failed. */
export const NO_ANSWER = '(No answer.)'

function bridged(messages: readonly ModelMessage[]): ModelMessage[] {
  return messages.flatMap((message, i) => {
    const before = messages[i - 1]
    if (message.role !== 'user' || before?.role !== 'tool') return [message]
    return [{ role: 'assistant', text: NO_ANSWER, tool_calls: [], model: '' } satisfies ModelMessage, message]
  })
}
