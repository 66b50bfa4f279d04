import { oneLine, SPACER, showControls } from '../base/controls.ts'
import { fenced, ticksFor } from '../base/fence.ts'
import { type Block, type Item, MAX_MARKDOWN, parseMarkdown } from '../markdown/blocks.ts'
import { type Inline, type Links, parseInline, type Style, textOf } from '../markdown/inlines.ts'
import { readableTarget } from '../markdown/links.ts'

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
function escapeMarkdown(text: string): string {
  let safe = text
  for (const [pattern, replacement] of RULES) safe = safe.replace(pattern, replacement)
  return safe
}

const LINE_START = /^(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|>|=+\s*$|[-|:\s]*-[-|:\s]*$|~{3}|\|)/
const NUMBER = /^(\d{1,9})(?=[.)](?:\s|$))/

/** A line of a paragraph that starts no block: no heading, list, quote, fence, table or rule; not indented. */
const guardLine = (line: string): string => {
  const text = line.trimStart()
  return LINE_START.test(text) ? `\\${text}` : text.replace(NUMBER, '$1\\')
}

const guardLines = (text: string): string => text.split('\n').map(guardLine).join('\n')

/** Text within a line of ours. Nothing in it makes Emacs take a first line for file-local variables. */
export const markdownLine = (text: string): string =>
  escapeMarkdown(oneLine(text)).replace(/-(?=(?:\\)?\*-)/g, `-${SPACER}`)

/** Text of several lines, each paragraph guarded. */
const markdownText = (text: string): string => guardLines(escapeMarkdown(showControls(text)))

/** A code span, fenced by more backticks than are inside. */
export function codeSpan(text: string): string {
  const code = oneLine(text)
  if (code === '') return ''
  const ticks = ticksFor(code, 1)
  const padding = /^`|`$/.test(code) ? ' ' : ''
  return ticks + padding + code + padding + ticks
}

export const fence = (language: string, text: string): string => fenced(showControls(text), language)

/** Markdown with no heading, raw HTML or odd link in it: what models and users wrote, safe inside a document of ours. */
export function cleanMarkdown(markdown: string): string {
  if (markdown.length > MAX_MARKDOWN) return fence('', markdown)
  const { blocks, links } = parseMarkdown(markdown)
  return writeBlocks(blocks, links)
}

const writeBlocks = (blocks: readonly Block[], links: Links): string =>
  blocks
    .map(block => writeBlock(block, links))
    .filter(text => text !== '')
    .join('\n\n')

function writeBlock(block: Block, links: Links): string {
  switch (block.type) {
    case 'paragraph':
      return cleanParagraph(block.text, links)
    case 'literal':
      return markdownText(block.text)
    case 'heading':
      return cleanBold(block.text, links)
    case 'code':
      return fence(block.lang, block.text)
    case 'quote':
      return writeBlocks(block.blocks, links).replace(/^(?=(.?))/gm, (_, first: string) => (first ? '> ' : '>'))
    case 'list':
      return block.items
        .map((item, index) => writeItem(item, block.ordered ? `${block.start + index}. ` : '- ', links))
        .join(block.loose ? '\n\n' : '\n')
    case 'table':
      return writeTable([block.head, ...block.rows].map(row => row.map(cell => cleanCell(cell, links))))
    case 'rule':
      return '***'
  }
}

function writeItem(item: Item, marker: string, links: Links): string {
  const box = item.checked === undefined ? '' : item.checked ? '[x] ' : '[ ] '
  let body = ''
  for (const block of item.blocks) {
    const text = writeBlock(block, links)
    const near = block.type === 'list' && !/^-(?:\n|$)/.test(text) // a dash alone would underline a heading
    body += body === '' ? text : near ? `\n${text}` : `\n\n${text}`
  }
  return `${marker}${box}${body.replace(/\n(?=[^\n])/g, `\n${' '.repeat(marker.length)}`)}`.trimEnd()
}

function writeTable([head, ...rows]: string[][]): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  return [line(head!), `|${head!.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n')
}

/**
 * Inline Markdown written again from what was understood of it: HTML is text, images are links (nothing is fetched), and
 * links lead to http, https and files only.
 */
const cleanParagraph = (text: string, links: Links): string => guardLines(write(parseInline(showControls(text), links)))

/** The words of a heading as a bold line: the outline is ours. */
function cleanBold(text: string, links: Links): string {
  const words = write(
    parseInline(oneLine(text), links).filter(token => !('style' in token && token.style === 'strong')),
  )
  return words === '' ? '' : guardLines(`**${words}**`)
}

const cleanCell = (text: string, links: Links): string =>
  write(parseInline(oneLine(text), links))
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')

const MARK: Record<Style, string> = { strong: '**', em: '*', del: '~~' }

function write(tokens: readonly Inline[]): string {
  const parts: string[] = []
  const depth: Record<Style, number> = { strong: 0, em: 0, del: 0 }
  let literal = ''
  const flush = () => {
    parts.push(escapeMarkdown(literal))
    literal = ''
  }
  for (const token of tokens) {
    if (token.type === 'text' || token.type === 'formula') literal += token.text
    else if (token.type === 'link' && readableTarget(token.href) === undefined)
      literal += token.bare ? token.href : `${textOf(token.label)} (${oneLine(token.href)})`
    else {
      flush()
      if (token.type === 'code') parts.push(codeSpan(token.text))
      else if (token.type === 'break') parts.push('\\\n')
      else if (token.type === 'link') parts.push(writeLink(token))
      // a style within itself adds nothing, and could be nested without end
      else if (token.type === 'open' ? depth[token.style]++ === 0 : --depth[token.style] === 0)
        parts.push(MARK[token.style])
    }
  }
  flush()
  return parts.join('')
}

function writeLink(token: Extract<Inline, { type: 'link' }>): string {
  const label = token.bare ? escapeMarkdown(token.href) : write(unlinked(token.label)) || escapeMarkdown(token.href)
  return `[${label.replace(/\n/g, ' ')}](<${encodeTarget(token.href)}>)`
}

const unlinked = (tokens: readonly Inline[]): Inline[] =>
  tokens.map(token => (token.type === 'link' ? { type: 'text', text: textOf(token.label) } : token))

const encodeTarget = (href: string): string =>
  showControls(href.trim())
    .toWellFormed()
    .replace(/[\s<>\\"`]/g, char => encodeURIComponent(char))
