import { proseLines } from './references.ts'

/** What a command comes to: its text, with the shell lines in it that are to be replaced by what they print. */
export type Segment = { kind: 'text'; text: string } | { kind: 'shell'; command: string }

/** A whole line `!command`, or `` !`command` `` within one; `![` begins an image. */
const LINE = /^ {0,3}!(?![[\s])(.*\S)\s*$/
const INLINE = /(?<=^|\s)!`([^`]+)`/g
const PLACEHOLDER = /\$(?:(ARGUMENTS)\b|([1-9])(?!\d))/g

/**
 * The body of a command with `$ARGUMENTS` and `$1` … `$9` filled in; a missing one is empty. Arguments for which it has no
 * place stand at its end. Which lines are commands is decided before anything is filled in: no argument becomes one.
 */
export function expand(body: string, given: string): Segment[] {
  const values = splitArguments(given)
  let used = false
  const fill = (text: string) =>
    text.replace(PLACEHOLDER, (_, all, index) => {
      used = true
      return all ? given : (values[Number(index) - 1] ?? '')
    })
  const prose = new Set(Array.from(proseLines(body), ({ number }) => number))
  const segments: Segment[] = []
  const add = (text: string) => {
    const last = segments.at(-1)
    if (last?.kind === 'text') last.text += text
    else if (text !== '') segments.push({ kind: 'text', text })
  }
  for (const [index, line] of body.split('\n').entries()) {
    if (index > 0) add('\n')
    const whole = prose.has(index + 1) ? LINE.exec(line)?.[1] : undefined
    if (whole !== undefined) {
      segments.push({ kind: 'shell', command: fill(whole.replace(/^`(.*)`$/, '$1')) })
      continue
    }
    let from = 0
    for (const match of prose.has(index + 1) ? line.matchAll(INLINE) : []) {
      add(fill(line.slice(from, match.index)))
      segments.push({ kind: 'shell', command: fill(match[1]!) })
      from = match.index + match[0].length
    }
    add(fill(line.slice(from)))
  }
  if (!used && given.trim() !== '') add(`\n\n${given.trim()}`)
  return segments
}

/** Words as a shell takes them apart: quotes hold them together, a backslash takes one character as it is. */
export function splitArguments(given: string): string[] {
  const words: string[] = []
  const WORD = /(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?|\\$)+/g
  for (const [word] of given.matchAll(WORD))
    words.push(
      word.replace(/"((?:[^"\\]|\\[\s\S])*)"?|'([^']*)'?|\\([\s\S])?/g, (_, double, single, escaped) =>
        double !== undefined ? double.replace(/\\(["\\$`])/g, '$1') : (single ?? escaped ?? ''),
      ),
    )
  return words
}
