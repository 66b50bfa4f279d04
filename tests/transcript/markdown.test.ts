import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { marked, type Token } from 'marked'
import { cleanMarkdown, codeSpan, fence, markdownLine } from '../../src/transcript/markdown-text.ts'
import { hostileText } from '../org/fragments.ts'
import { everywhere, hostile } from '../org/hostile.ts'
import { renderMarkdown } from '../support/rendered.ts'

/** What another reader of Markdown finds. */
function find(markdown: string) {
  const found = { headings: [] as string[], html: [] as string[], images: [] as string[], links: [] as string[] }
  marked.walkTokens(marked.lexer(markdown), (token: Token) => {
    if (token.type === 'heading') found.headings.push(token['raw'].trim())
    if (token.type === 'html' || token.type === 'def') found.html.push(token['raw'])
    if (token.type === 'image') found.images.push(token['href'])
    if (token.type === 'link') found.links.push(token['href'])
  })
  return found
}
const SAFE_LINK = /^(?:https?:|mailto:|file:|[^:]*$)/i

function expectInert(markdown: string) {
  const { headings, html, images, links } = find(markdown)
  expect({ headings, html, images, links: links.filter(link => !SAFE_LINK.test(link)) }).toEqual({
    headings: [],
    html: [],
    images: [],
    links: [],
  })
}

const texts = hostile('/tmp/marker').map(text => [text] as const)

describe('the outline is ours', () => {
  test.each(texts)('%j', async text => {
    const { headings, html, images, links } = find(await renderMarkdown(everywhere(text)))
    expect(headings.map(heading => heading.replace(/(Tool Call|Agent Session -|Task|Assistant \().*/s, '$1'))).toEqual([
      '# Agent Session -',
      '## Conversation',
      '### User [20:27:06]',
      ...(text.trim() === '' ? [] : ['### Assistant [20:27:09]']),
      '#### Tool Call',
      '### Task',
      ...(text.trim() === '' ? [] : ['### Assistant (']),
      '#### Tool Call',
      '## Files Changed',
      '## Summary',
    ])
    expect(html).toEqual([])
    expect(images).toEqual([])
    expect(links.filter(link => !SAFE_LINK.test(link))).toEqual([])
  })

  test('any text', () => {
    fc.assert(
      fc.property(hostileText, text => {
        expectInert(cleanMarkdown(text))
        expectInert(`x ${markdownLine(text)}`)
      }),
      { numRuns: 1500 },
    )
  })
})

describe('messages keep their look', () => {
  test.each([
    ['# Title **x**', '**Title x**'],
    ['**a** *b* ~~c~~ `d`', '**a** *b* ~~c~~ `d`'],
    ['- a\n  - b\n\n1. c', '- a\n  - b\n\n1. c'],
    ['[a](https://b.c) [d](javascript:e)', '[a](<https://b.c>) d (javascript:e)'],
    ['![a](https://b.c)', '[a](<https://b.c>)'],
    ['<b>x</b> a < b', '&lt;b>x&lt;/b> a < b'],
    ['```ts\n# a\n```', '```ts\n# a\n```'],
    ['````\n```\n````', '````\n```\n````'],
    ['> a\n> # b', '> a\n>\n> **b**'],
    ['a\n===', '**a**'],
    ['snake_case 2 * 3 \\*x\\*', 'snake_case 2 * 3 \\*x\\*'],
    ['| a | b |\n|--|--|\n| `c` | d \\| e |', '| a | b |\n| --- | --- |\n| `c` | d \\| e |'],
  ])('%j', (markdown, expected) => {
    expect(cleanMarkdown(markdown)).toBe(expected)
  })

  test('code spans and fences outdo what is inside', () => {
    expect(codeSpan('a`b``c')).toBe('```a`b``c```')
    expect(codeSpan('`a`')).toBe('`` `a` ``')
    expect(fence('sh', '```\nx')).toBe('````sh\n```\nx\n````')
    expect(fence('"><script>', 'x')).toBe('```\nx\n```')
  })
})
