/** A file that a text names as `@path`. `line` is 1-based. */
export type Reference = { written: string; line: number }

const TOKEN = /(?<![^\s(["'*_])@((?:\\ |[^\s`"'<>|])+)/g
const FENCE = /^ {0,3}(`{3,}|~{3,})/

/**
 * The `@path` words of a Markdown text, outside of code. What may be no path at all (`@someone`, `@scope/package`) is among
 * them: whether a file is there decides.
 */
export function referencesIn(text: string): Reference[] {
  const found: Reference[] = []
  for (const { line, number } of proseLines(text))
    for (const [, path = ''] of line.replace(/(`+)[^`].*?\1/g, code => ' '.repeat(code.length)).matchAll(TOKEN)) {
      const written = path.replaceAll('\\ ', ' ').replace(/[.,;:!?)\]}*_]+$/, '')
      if (written !== '') found.push({ written, line: number })
    }
  return found
}

/** The lines of a Markdown text that are in no fenced code, with their numbers from 1 on. */
export function* proseLines(text: string): Generator<{ line: string; number: number }> {
  let fence: string | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const mark = FENCE.exec(line)?.[1]
    if (fence === null) {
      if (mark) fence = mark
      else yield { line, number: index + 1 }
    } else if (mark && mark[0] === fence[0] && mark.length >= fence.length && line.trim() === mark) fence = null
  }
}

/**
 * The text without `<!-- comments -->` that stand outside of code. Their line ends stay, so that lines keep their numbers.
 * A comment without an end is text. Takes linear time.
 */
export function withoutComments(text: string): string {
  const last = text.lastIndexOf('-->')
  if (!text.includes('<!--')) return text
  const prose = new Set(Array.from(proseLines(text), ({ number }) => number))
  let kept = ''
  let from = 0
  let line = 1
  let ticks = 0
  for (let at = 0; at < last; at++) {
    const char = text[at]
    if (char === '\n') {
      line++
      ticks = 0
    } else if (char === '`') ticks++
    else if (char === '<' && ticks % 2 === 0 && prose.has(line) && text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at + 4)
      if (end === -1) break
      const ends = text.slice(at, end).replace(/[^\n]+/g, '')
      kept += text.slice(from, at) + ends
      line += ends.length
      from = end + 3
      at = from - 1
    }
  }
  return kept + text.slice(from)
}
