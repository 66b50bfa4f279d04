/**
 * How much of an answer a server gives at most, read out of its refusal of a request that asked for more. It is a limit of its
 * own: the window may be far from full.
 */

const OUTPUT =
  /max_?(completion_|output_|new_|gen_)?tokens|maxOutputTokens|maxTokens|num_predict|(completion|output|generation|response) (tokens|length|limit)|in the (completion|output)|maximum tokens you requested/i
const TOO_MUCH =
  /too (large|big|high|many|long|much)|at most|max(imum)?\b|exceed|less than|lower than|smaller than|<=|≤|>|up to|range|above|greater than|limit|cannot be (more|larger|higher)|reduce/i
/** What else takes room, when both together are too much. */
const INPUT = /inputs?\b|prompt|messages|text input|context/i
/** An answer of less is of no use; then it is the prompt that has to become shorter. */
const LEAST = 256

const namesOutput = (words: string): boolean => OUTPUT.test(words) && TOO_MUCH.test(words)

/** Whether these words refuse the size of the answer alone, and say nothing of the prompt. */
export const isAboutOutput = (words: string): boolean => namesOutput(words) && !INPUT.test(words)

/**
 * What to ask for instead of `asked` tokens: the number that the server names, what a window has left beside the prompt, else
 * half. Undefined when the words are about something else, or nothing useful is left.
 */
export function loweredOutput(words: string, asked: number | undefined): number | undefined {
  if (!asked || asked <= LEAST || !namesOutput(words)) return undefined
  const others = numbersIn(words).filter(number => number !== asked)
  const room = INPUT.test(words) ? roomBeside(others, asked) : undefined
  if (room !== undefined) return room >= LEAST ? room : undefined
  const limit = namedLimit(words, asked, LEAST)
  if (limit !== undefined) return limit
  return others.some(number => number > asked) && INPUT.test(words) ? undefined : Math.floor(asked / 2)
}

/** The most that a server says it gives: the largest number in its words that is less than what was asked. */
export function namedLimit(words: string, asked: number, least: number): number | undefined {
  const limit = Math.max(...numbersIn(words).filter(number => number >= least && number < asked))
  if (!Number.isFinite(limit)) return undefined
  return /exclusive|lower than|less than (?!or equal)|smaller than/i.test(words) ? limit - 1 : limit
}

const numbersIn = (words: string): number[] =>
  Array.from(words.matchAll(/(?<![\w.-])\d[\d,_]*(?![\w.]\d)/g), ([text]) => Number(text.replace(/[,_]/g, '')))

/** A window and a prompt among the numbers: with what was asked for, the prompt goes beyond the window. */
function roomBeside(numbers: number[], asked: number): number | undefined {
  const [window] = numbers
    .filter(window => numbers.some(prompt => prompt !== window && isFilled(window, prompt, asked)))
    .sort((a, b) => a - b)
  if (window === undefined) return undefined
  const prompts = numbers.filter(prompt => prompt !== window && isFilled(window, prompt, asked))
  // A sum beyond the window gives the best figure for the prompt, which may be reported in several parts.
  const sums = numbers.filter(sum => sum > window && sum - asked > 0 && sum - asked < window)
  const prompt = Math.max(...prompts, ...sums.map(sum => sum - asked))
  // A little less: the next count of the same prompt may differ.
  return Math.floor((window - prompt) * 0.95)
}

const isFilled = (window: number, prompt: number, asked: number): boolean =>
  window >= 1_024 && prompt < window && prompt >= 16 && prompt + asked > window && asked < window * 50
