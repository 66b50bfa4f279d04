import { isAboutOutput } from './output.ts'
import type { ProviderError } from './provider-error.ts'

/**
 * Whether a refusal says that the prompt does not fit into the window of the model, in any provider's words: something that
 * has a length, and that it is too much. The codes and sentences below are hints; the rule is what counts.
 */
export function saysContextIsFull({ status, type = '', code = '', message }: Omit<ProviderError, 'resets'>): boolean {
  if (status === 413) return true
  if (status === 401 || status === 402 || status === 403 || status === 429) return false
  const words = `${type} ${code} ${message}`
  if (isAboutOutput(words)) return false
  if (HINTS.test(words)) return true
  return !ELSEWHERE.test(message) && MEASURES.some(pattern => pattern.test(words))
}

const HINTS = new RegExp(
  [
    'context_length_exceeded|exceed_context_size|request_too_large|context_window_exceeded|max_prompt_tokens', // OpenAI, llama.cpp, Anthropic, Copilot
    'tokens_limit_reached|content_length_exceeded|string_above_max_length', // GitHub, Azure, OpenAI
    'prompt is too long|exceeds? (the )?context (limit|size|length)|exceeds? the (available )?context', // Anthropic, llama.cpp, Ollama
    'maximum (context|prompt) length|context window|context length|model length', // OpenAI, OpenRouter, xAI, vLLM, MiniMax
    'input token count.*exceeds the maximum', // Google
    'context size has been exceeded|context overflow|tokens to keep from the initial prompt', // llama.cpp, LM Studio
    'too large for model|exceeded model token limit|input is too long|prompt too long|too many tokens', // Mistral, Kimi, Bedrock
    '(context|conversation|prompt|input)( token| length| window| size)? limit reached',
    'range of input length|expected max_?length:? ?\\d{4}|total tokens .{0,40}exceed|tokens\\W.{0,40}<= ?\\d', // DashScope, Bedrock, Qwen, TGI
    'max_tokens must be (at least 1|positive|greater than 0).{0,20}got -\\d', // vLLM: what is left for the answer
    '(上下文|输入|提示词?|prompt).{0,12}(过长|超长|超过|超出|太长)|(超过|超出).{0,12}(上下文|最大.{0,6}长度|token)', // Zhipu, Qwen, Baidu
  ].join('|'),
  'i',
)

const WHOLE =
  '(?:prompts?|inputs?|messages?|conversations?|history|requests?|context|payload|body|sequence|chat|transcript|query|content)'
const SIZE = '(?:tokens?|length|size|context|window|characters?|n_ctx|max_?seq_?len\\w*)'
const EXCESS =
  '(?:exceed\\w*|too (?:long|large|big|many|much)|(?:long|larg|bigg|great|high)er than|more than|over (?:the|its|our)|above|beyond|overflow\\w*|less than|fewer than|at most|no more than|only (?:(?:allows?|supports?|takes?|accepts?)[^.]{0,20})?\\d|max(?:imum)?\\b|limit(?:ed)?\\b(?! reached)|reduce|shorten|truncat\\w*|(?:does ?n.t|do not|does not|cannot|can ?not|will not|won.t) fit|must (?:have|be) (?:less|at most|under|below|within)|out of (?:range|bounds)|ran out of|not enough (?:room|space|context))'
const NEAR = '[^!?\\n]{0,80}?'

/** A size and too much of it, or the whole and too much of it. “Limit” and “maximum” alone say it of a size only. */
const STRICT = EXCESS.replace('|max(?:imum)?\\b|limit(?:ed)?\\b(?! reached)', '')
const PAIRS = [
  [SIZE, EXCESS],
  [EXCESS, SIZE],
  [WHOLE, STRICT],
  [STRICT, WHOLE],
]
const MEASURES = [
  ...PAIRS.map(pair => new RegExp(`(?:\\b|_)${pair.join(`(?:\\b|_)?${NEAR}(?:\\b|_)`)}`, 'i')),
  /(tokens?|length|prompt|input|n_ctx)[^.]{0,40}\d ?>=?[^.\d]{0,20}\d/i,
]

/** What else has a length or a limit: a part of the request that no summary makes shorter, or a rate. */
const ELSEWHERE =
  /\btools?\b(?! input)|function|schema|description|\bname\b|\bids?\b|_id\b|_key\b|images?\b|picture|video|audio|pixel|\bfiles?\b|stop[_ ]sequence|per (min|hour|day|second)|\b[TR]P[MD]\b|rate limit|quota|temperature|top_[pk]|logit|metadata|budget|thinking|reasoning|should be (a|an|one|greater|less|valid)\b|\beffort\b|timeout|concurren/i
