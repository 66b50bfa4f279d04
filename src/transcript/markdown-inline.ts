import { oneLine, showControls } from './format.ts'
import { type Inline, type Links, parseInline, type Style, textOf } from './inlines.ts'
import { codeSpan, escapeMarkdown, guardLines } from './markdown-text.ts'
import { readableTarget } from './targets.ts'

/**
 * Inline Markdown written again from what was understood of it: HTML is text, images are links (nothing is fetched), and
 * links lead to http, https and files only.
 */
export const cleanParagraph = (text: string, links: Links): string =>
  guardLines(write(parseInline(showControls(text), links)))

/** The words of a heading as a bold line: the outline is ours. */
export function cleanBold(text: string, links: Links): string {
  const words = write(
    parseInline(oneLine(text), links).filter(token => !('style' in token && token.style === 'strong')),
  )
  return words === '' ? '' : guardLines(`**${words}**`)
}

export const cleanCell = (text: string, links: Links): string =>
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
    if (token.type === 'text') literal += token.text
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
