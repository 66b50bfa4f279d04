import { seal, showControls } from '../base/controls.ts'
import { linesOf, MAX_MARKDOWN, readFence, readLines, readTargets } from '../markdown/blocks.ts'
import { codeBlock } from './blocks.ts'
import { Settled } from './outputs.ts'
import { orgBlock, orgText } from './text.ts'
import { OrgWriter } from './writer.ts'

/**
 * Markdown as Org. Headings become bold lines, fences source or example blocks (`:eval never`), and nothing in the text can
 * be Org syntax of its own, or what Emacs takes for file-local variables. Relative paths in links start from `base`.
 * `tests/fixtures/markdown-org` holds the pairs that any other converter has to reproduce.
 */
export function convertToOrg(markdown: string, base?: string): string {
  if (markdown.length > MAX_MARKDOWN) return seal(orgBlock('EXAMPLE', markdown))
  const lines = linesOf(markdown)
  // The target of a label may come after it.
  const links = markdown.includes(']:') ? readTargets(lines) : new Map<string, string>()
  const org = new Settled()
  readLines(lines, { sink: new OrgWriter(org, { links, ...(base !== undefined && { base }) }), links })
  return org.slice(0)
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
  return seal(parts.join('\n'))
}
