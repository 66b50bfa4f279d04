import { SPACER, showControls } from '../base/controls.ts'
import { type Block, type Item, MAX_MARKDOWN, parseMarkdown, readFence } from '../markdown/blocks.ts'
import { orgBold, orgCellText, orgParagraph, type Place } from './inlines.ts'
import { orgBlock, orgText } from './text.ts'

/*
 * Org, written from what markdown/ read: `blocks` and `inlines`; `text` makes any text inert.
 */

/**
 * Markdown as Org. Headings become bold lines, fences source or example blocks (`:eval never`), and nothing in the text can
 * be Org syntax of its own. `tests/fixtures/markdown-org` holds the pairs that any other converter has to reproduce.
 */
export function convertToOrg(markdown: string, base?: string): string {
  if (markdown.length > MAX_MARKDOWN) return orgBlock('EXAMPLE', markdown)
  const { blocks, links } = parseMarkdown(markdown)
  return writeBlocks(blocks, { links, ...(base === undefined ? {} : { base }) })
}

/** A prompt as it was typed: only its fences become blocks. */
export function promptToOrg(text: string): string {
  const lines = showControls(text).split('\n')
  const parts: string[] = []
  let start = 0
  let at = 0
  while (at < lines.length) {
    const fence = readFence(lines, at)
    if (fence?.block.type === 'code' && fence.next <= lines.length) {
      if (at > start) parts.push(orgText(lines.slice(start, at).join('\n')))
      parts.push(codeBlock(fence.block.lang, fence.block.text))
      start = fence.next
    }
    at = fence ? fence.next : at + 1
  }
  if (start < lines.length) parts.push(orgText(lines.slice(start).join('\n')))
  return parts.join('\n')
}

export const writeBlocks = (blocks: readonly Block[], place: Place): string =>
  blocks
    .map(block => writeBlock(block, place))
    .filter(text => text !== '')
    .join('\n\n')

export function writeBlock(block: Block, place: Place): string {
  switch (block.type) {
    case 'paragraph':
      return orgParagraph(block.text, place)
    case 'literal':
      return orgText(block.text)
    case 'heading':
      return block.text === '' ? '' : orgBold(block.text, place)
    case 'code':
      return codeBlock(block.lang, block.text)
    case 'quote':
      return `#+BEGIN_QUOTE\n${writeBlocks(block.blocks, place)}\n#+END_QUOTE`
    case 'list':
      return block.items
        .map((item, index) => writeItem(item, block.ordered ? block.start + index : undefined, index === 0, place))
        .join(block.loose ? '\n\n' : '\n')
    case 'table':
      return writeTable(block.head, block.rows, place)
    case 'rule':
      return '-----'
  }
}

/** `[@5]` tells Org that a list starts at 5. */
function writeItem(item: Item, number: number | undefined, first: boolean, place: Place): string {
  const bullet = number === undefined ? '-' : `${number}.`
  const start = first && number !== undefined && number !== 1 ? ` [@${number}]` : ''
  const box = item.checked === undefined ? '' : item.checked ? ' [X]' : ' [ ]'
  let body = ''
  for (const block of item.blocks) {
    const text = writeBlock(block, place)
    if (body === '') body = block.type === 'paragraph' || block.type === 'heading' ? ` ${text}` : `\n${text}`
    else body += block.type === 'list' ? `\n${text}` : `\n\n${text}`
  }
  const tagless = body.replace(/^[^\n]*/, line => line.replace(/([ \t]:)(?=:(?:[ \t]|$))/g, `$1${SPACER}`))
  return `${bullet}${start}${box}${indent(tagless, ' '.repeat(bullet.length + 1))}`
}

const indent = (text: string, by: string): string => text.replace(/\n(?=[^\n])/g, `\n${by}`)

function writeTable(head: readonly string[], rows: readonly (readonly string[])[], place: Place): string {
  const cells = [head, ...rows].map(row => row.map(cell => orgCellText(cell, place)))
  return formatTable(cells)
}

/** Rows of finished cells under a head; columns padded up to 40 characters, so that the file reads well unaligned too. */
export function formatTable([head, ...rows]: readonly (readonly string[])[]): string {
  if (!head) return ''
  const widths = head.map((_, column) =>
    Math.min(40, Math.max(1, ...[head, ...rows.slice(0, 1000)].map(row => widthOf(row[column] ?? '')))),
  )
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => pad(row[column] ?? '', width)).join(' | ')} |`
  const rule = `|${widths.map(width => '-'.repeat(width + 2)).join('+')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const widthOf = (text: string): number => text.replace(/[\u200b\u2060\p{M}]/gu, '').length
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

/**
 * Languages that may head a source block, as Org calls them. Emacs calls `<language>-mode` to colour a block, for any name
 * that has such a function: only harmless ones are let through, the rest become example blocks.
 */
const LANGUAGES: Record<string, string> = Object.fromEntries(
  [
    'awk c clojure css diff elixir erlang go graphql haskell html java json kotlin lua makefile nix ocaml perl php',
    'python r ruby rust scala scheme sql swift terraform toml typescript xml yaml zig',
  ].flatMap(line => line.split(' ').map(name => [name, name])),
)
Object.assign(LANGUAGES, {
  bash: 'sh',
  cs: 'csharp',
  csharp: 'csharp',
  'c++': 'C++',
  cpp: 'C++',
  docker: 'dockerfile',
  dockerfile: 'dockerfile',
  elisp: 'emacs-lisp',
  'emacs-lisp': 'emacs-lisp',
  golang: 'go',
  javascript: 'js',
  js: 'js',
  jsx: 'js',
  jsonc: 'json',
  lisp: 'lisp',
  make: 'makefile',
  mjs: 'js',
  patch: 'diff',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'sh',
  shell: 'sh',
  ts: 'typescript',
  tsx: 'typescript',
  yml: 'yaml',
  zsh: 'sh',
})

export const codeBlock = (lang: string, text: string): string => orgBlock(codeOpening(lang), text)

/** What `#+BEGIN_` of a block of code in `lang` goes on with. */
export function codeOpening(lang: string): string {
  const name = lang.toLowerCase()
  return Object.hasOwn(LANGUAGES, name) ? `SRC ${LANGUAGES[name]!} :eval never` : 'EXAMPLE'
}
