import { type Block, type Item, MAX_MARKDOWN, parseMarkdown } from './blocks.ts'
import type { Links } from './inlines.ts'
import { cleanBold, cleanCell, cleanParagraph } from './markdown-inline.ts'
import { fence, markdownText } from './markdown-text.ts'

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
