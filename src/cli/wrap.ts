export type Paint = (text: string) => string
/** A part of a text that is shown in one way; `isBreak` ends the line. */
export type Piece = { text: string; paint: Paint; isBreak?: true }

/** The fewest columns that words are wrapped to: deep in lists and quotes the terminal wraps instead. */
const FEWEST = 20

/** Fills lines with words. A word that is longer than a line, such as an address, stays whole, so that it can be copied. */
export function wrap(pieces: readonly Piece[], columns: number): string[] {
  const most = Math.max(columns, FEWEST)
  const lines: string[] = []
  let line = ''
  let width = 0
  let gap = ''
  let word = ''
  let wordWidth = 0
  const endWord = () => {
    if (word === '') return
    if (width > 0 && width + gap.length + wordWidth > most) endLine()
    line += (width > 0 ? gap : '') + word
    width += (width > 0 ? gap.length : 0) + wordWidth
    word = ''
    wordWidth = 0
    gap = ''
  }
  const endLine = () => {
    lines.push(line)
    line = ''
    width = 0
    gap = ''
  }
  for (const { text, paint, isBreak } of pieces) {
    if (isBreak) {
      endWord()
      endLine()
      continue
    }
    for (const part of text.split(/([ \t\n]+)/)) {
      if (part === '') continue
      if (/^[ \t\n]/.test(part)) {
        endWord()
        gap = ' '
      } else {
        word += paint(part)
        wordWidth += widthOf(part)
      }
    }
  }
  endWord()
  endLine()
  return lines
}

/** The lines, the first after `first` and the others after `rest`. */
export const hang = (lines: readonly string[], first: string, rest: string): string[] =>
  lines.map((line, i) => (i === 0 ? first : rest) + line)

/** Columns that a terminal gives to a text, colours not counted: two for East Asian wide characters and most emoji. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text.replace(COLOURS, '')) {
    if (/\p{M}/u.test(character)) continue
    width += WIDE.test(character) ? 2 : 1
  }
  return width
}

const COLOURS = /\x1b\[\d+m/g
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u
