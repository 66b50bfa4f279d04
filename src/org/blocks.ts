import type { Leaf } from '../markdown/leaves.ts'
import { orgBold, orgCellText, orgParagraph, type Place } from './inlines.ts'
import { orgBlock, orgText } from './text.ts'

/*
 * Org, written from what markdown/ reads: `convert` and `flow` take a text that is whole, or that grows; `writer` writes its
 * blocks, `blocks` and `inlines` what is in them; `text` makes any text inert.
 */

/** A block of Markdown that holds no others. Code has `:eval never`; headings become bold lines: the outline is ours. */
export function writeLeaf(leaf: Leaf, place: Place): string {
  switch (leaf.type) {
    case 'paragraph':
      return orgParagraph(leaf.text, place)
    case 'literal':
      return orgText(leaf.text)
    case 'heading':
      return leaf.text === '' ? '' : orgBold(leaf.text, place)
    case 'code':
      return codeBlock(leaf.lang, leaf.text)
    case 'table':
      return writeTable(leaf.head, leaf.rows, place)
    case 'rule':
      return '-----'
  }
}

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
