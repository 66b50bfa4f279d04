import { oneLine, SPACER, showControls } from './format.ts'

/** Text as Markdown that shows it as it is. Backslashes only where a mark would be taken for markup. */

const RULES: [RegExp, string][] = [
  [/&(?=#|[A-Za-z]+[0-9]*;|$)/g, '&amp;'],
  [/\\(?=[!-/:-@[-`{-~\n]|$)/g, '\\\\'],
  [/`/g, '\\`'],
  [/(?<=\S|^)\*|\*(?=\S|$)/g, '\\*'],
  [/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_'],
  [/~(?=~|$)|(?<=~)~|^~/g, '\\~'],
  [/\](?=[([:]|$)/g, '\\]'],
  [/!(?=\[|$)/g, '\\!'],
  [/<(?=[A-Za-z/!?]|$)/g, '&lt;'], // a backslash would become part of a URL before it
]

/** A piece of a paragraph; what may follow it is taken for the worst. */
export function escapeMarkdown(text: string): string {
  let safe = text
  for (const [pattern, replacement] of RULES) safe = safe.replace(pattern, replacement)
  return safe
}

const LINE_START = /^(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|>|=+\s*$|[-|:\s]*-[-|:\s]*$|~{3}|\|)/
const NUMBER = /^(\d{1,9})(?=[.)](?:\s|$))/

/** A line of a paragraph that starts no block: no heading, list, quote, fence, table or rule; not indented. */
export const guardLine = (line: string): string => {
  const text = line.trimStart()
  return LINE_START.test(text) ? `\\${text}` : text.replace(NUMBER, '$1\\')
}

export const guardLines = (text: string): string => text.split('\n').map(guardLine).join('\n')

/** Text within a line of ours. Nothing in it makes Emacs take a first line for file-local variables. */
export const markdownLine = (text: string): string =>
  escapeMarkdown(oneLine(text)).replace(/-(?=(?:\\)?\*-)/g, `-${SPACER}`)

/** Text of several lines, each paragraph guarded. */
export const markdownText = (text: string): string => guardLines(escapeMarkdown(showControls(text)))

/** A code span, fenced by more backticks than are inside. */
export function codeSpan(text: string): string {
  const code = oneLine(text)
  if (code === '') return ''
  const fence = '`'.repeat(longestRun(code) + 1)
  const padding = /^`|`$/.test(code) ? ' ' : ''
  return fence + padding + code + padding + fence
}

export function fence(lang: string, text: string): string {
  const body = showControls(text)
  const mark = '`'.repeat(Math.max(3, longestRun(body) + 1))
  return `${mark}${/^[\w+#.-]{1,30}$/.test(lang) ? lang : ''}\n${body}\n${mark}`
}

function longestRun(text: string): number {
  let longest = 0
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return longest
}

/** The whole file: Emacs finds file-local variables by searching near the end, in fences too. */
export const seal = (document: string): string => document.replace(/(local)( variables:)/gi, `$1${SPACER}$2`)
