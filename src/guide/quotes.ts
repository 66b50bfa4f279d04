/**
 * Quoted pieces of a prompt (fences, backticks, quotation marks) are literal: they are swapped for tokens before sentences
 * are split and matched, so that no word in them is taken for one of ours.
 */
export type Hidden = { text: string; pieces: Piece[] }
type Piece = { raw: string; value: string }

/** A token, as the source of a regular expression. Unicode sets these noncharacters aside for inner use: no text holds them. */
export const TOKEN = String.raw`\uFDD0\d+\uFDD1`

const QUOTED = new RegExp(
  [
    /(?<fence>`{3,})[^\n`]*\n(?<block>[\s\S]*?)\n?\k<fence>/, // without the name of its language
    /`(?<code>[^`\n]+)`/,
    /"(?<double>(?:[^"\\]|\\[\s\S])*)"/,
    /“(?<curly>[^“”]*)”/,
    /«(?<angle>[^«»]*)»/,
    /(?<=^|[\s(:=])'(?<single>[^'\n]*)'(?=$|[\s).,;:!?])/, // not the apostrophe of "don't"
  ]
    .map(part => part.source)
    .join('|'),
  'g',
)

export function hide(prompt: string): Hidden {
  const pieces: Piece[] = []
  const text = prompt.replace(/[\uFDD0\uFDD1]/g, '').replace(QUOTED, (raw, ...rest) => {
    const { block, code, double, curly, angle, single }: Record<string, string | undefined> = rest.at(-1)
    const value = block ?? code ?? double?.replaceAll('\\"', '"') ?? curly ?? angle ?? single ?? ''
    pieces.push({ raw, value })
    return `\uFDD0${pieces.length - 1}\uFDD1`
  })
  return { text, pieces }
}

const WHOLE = new RegExp(`^${TOKEN}$`)
const ALL = new RegExp(TOKEN, 'g')

export const isQuoted = (text: string): boolean => WHOLE.test(text)
/** Free text is quoted as a whole or not at all: `"a" and push` is two sentences. */
export const isFree = (text: string): boolean => isQuoted(text) || !text.startsWith('\uFDD0')

const pieceOf = (token: string, hidden: Hidden): Piece | undefined => hidden.pieces[Number(token.slice(1, -1))]

/** The text as it was written. */
export const restore = (text: string, hidden: Hidden): string =>
  text.replace(ALL, token => pieceOf(token, hidden)?.raw ?? '')

/** What is meant: the inside of a quotation, or the text itself. */
export const meant = (text: string, hidden: Hidden): string =>
  isQuoted(text) ? (pieceOf(text, hidden)?.value ?? '') : restore(text, hidden)

/** After these a quotation on the next line still belongs to the sentence. */
const LED = new RegExp(`(:|\\b(?:with|containing|contents?|text))[ \\t]*\\n\\s*(?=${TOKEN}[ \\t]*(?:\\n|$))`, 'gi')
const THEN = /[,;.]? (?:and )?then[,:]? /i

/** The steps of a prompt, each still with its tokens: lines, list items, and what "then" joins. */
export const splitSteps = (hidden: Hidden): string[] =>
  hidden.text
    .replace(LED, '$1 ')
    .split('\n')
    .map(line => line.trim().replace(/\s+/g, ' '))
    .map(line => line.replace(/^(?:[-*+•]|\d{1,3}[.)]) /, ''))
    .flatMap(line => line.split(THEN))
    .map(step => step.trim())
    .filter(Boolean)
