import { summing } from '../base/lists.ts'
import type { ModelMessage } from '../llm/provider.ts'

/**
 * The fewest tokens a text can have. Tokenizers split at these places before they merge anything, so each piece is at least
 * one token: words with what stands before them, runs of digits, runs of signs, breaks between lines. Spaces count nothing.
 */
const PIECES = /[^\s\p{L}\p{M}\p{N}]?[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]+/gu
const leastTokens = summing((message: ModelMessage) => textOf(message).match(PIECES)?.length ?? 0)

/** Templates may leave out this much of what they are given. */
const CERTAIN = 0.8
/** Half of the smallest window there is: who counts less counts only what was not cached. */
const FEWEST = 512
/** Short prompts fit anywhere. */
const SHORTEST = 1_500
/** A template adds some tokens to each message. */
const PER_MESSAGE = 64

/**
 * Whether a server cut the prompt without a word, as Ollama does: it then counts about half of its window, and so fewer tokens
 * than the text can possibly have. `counted` includes cached tokens, where the server reports them; 0 means that it does not
 * count. One that counts only what it had not cached (older Ollama) is not accused: what is new explains its count.
 */
export function looksCut(messages: readonly ModelMessage[], model: string, counted: number): boolean {
  const chars = lengthOf(messages)
  // A cheap look first: at four characters a token all is well.
  if (counted < FEWEST || counted > chars / 4 || chars < SHORTEST) return false
  const least = leastTokens(messages)
  if (least < SHORTEST || counted >= least * CERTAIN) return false
  const known = messages.findLastIndex(message => message.role === 'assistant' && message.model === model)
  if (known < 0) return true
  const fresh = messages.slice(known + 1)
  if (counted < leastTokens(fresh) * CERTAIN) return true
  const seesImages = fresh.some(message => message.role !== 'assistant' && message.images?.length)
  return !seesImages && counted > lengthOf(messages.slice(known)) + PER_MESSAGE * (fresh.length + 1)
}

/** The window that a server has which counted so many tokens of a prompt it cut: it fills half of it, and it is a power of two. */
export const windowBehind = (counted: number): number => Math.max(2_048, 2 ** Math.ceil(Math.log2(counted)))

const lengthOf = summing((message: ModelMessage) => textOf(message).length)

function textOf(message: ModelMessage): string {
  if (message.role === 'user') return message.text
  if (message.role === 'tool') return message.content
  const calls = message.tool_calls.map(call => `${call.tool} ${JSON.stringify(call.params)}`)
  return [message.text, ...calls].join('\n')
}
